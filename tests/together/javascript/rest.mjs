// Requests of section 4, signed or not, and nothing that judges the answers.

import { request } from 'node:http';

import { connect } from './connection.mjs';
import { authorization, base64 } from './signing.mjs';

/** A queue here is both its URIs, and the keys `recipient` and `sender`: none for an open queue. */
export class Rest {
  #address;

  constructor(address) {
    this.#address = address;
  }

  create(recipient, content = { recipient: base64(recipient.public) }) {
    return this.ask('POST', this.#address.create, recipient, content);
  }

  secure({ recipientURI, recipient }, sender) {
    return this.ask('PUT', recipientURI, recipient, { sender: base64(sender.public) });
  }

  remove({ recipientURI, recipient }) {
    return this.ask('DELETE', recipientURI, recipient);
  }

  /** The same `at` and `msg` again are the same request. */
  send({ senderURI, sender }, msg, at) {
    return this.ask('POST', `${senderURI}/messages`, sender, { msg: base64(msg) }, at);
  }

  list({ recipientURI, recipient }, from) {
    const query = from === undefined ? '' : `?fromMessageId=${from}`;
    return this.ask('GET', `${recipientURI}/messages${query}`, recipient);
  }

  get({ recipientURI, recipient }, id) {
    return this.ask('GET', `${recipientURI}/messages/${id}`, recipient);
  }

  delete({ recipientURI, recipient }, id) {
    return this.ask('DELETE', `${recipientURI}/messages/${id}`, recipient);
  }

  /** Sends one request, signed by `key` if there is one, and returns its status and body. */
  async ask(method, uri, key, content, at) {
    const { host, pathname, search } = new URL(uri);
    const path = pathname + search;
    const body = content === undefined ? '' : JSON.stringify(content);
    const headers = { Host: host, Connection: 'close' };
    if (content !== undefined) {
      headers['Content-Type'] = 'application/json';
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    if (key) {
      const relay = this.#address.fingerprint;
      headers.Authorization = authorization(key, relay, method, path, body, at);
    }
    const stream = await connect(this.#address);
    return exchange({ method, path, headers, createConnection: () => stream }, body);
  }
}

function exchange(options, body) {
  return new Promise((done, failed) => {
    const asked = request(options, async (answer) => {
      try {
        const parts = [];
        for await (const part of answer) parts.push(part);
        const text = Buffer.concat(parts).toString();
        done({ status: answer.statusCode, headers: answer.headers, body: JSON.parse(text) });
      } catch (error) {
        failed(error);
      }
    });
    asked.once('error', failed);
    asked.end(body);
  });
}
