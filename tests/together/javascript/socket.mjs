// Objects of section 5 over a WebSocket, in JSON or in MessagePack.

import { connect } from './connection.mjs';
import { decode, encode } from './frames.mjs';
import { auth, fingerprint, randomText } from './signing.mjs';
import { upgrade } from './websocket.mjs';

const PATIENCE = 10_000;
const MOMENT = 100;

export class Socket {
  #socket;
  #inbox = [];
  #waiting = [];
  #address;
  #session;
  /** Whether it says MessagePack and not JSON; the relay follows. */
  binary = false;

  /** Connects, and makes sure that it is the relay of the address. */
  static async open(address) {
    const { host, pathname } = new URL(address.create);
    const stream = await connect(address);
    const socket = new Socket(address, await upgrade(stream, { host, path: pathname }));
    const session = await socket.hear('session');
    if (fingerprint(session.relay) !== address.fingerprint) {
      socket.close();
      throw new Error('this is another relay');
    }
    socket.#session = session.nonce;
    return socket;
  }

  constructor(address, socket) {
    this.#address = address;
    this.#socket = socket;
    socket.on('frame', (data) => this.#receive(data));
    socket.on('closed', (status) => this.#put([{ type: 'closed', status }]));
  }

  subscribe({ recipientURI, recipient }) {
    const auth = this.#auth(recipient, recipientURI, 'subscribe');
    return this.ask({ type: 'subscribe', recipientURI, auth });
  }

  unsubscribe({ recipientURI }) {
    return this.ask({ type: 'unsubscribe', recipientURI });
  }

  delete({ recipientURI }, messageId) {
    return this.ask({ type: 'delete_message', recipientURI, messageId });
  }

  attach({ senderURI, sender }) {
    const signed = sender && { auth: this.#auth(sender, senderURI, 'attach') };
    return this.ask({ type: 'attach', senderURI, ...signed });
  }

  /** Sends messages in one frame, and returns the answers in the order of the messages. */
  async send({ senderURI }, ...messages) {
    const objects = messages.map((msg) => ({ id: randomText(12), type: 'send', senderURI, msg }));
    this.say(...objects);
    return Promise.all(objects.map(({ id }) => this.#answer(id)));
  }

  /** Says one object and returns its answer. */
  ask(object) {
    const whole = { id: randomText(12), ...object };
    this.say(whole);
    return this.#answer(whole.id);
  }

  /** Says objects in one frame: an array unless it is one. */
  say(...objects) {
    this.#socket.send(encode(objects.length === 1 ? objects[0] : objects, this.binary));
  }

  /** Returns the next object of this type, or of any. */
  hear(type) {
    return this.#first(type ?? 'anything', (object) => type === undefined || object.type === type);
  }

  /** Returns what has come and nobody took, after a moment for what is on its way. */
  async rest() {
    await new Promise((done) => {
      setTimeout(done, MOMENT);
    });
    return this.#inbox.splice(0);
  }

  async close() {
    this.#socket.close();
    return this.hear('closed');
  }

  #auth(key, uri, type) {
    return auth(key, this.#address.fingerprint, this.#session, uri, type);
  }

  #answer(id) {
    return this.#first(`the answer to ${id}`, (object) => object.id === id);
  }

  #first(what, wanted) {
    const index = this.#inbox.findIndex(wanted);
    if (index >= 0) return Promise.resolve(this.#inbox.splice(index, 1)[0]);
    return new Promise((done, failed) => {
      const types = () => this.#inbox.map(({ type }) => type).join(', ') || 'nothing';
      const late = () => failed(new Error(`waited for ${what}; what came is ${types()}`));
      this.#waiting.push({ wanted, done, timer: setTimeout(late, PATIENCE) });
    });
  }

  #receive(data) {
    const binary = typeof data !== 'string';
    // The session comes before the client has said anything.
    if (this.#session !== undefined && binary !== this.binary) {
      this.#put([{ type: 'wrong encoding', binary }]);
    }
    this.#put(decode(data));
  }

  #put(objects) {
    for (const object of objects) {
      const index = this.#waiting.findIndex(({ wanted }) => wanted(object));
      if (index < 0) {
        this.#inbox.push(object);
      } else {
        const [{ done, timer }] = this.#waiting.splice(index, 1);
        clearTimeout(timer);
        done(object);
      }
    }
  }
}
