// Steps by socket (section 5).

import { deepStrictEqual, rejects } from 'node:assert/strict';

import { base64, Key, randomText } from './signing.mjs';
import { Socket } from './socket.mjs';
import { accepted, denied, envelope, envelopes, holds, isOk, refused, SIZE, WINDOW } from './world.mjs';

/** Takes the next pushes, which hold these messages, and returns their ids. */
async function pushed(socket, queue, messages) {
  const ids = [];
  for (const message of messages) {
    const push = await socket.hear();
    deepStrictEqual([push.type, push.recipientURI], ['message', queue.recipientURI]);
    holds(push.message, message);
    ids.push(push.message.id);
  }
  return ids;
}

export const socketSteps = {
  'verify the fingerprint': async (world) => {
    const other = { ...world.address, fingerprint: 'A'.repeat(22) };
    await rejects(Socket.open(other), /another relay|not that of the relay/);
    await world.socket();
  },

  'subscribe: the backlog, then what comes': async (world) => {
    const queue = await world.queue();
    const sent = envelopes(3);
    for (const message of sent) isOk(await world.rest.send(queue, message));
    const bob = await world.subscribed(queue);
    await pushed(bob, queue, sent);
    isOk(await world.rest.send(queue, envelope('live')));
    const live = await pushed(bob, queue, [envelope('live')]);
    accepted(await bob.subscribe(queue));
    const again = await pushed(bob, queue, [...sent, envelope('live')]);
    deepStrictEqual(again[3], live[0]);
  },

  'attach to an open queue until it is secured': async (world) => {
    const queue = await world.openQueue();
    const signed = await world.socket();
    denied('unauthorized', await signed.attach({ ...queue, sender: new Key() }));
    const alice = await world.attached(queue);
    accepted(...(await alice.send(queue, envelope('unsigned'))));
    isOk(await world.rest.secure(queue, new Key()));
    denied('unauthorized', ...(await alice.send(queue, envelope('late'))), await alice.attach(queue));
    await pushed(await world.subscribed(queue), queue, [envelope('unsigned')]);
  },

  ...inBoth('send one', async (world, queue, alice, bob) => {
    accepted(...(await alice.send(queue, envelope('one'))));
    await pushed(bob, queue, [envelope('one')]);
  }),

  ...inBoth('send a batch', async (world, queue, alice, bob) => {
    accepted(...(await alice.send(queue, ...envelopes(20))));
    await pushed(bob, queue, envelopes(20));
  }),

  'speak JSON and MessagePack in turns': async (world) => {
    const queue = await world.queue();
    const alice = await world.attached(queue);
    const bob = await world.subscribed(queue);
    for (const binary of [true, false, true]) {
      alice.binary = binary;
      bob.binary = !binary;
      accepted(...(await alice.send(queue, envelope('turn'))), await bob.delete(queue, randomText(12)));
      // This push may have left before the relay heard the other encoding; the next one has not.
      await bob.hear('message');
      await bob.rest();
      accepted(...(await alice.send(queue, envelope('next'))));
      await pushed(bob, queue, [envelope('next')]);
    }
  },

  'repeat a send': async (world) => {
    const queue = await world.queue();
    const [first, second] = [await world.attached(queue), await world.attached(queue, { binary: true })];
    const bob = await world.subscribed(queue);
    const { senderURI } = queue;
    const once = { id: randomText(12), type: 'send', senderURI, msg: envelope('once') };
    accepted(await first.ask(once), await first.ask(once), await second.ask(once));
    accepted(await second.ask({ ...once, msg: envelope('another') }));
    await pushed(bob, queue, [envelope('once'), envelope('another')]);
  },

  'fetch what is long': async (world) => {
    const queue = await world.queue();
    const bob = await world.subscribed(queue);
    const alice = await world.attached(queue, { binary: true });
    const messages = [envelope('long', SIZE.L), envelope('not', SIZE.M), envelope('longest', SIZE.XXL)];
    accepted(...(await alice.send(queue, ...messages)));
    const ids = await pushed(bob, queue, messages);
    for (const [i, id] of ids.entries()) {
      const { status, body } = await world.rest.get(queue, id);
      deepStrictEqual([status, body.msg], [200, base64(messages[i])]);
    }
  },

  'delete messages, and the window moves on': async (world) => {
    const queue = await world.queue();
    const alice = await world.attached(queue);
    const bob = await world.subscribed(queue);
    const sent = envelopes(WINDOW + 2);
    accepted(...(await alice.send(queue, ...sent)));
    const ids = await pushed(bob, queue, sent.slice(0, WINDOW));
    deepStrictEqual(await bob.rest(), []);
    accepted(await bob.delete(queue, ids[0]));
    ids.push(...(await pushed(bob, queue, sent.slice(WINDOW, WINDOW + 1))));
    isOk(await world.rest.delete(queue, ids[1]));
    ids.push(...(await pushed(bob, queue, sent.slice(WINDOW + 1))));
    for (const id of ids) accepted(await bob.delete(queue, id));
    const { body } = await world.rest.list(queue);
    deepStrictEqual(body, { messages: [] });
  },
};

/** Returns a step for each encoding, for a sender and a recipient who are there. */
function inBoth(name, step) {
  const one = (binary) => async (world) => {
    const queue = await world.queue();
    const alice = await world.attached(queue, { binary });
    await step(world, queue, alice, await world.subscribed(queue, { binary }));
  };
  return { [`${name} in JSON`]: one(false), [`${name} in MessagePack`]: one(true) };
}
