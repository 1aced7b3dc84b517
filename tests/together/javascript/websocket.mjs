// A small client of RFC 6455: whole frames of text or bytes, over any stream.

import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { request } from 'node:http';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // section 1.3
const LARGEST = 4 * 1024 * 1024;
const [CONTINUED, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

/** Asks for a WebSocket on `stream`; resolves to it, or rejects with what was answered instead. */
export function upgrade(stream, { host, path }) {
  const key = randomBytes(16).toString('base64');
  const headers = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
  };
  return new Promise((done, failed) => {
    const asked = request({ path, headers, createConnection: () => stream });
    asked.once('error', failed);
    asked.once('response', (answer) => {
      stream.destroy();
      failed(new Error(`no WebSocket but status ${answer.statusCode}`));
    });
    asked.once('upgrade', (answer, upgraded, first) => {
      const expected = createHash('sha1').update(key + MAGIC).digest('base64');
      const { 'sec-websocket-accept': accept, 'sec-websocket-extensions': extensions } = answer.headers;
      if (accept === expected && extensions === undefined) {
        done(new WebSocket(upgraded, first));
      } else {
        stream.destroy();
        failed(new Error('the answer to the handshake is wrong'));
      }
    });
    asked.end();
  });
}

/** Emits `frame` with a text or a Buffer, and `closed` once, with the status of the close. */
class WebSocket extends EventEmitter {
  #stream;
  #bytes;
  #parts = [];
  #kind = CONTINUED;
  #status = 1006; // section 7.1.5: none came
  #closing = false;

  constructor(stream, first) {
    super();
    this.#stream = stream;
    this.#bytes = first;
    stream.setTimeout(0);
    stream.on('data', (bytes) => this.#take(bytes));
    stream.on('error', () => {}); // `close` follows
    stream.on('close', () => this.emit('closed', this.#status));
    // Not at once: nobody listens yet.
    setImmediate(() => this.#take(Buffer.alloc(0)));
  }

  /** Sends one frame: a text as text, a Buffer as bytes. */
  send(data) {
    this.#write(typeof data === 'string' ? TEXT : BINARY, Buffer.from(data));
  }

  close(status = 1000) {
    if (this.#closing) return;
    this.#closing = true;
    this.#write(CLOSE, Buffer.of(status >> 8, status & 0xff));
  }

  #write(kind, data) {
    const long = data.length < 126 ? 0 : data.length < 0x10000 ? 2 : 8;
    const head = Buffer.alloc(2 + long);
    head[0] = 0x80 | kind;
    head[1] = 0x80 | (long === 0 ? data.length : long === 2 ? 126 : 127);
    if (long === 2) head.writeUInt16BE(data.length, 2);
    if (long === 8) head.writeBigUInt64BE(BigInt(data.length), 2);
    const mask = randomBytes(4); // a client masks every frame: section 5.3
    const masked = Buffer.from(data);
    for (let i = 0; i < masked.length; i++) masked[i] ^= mask[i & 3];
    this.#stream.write(Buffer.concat([head, mask, masked]));
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    try {
      for (let frame = this.#next(); frame; frame = this.#next()) this.#handle(frame);
    } catch (error) {
      this.#stream.destroy(error);
    }
  }

  #next() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]; // the relay does not mask, so this is a length
    const long = short < 126 ? 0 : short === 126 ? 2 : 8;
    if ((bytes[0] & 0x70) !== 0 || short > 127) throw new Error('this is no frame of a server');
    if (bytes.length < 2 + long) return undefined;
    let size = short;
    if (long === 2) size = bytes.readUInt16BE(2);
    if (long === 8) size = Number(bytes.readBigUInt64BE(2));
    if (size > LARGEST) throw new Error('the frame is too long');
    const end = 2 + long + size;
    if (bytes.length < end) return undefined;
    this.#bytes = bytes.subarray(end);
    return { last: bytes[0] >= 0x80, kind: bytes[0] & 0x0f, data: bytes.subarray(2 + long, end) };
  }

  #handle({ last, kind, data }) {
    if (kind === PING) return this.#write(PONG, data);
    if (kind === PONG) return undefined;
    if (kind === CLOSE) {
      this.#status = data.length >= 2 ? data.readUInt16BE() : 1005;
      this.close();
      return this.#stream.end();
    }
    if ((kind === CONTINUED) !== this.#parts.length > 0) throw new Error('a fragment is out of place');
    if (kind !== CONTINUED) this.#kind = kind;
    this.#parts.push(data);
    if (!last) return undefined;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    return this.emit('frame', this.#kind === TEXT ? whole.toString() : whole);
  }
}
