// Frames of the socket: objects in JSON, with bytes as base64, or in MessagePack (section 5).

import { pack, unpack } from './messagepack.mjs';
import { base64 } from './signing.mjs';

const BYTES = new Set(['auth', 'msg', 'relay']);

/** Returns a text, or bytes if it shall be `binary`, of one object or an array of them. */
export function encode(content, binary) {
  if (binary) return pack(content);
  return JSON.stringify(Array.isArray(content) ? content.map(readable) : readable(content));
}

/** Returns the objects of a frame. */
export function decode(data) {
  const content = typeof data === 'string' ? JSON.parse(data, revive) : unpack(data);
  return Array.isArray(content) ? content : [content];
}

function readable(object) {
  const pairs = Object.entries(object);
  return Object.fromEntries(
    pairs.map(([name, value]) => [name, value instanceof Uint8Array ? base64(value) : value]),
  );
}

const revive = (name, value) => (BYTES.has(name) ? Buffer.from(value, 'base64') : value);
