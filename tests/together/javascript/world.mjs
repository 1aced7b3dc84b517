// What every step needs: one relay, queues of its own, and judgements that say what was expected.

import { deepStrictEqual, ok } from 'node:assert/strict';

import { Rest } from './rest.mjs';
import { Key } from './signing.mjs';
import { Socket } from './socket.mjs';

export const SIZE = { S: 4608, M: 15360, L: 49152, XL: 196608, XXL: 786432 };
export const WINDOW = 32;
export const PAGE = 32;

/** Returns an envelope that is told from others by its text. */
export function envelope(text, size = SIZE.S) {
  const bytes = Buffer.alloc(size);
  bytes.write(text);
  return bytes;
}

/** Returns this many different envelopes. */
export const envelopes = (count) => Array.from({ length: count }, (_, i) => envelope(`message ${i}`));

export class World {
  #sockets = [];

  constructor(address) {
    this.address = address;
    this.rest = new Rest(address);
  }

  async openQueue() {
    const recipient = new Key();
    const { status, body } = await this.rest.create(recipient);
    deepStrictEqual(status, 201);
    return { ...body, recipient };
  }

  async queue() {
    const queue = { ...(await this.openQueue()), sender: new Key() };
    isOk(await this.rest.secure(queue, queue.sender));
    return queue;
  }

  async socket({ binary = false } = {}) {
    const socket = await Socket.open(this.address);
    socket.binary = binary;
    this.#sockets.push(socket);
    return socket;
  }

  async subscribed(queue, options) {
    const socket = await this.socket(options);
    accepted(await socket.subscribe(queue));
    return socket;
  }

  async attached(queue, options) {
    const socket = await this.socket(options);
    accepted(await socket.attach(queue));
    return socket;
  }

  /** Ends the sockets of a step; nothing that nobody expected may have come. */
  async close() {
    const end = async (socket) => {
      deepStrictEqual(await socket.rest(), []);
      deepStrictEqual(await socket.close(), { type: 'closed', status: 1000 });
    };
    await Promise.all(this.#sockets.splice(0).map(end));
  }
}

/** Judges an answer by REST: its status, its body, and the headers that all have. */
export function answered({ status, headers, body }, expectedStatus, expectedBody) {
  deepStrictEqual({ status, body }, { status: expectedStatus, body: expectedBody });
  deepStrictEqual(headers['graph-chat-version'], '1');
  deepStrictEqual(headers['cache-control'], 'no-store');
  deepStrictEqual(headers['access-control-allow-origin'], '*');
  for (const name of ['date', 'server', 'set-cookie']) ok(!(name in headers), name);
}

export const isOk = (answer) => answered(answer, 200, 'OK');

let unauthorized;

/** Judges a 401: all are the same in status, headers and body. */
export function refused(answer) {
  answered(answer, 401, 'Unauthorized');
  unauthorized ??= answer.headers;
  deepStrictEqual(answer.headers, unauthorized);
}

/** Judges the answers of a socket to what it shall have done. */
export function accepted(...answers) {
  for (const { type, id, ...rest } of answers) deepStrictEqual(rest, { ok: true }, type);
}

/** Judges the answers of a socket to what it shall not do. */
export function denied(error, ...answers) {
  for (const { type, id, ...rest } of answers) deepStrictEqual(rest, { ok: false, error }, type);
}

/** Judges a message that was listed, fetched or pushed; `msg` is missing if it is long. */
export function holds({ id, ts, size, ...rest }, msg) {
  ok(/^[\w-]{16}$/.test(id), 'an id is 16 characters of base64url');
  ok(Number.isInteger(ts) && Math.abs(ts - Date.now() / 1000) < 60, 'ts is now, in whole seconds');
  deepStrictEqual(size, msg.length);
  const expected = msg.length > SIZE.M ? {} : { msg };
  deepStrictEqual(rest, expected);
}
