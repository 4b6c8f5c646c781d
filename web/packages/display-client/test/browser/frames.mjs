// Messages of a display server for tests. The zstd stream is made of raw blocks: valid for any decoder, and no compressor is needed.

const u16 = (value) => [value & 255, (value >> 8) & 255];
const u32 = (value) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255];

export const message = (type, body) => Buffer.concat([Buffer.from([type, ...u32(body.length)]), Buffer.from(body)]);

function varint(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  bytes.push(value);
  return bytes;
}

/** One epoch's stream. */
export class Stream {
  #begun = false;
  constructor(epoch) {
    this.epoch = epoch;
  }
  reset(width, height, keep = 0) {
    this.#begun = false;
    return message(0x02, [...u32(this.epoch), keep, ...u16(width), ...u16(height)]);
  }
  /** LZ messages that carry these record bytes. */
  lz(records) {
    const parts = [];
    const bytes = Buffer.from(records);
    for (let at = 0; at < bytes.length; at += 60000) {
      const block = bytes.subarray(at, at + 60000);
      const head = block.length << 3;
      const start = this.#begun ? [] : [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x60];
      this.#begun = true;
      parts.push(message(0x03, Buffer.concat([Buffer.from([...start, head & 255, (head >> 8) & 255, (head >> 16) & 255]), block])));
    }
    return Buffer.concat(parts);
  }
  end(frame, inputSequence, flags) {
    return message(0x04, [...u32(frame), ...u32(frame * 1000), 0, 0, 0, 0, ...u32(inputSequence), flags]);
  }
}

export const fill = (x, y, w, h, [r, g, b]) => [0, ...varint(x), ...varint(y), ...varint(w), ...varint(h), b, g, r];

/** Rows of BGR. */
export function pixels(x, y, w, h, bgr) {
  return Buffer.concat([Buffer.from([1, ...varint(x), ...varint(y), ...varint(w), ...varint(h), 0]), bgr]);
}

export function cursor(serial, size, [r, g, b]) {
  const rgba = [];
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) rgba.push(r, g, b, x <= y ? 255 : 0);
  return message(0x05, [...u32(serial), ...u16(0), ...u16(0), ...u16(size), ...u16(size), ...rgba]);
}

export const hello = () => message(0x01, [1, 0, 0, 0, 4, ...Buffer.from("test")]);
export const pong = (token) => message(0x08, u32(token));
export const state = (value) => message(0x07, Buffer.from(JSON.stringify(value)));
export const clipboard = (serial, text) => message(0x71, [...u32(serial), ...Buffer.from(text)]);

export function* parse(buffer) {
  for (let at = 0; at + 5 <= buffer.length; ) {
    const length = buffer.readUInt32LE(at + 1);
    yield { type: buffer[at], body: buffer.subarray(at + 5, at + 5 + length) };
    at += 5 + length;
  }
}
