// Steps about refusals by socket, and about what ends (section 5).

import { deepStrictEqual } from 'node:assert/strict';

import { Key, randomText } from './signing.mjs';
import { accepted, answered, denied, envelope, envelopes, isOk, refused, WINDOW } from './world.mjs';

const QUOTA = 128;
const UNKNOWN = 'A'.repeat(24);

export const endSteps = {
  'be refused by socket with a wrong key': async (world) => {
    const queue = await world.queue();
    const socket = await world.socket();
    const stranger = { ...queue, recipient: new Key(), sender: new Key() };
    const unsigned = { ...queue, sender: undefined };
    for (const who of [stranger, unsigned]) denied('unauthorized', await socket.attach(who));
    denied('unauthorized', await socket.subscribe(stranger));
    denied('unauthorized', await socket.delete(queue, randomText(12)));
    denied('unauthorized', ...(await socket.send(queue, envelope('not attached'))));
  },

  'be over quota, then ready': async (world) => {
    const queue = await world.queue();
    const alice = await world.attached(queue, { binary: true });
    const answers = await alice.send(queue, ...envelopes(QUOTA + 1));
    accepted(...answers.filter(({ ok }) => ok));
    deepStrictEqual(answers.filter(({ ok }) => ok).length, QUOTA);
    denied('quota', ...answers.filter(({ ok }) => !ok));
    answered(await world.rest.send(queue, envelope('too many')), 429, 'Quota');
    denied('quota', ...(await alice.send(queue, envelope('too many'))));
    const { body } = await world.rest.list(queue);
    for (const { id } of body.messages.slice(0, 2)) isOk(await world.rest.delete(queue, id));
    deepStrictEqual(await alice.hear(), { type: 'ready', senderURI: queue.senderURI });
    deepStrictEqual(await alice.rest(), [], 'ready comes once');
    accepted(...(await alice.send(queue, envelope('now'))));
  },

  'be told which object is invalid': async (world) => {
    const queue = await world.queue();
    const alice = await world.attached(queue);
    const { senderURI, recipientURI } = queue;
    const invalid = (error, id) => ({ type: 'invalid', ...(id && { id }), error });
    alice.say(
      { id: 'size', type: 'send', senderURI, msg: Buffer.alloc(5) },
      { id: 'good', type: 'send', senderURI, msg: envelope('good') },
      { id: 'type', type: 'unknown' },
      { id: 'more', type: 'unsubscribe', recipientURI, more: true },
      { id: 'less', type: 'unsubscribe' },
      { id: '', type: 'unsubscribe', recipientURI },
    );
    const heard = [];
    while (heard.length < 6) heard.push(await alice.hear());
    const { [heard.findIndex(({ id }) => id === 'good')]: good } = heard;
    accepted(good);
    deepStrictEqual(heard.filter((object) => object !== good), [
      invalid('/msg', 'size'),
      invalid('/type', 'type'),
      invalid('/more', 'more'),
      invalid('/recipientURI', 'less'),
      invalid('/id'),
    ]);
    alice.say(...Array(257).fill({ id: 'many', type: 'unsubscribe', recipientURI }));
    deepStrictEqual(await alice.hear(), invalid(''));
  },

  'end a subscription by a second one': async (world) => {
    const queue = await world.queue();
    const first = await world.subscribed(queue);
    const second = await world.subscribed(queue);
    deepStrictEqual(await first.hear(), { type: 'end', recipientURI: queue.recipientURI });
    isOk(await world.rest.send(queue, envelope('for the second')));
    const { message } = await second.hear('message');
    accepted(await first.delete(queue, message.id));
    deepStrictEqual((await world.rest.list(queue)).body, { messages: [] });
  },

  unsubscribe: async (world) => {
    const queue = await world.queue();
    const bob = await world.subscribed(queue);
    accepted(await bob.unsubscribe(queue));
    isOk(await world.rest.send(queue, envelope('nobody listens')));
    denied('unauthorized', await bob.delete(queue, randomText(12)));
  },

  'delete the queue, and find it gone': async (world) => {
    const queue = await world.queue();
    const bob = await world.subscribed(queue);
    const alice = await world.attached(queue);
    isOk(await world.rest.remove(queue));
    deepStrictEqual(await bob.hear(), { type: 'end', recipientURI: queue.recipientURI });
    denied('unauthorized', ...(await alice.send(queue, envelope('too late'))));
    denied('unauthorized', await alice.attach(queue));
    denied('unauthorized', await bob.subscribe(queue));
    accepted(await bob.delete(queue, randomText(12)), await bob.unsubscribe(queue));
    const unknown = { ...queue, recipientURI: queue.recipientURI.replace(/[^/]*$/, UNKNOWN) };
    for (const gone of [queue, unknown]) {
      refused(await world.rest.list(gone));
      refused(await world.rest.get(gone, randomText(12)));
      refused(await world.rest.remove(gone));
      refused(await world.rest.secure(gone, queue.sender));
    }
    refused(await world.rest.send(queue, envelope('too late')));
  },
};
