// Steps by REST (sections 3 and 4).

import { deepStrictEqual, match, ok, rejects } from 'node:assert/strict';

import { Rest } from './rest.mjs';
import { base64, Key, moment, randomText } from './signing.mjs';
import { Socket } from './socket.mjs';
import { answered, envelope, envelopes, holds, isOk, PAGE, refused, SIZE } from './world.mjs';

const baseOf = (uri) => uri.replace(/\/[^/]*$/, '');
const listed = ({ msg, ...rest }) => (msg ? { ...rest, msg: Buffer.from(msg, 'base64') } : rest);

/** Returns the messages of one page as they were sent, and the id with which the next begins. */
async function page(world, queue, from) {
  const answer = await world.rest.list(queue, from);
  const { messages, ...more } = answer.body;
  answered(answer, 200, answer.body);
  return { messages: messages.map(listed), ...more };
}

export const restSteps = {
  'create a queue': async (world) => {
    const { recipientURI, senderURI } = await world.openQueue();
    for (const uri of [recipientURI, senderURI]) match(uri, /\/[\w-]{24}$/);
    const base = baseOf(recipientURI);
    deepStrictEqual(baseOf(senderURI), base);
    // A token, if there is one, is in the create URI only.
    const { create } = world.address;
    ok(create === base || baseOf(create) === base, `${base} is not of ${create}`);
  },

  'show a wrong token': async (world) => {
    const base = baseOf((await world.openQueue()).recipientURI);
    const address = { ...world.address, create: `${base}/wrong` };
    refused(await new Rest(address).create(new Key()));
    await rejects(Socket.open(address), /status 401/);
    await (await Socket.open({ ...world.address, create: base })).close();
  },

  'send unsigned while the queue is open': async (world) => {
    const queue = await world.openQueue();
    const messages = envelopes(16);
    for (const message of messages) isOk(await world.rest.send(queue, message));
    answered(await world.rest.send(queue, envelope('one too many')), 429, 'Quota');
    refused(await world.rest.send({ ...queue, sender: new Key() }, envelope('signed')));
    const { messages: found, ...more } = await page(world, queue);
    deepStrictEqual(more, {});
    found.forEach((message, i) => holds(message, messages[i]));
    deepStrictEqual(found.length, 16);
  },

  'secure the queue': async (world) => {
    const queue = await world.openQueue();
    const sender = new Key();
    isOk(await world.rest.secure(queue, sender));
    isOk(await world.rest.secure(queue, sender));
    refused(await world.rest.secure(queue, new Key()));
    refused(await world.rest.send(queue, envelope('unsigned')));
  },

  'send signed': async (world) => {
    const queue = await world.queue();
    isOk(await world.rest.send(queue, envelope('signed')));
    holds((await page(world, queue)).messages[0], envelope('signed'));
  },

  'repeat a request': async (world) => {
    const queue = await world.queue();
    const at = moment();
    for (let times = 0; times < 3; times++) isOk(await world.rest.send(queue, envelope('once'), at));
    isOk(await world.rest.send(queue, envelope('another'), at));
    isOk(await world.rest.send(queue, envelope('once')));
    deepStrictEqual((await page(world, queue)).messages.length, 3);
  },

  'list in pages': async (world) => {
    const queue = await world.queue();
    const sent = envelopes(PAGE + 2);
    for (const message of sent) isOk(await world.rest.send(queue, message));
    const first = await page(world, queue);
    deepStrictEqual(first.messages.length, PAGE);
    const second = await page(world, queue, first.nextMessageID);
    deepStrictEqual(second.messages[0].id, first.nextMessageID);
    deepStrictEqual('nextMessageID' in second, false);
    const found = [...first.messages, ...second.messages];
    sent.forEach((message, i) => holds(found[i], message));
    deepStrictEqual(await page(world, queue, randomText(12)), first);
  },

  'get a message': async (world) => {
    const queue = await world.queue();
    for (const size of Object.values(SIZE)) isOk(await world.rest.send(queue, envelope('sized', size)));
    const { messages } = await page(world, queue);
    for (const [i, size] of Object.values(SIZE).entries()) {
      const message = envelope('sized', size);
      holds(messages[i], message);
      const { id, ts } = messages[i];
      answered(await world.rest.get(queue, id), 200, { id, ts, size, msg: base64(message) });
    }
  },

  'delete a message': async (world) => {
    const queue = await world.queue();
    for (const message of envelopes(3)) isOk(await world.rest.send(queue, message));
    const { messages } = await page(world, queue);
    isOk(await world.rest.delete(queue, messages[1].id));
    isOk(await world.rest.delete(queue, messages[1].id));
    refused(await world.rest.get(queue, messages[1].id));
    deepStrictEqual(await page(world, queue), { messages: [messages[0], messages[2]] });
  },

  'be refused with a wrong key, time or role': async (world) => {
    const queue = await world.queue();
    const stranger = { ...queue, recipient: new Key(), sender: new Key() };
    const swapped = { ...queue, recipientURI: queue.senderURI, recipient: queue.sender };
    const late = { ...moment(), ts: moment().ts - 310 };
    refused(await world.rest.send(stranger, envelope('wrong key')));
    refused(await world.rest.send(queue, envelope('too old'), late));
    refused(await world.rest.create(new Key(), { recipient: base64(new Key().public) }));
    for (const who of [stranger, swapped]) {
      refused(await world.rest.list(who));
      refused(await world.rest.remove(who));
    }
    deepStrictEqual(await page(world, queue), { messages: [] });
  },

  'be told what is invalid': async (world) => {
    const queue = await world.queue();
    const key = new Key();
    answered(await world.rest.send(queue, Buffer.alloc(SIZE.S + 1)), 400, { error: '/msg' });
    answered(await world.rest.create(key, {}), 400, { error: '/recipient' });
    answered(await world.rest.create(key, []), 400, { error: '' });
    const more = { recipient: base64(key.public), more: 1 };
    answered(await world.rest.create(key, more), 400, { error: '/more' });
    const nowhere = `${queue.recipientURI}/else`;
    answered(await world.rest.ask('GET', nowhere, queue.recipient), 404, 'Not Found');
  },
};
