// Keys, fingerprints, and the lines that a client signs (sections 1, 4 and 5).

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

// Not by `import`: that build finds no randomness in Node.js 18.
const sodium = createRequire(import.meta.url)('libsodium-wrappers');

await sodium.ready;

const LF = '\n';

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
export const base64 = (bytes) => Buffer.from(bytes).toString('base64');
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
export const randomText = (count) => base64url(sodium.randombytes_buf(count));

/** Returns the 22 characters that name the relay with this key. */
export const fingerprint = (publicKey) => base64url(sha256(publicKey).subarray(0, 16));

/** A fresh Ed25519 pair: a recipient's for one queue, or a sender's. */
export class Key {
  #pair = sodium.crypto_sign_keypair();

  get public() {
    return Buffer.from(this.#pair.publicKey);
  }

  sign(text) {
    return Buffer.from(sodium.crypto_sign_detached(text, this.#pair.privateKey));
  }
}

/** Returns the value of `Authorization` for one request; `at` is a time and a nonce. */
export function authorization(key, relay, method, path, body, at = moment()) {
  const hash = base64url(sha256(body));
  const lines = ['graph-chat/1', method, relay, path, at.ts, at.nonce, hash];
  const sig = base64url(key.sign(lines.join(LF)));
  return `GraphChat ts=${at.ts},nonce=${at.nonce},sig=${sig}`;
}

/** Returns the time of a request and its nonce: a repetition has the same. */
export function moment() {
  return { ts: Math.floor(Date.now() / 1000), nonce: randomText(16) };
}

/** Returns `auth` of one object, good for the socket of this session. */
export function auth(key, relay, session, uri, type) {
  return key.sign(['graph-chat/1 ws', relay, session, uri, type].join(LF));
}
