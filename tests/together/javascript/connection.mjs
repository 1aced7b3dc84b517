// The address of a relay, and byte streams to it that end nowhere else (sections 1 and 2).

import { isIPv6, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { fingerprint } from './signing.mjs';

const SECURE = { 'https:': true, 'http:': false };
const LOOPBACK = /^(127(\.\d+){3}|\[::1\]|localhost)$/;
const PATIENCE = 10_000;

/** Takes `<create URI>#<FP>` apart. */
export function parseAddress(text) {
  const { protocol, origin, hostname, port, pathname, hash } = new URL(text);
  const secure = SECURE[protocol];
  if (secure === undefined || !/^#[\w-]{22}$/.test(hash)) {
    throw new Error('this is no address of a relay');
  }
  if (!secure && !LOOPBACK.test(hostname)) {
    throw new Error('without TLS only a relay on this machine is asked');
  }
  const create = origin + (pathname.replace(/\/$/, '') || '/q');
  return { create, fingerprint: hash.slice(1), secure, hostname, port: port || (secure ? 443 : 80) };
}

/** Opens a stream to the host of `address`; with TLS, its certificate has been judged. */
export function connect(address) {
  const host = address.hostname.replace(/^\[|\]$/g, '');
  // The certificate is judged below: self-signed by the identity key is as good as an authority.
  const options = { host, port: Number(address.port), rejectUnauthorized: false };
  if (!isIPv6(host) && !/^[\d.]+$/.test(host)) options.servername = host;
  return new Promise((done, failed) => {
    const stream = address.secure ? connectTls(options) : connectTcp(options);
    stream.setTimeout(PATIENCE, () => stream.destroy(new Error('the relay is silent')));
    stream.once('error', failed);
    stream.once(address.secure ? 'secureConnect' : 'connect', () => {
      if (address.secure && !stream.authorized && !isIdentity(stream, address.fingerprint)) {
        stream.destroy(new Error('the certificate is not that of the relay'));
      } else {
        stream.off('error', failed);
        done(stream);
      }
    });
  });
}

function isIdentity(stream, relay) {
  const key = stream.getPeerX509Certificate()?.publicKey;
  // The handshake has proved that the other end holds this key; name and dates prove nothing more.
  if (key?.asymmetricKeyType !== 'ed25519') return false;
  return fingerprint(Buffer.from(key.export({ format: 'jwk' }).x, 'base64url')) === relay;
}
