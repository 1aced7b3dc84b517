// The part of MessagePack that objects of the socket are made of (section 5).

/** Encodes texts, bytes, booleans, arrays and objects. */
export function pack(value) {
  if (typeof value === 'string') return packed(Buffer.from(value), [0xa0, 32], [0xd9, 0xda, 0xdb]);
  if (value instanceof Uint8Array) return packed(value, [0, 0], [0xc4, 0xc5, 0xc6]);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (Array.isArray(value)) {
    return Buffer.concat([head(value.length, [0x90, 16], [null, 0xdc, 0xdd]), ...value.map(pack)]);
  }
  if (value !== null && typeof value === 'object') {
    const pairs = Object.entries(value);
    const parts = pairs.flatMap(([name, held]) => [pack(name), pack(held)]);
    return Buffer.concat([head(pairs.length, [0x80, 16], [null, 0xde, 0xdf]), ...parts]);
  }
  throw new TypeError(`no object of the socket holds ${typeof value}`);
}

const packed = (bytes, small, marks) => Buffer.concat([head(bytes.length, small, marks), bytes]);

function head(length, [fixed, below], [mark8, mark16, mark32]) {
  if (length < below) return Buffer.of(fixed | length);
  if (mark8 !== null && length < 0x100) return Buffer.of(mark8, length);
  const bytes = Buffer.alloc(length < 0x10000 ? 3 : 5);
  bytes[0] = length < 0x10000 ? mark16 : mark32;
  bytes.writeUIntBE(length, 1, bytes.length - 1);
  return bytes;
}

/** Decodes one value that fills all bytes. */
export function unpack(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (!reader.ended) throw new RangeError('bytes follow the value');
  return value;
}

class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get ended() {
    return this.#at === this.#bytes.length;
  }

  value() {
    const mark = this.#number(1);
    if (mark < 0x80) return mark;
    if (mark < 0x90) return this.#map(mark & 0x0f);
    if (mark < 0xa0) return this.#array(mark & 0x0f);
    if (mark < 0xc0) return this.#text(mark & 0x1f);
    if (mark === 0xc2 || mark === 0xc3) return mark === 0xc3;
    if (mark >= 0xc4 && mark <= 0xc6) return this.#take(this.#number(1 << (mark - 0xc4)));
    if (mark >= 0xcc && mark <= 0xce) return this.#number(1 << (mark - 0xcc));
    if (mark === 0xcf) return Number(this.#take(8).readBigUInt64BE());
    if (mark >= 0xd9 && mark <= 0xdb) return this.#text(this.#number(1 << (mark - 0xd9)));
    if (mark === 0xdc || mark === 0xdd) return this.#array(this.#number(2 << (mark - 0xdc)));
    if (mark === 0xde || mark === 0xdf) return this.#map(this.#number(2 << (mark - 0xde)));
    throw new RangeError(`no object of the socket has the mark ${mark}`);
  }

  #take(length) {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('bytes are missing');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #number(length) {
    return this.#take(length).readUIntBE(0, length);
  }

  #text(length) {
    return this.#take(length).toString();
  }

  #array(length) {
    return Array.from({ length }, () => this.value());
  }

  #map(length) {
    return Object.fromEntries(Array.from({ length }, () => [this.value(), this.value()]));
  }
}
