// The decoder in WebAssembly (wasm/README.md): one instance decodes one display stream.

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  oriel_input(length: number): number;
  oriel_next(): number;
  oriel_body(): number;
  oriel_body_length(): number;
  oriel_frame_buffer(): number;
  oriel_width(): number;
  oriel_height(): number;
  oriel_epoch(): number;
  oriel_dirty_count(): number;
  oriel_dirty_rectangles(): number;
  oriel_clear_dirty(): void;
  oriel_end(): number;
  oriel_version(): number;
}

export interface EndOfFrame {
  epoch: number;
  frame: number;
  /** The last input that the server had applied when it captured. */
  inputSequence: number;
  /** Bits of `EndFlag`. */
  flags: number;
  /** The server's monotonic clock. */
  captureMicroseconds: number;
}

export class DecodeError extends Error {}

const statuses: Record<number, string> = {
  [-1]: "bad message",
  [-2]: "unknown type",
  [-3]: "bad RESET",
  [-4]: "bad stream",
  [-5]: "bad record",
  [-6]: "END inside a record",
  [-7]: "out of memory",
};

/** Reads whole WebSocket messages, holds the frame buffer. Any `DecodeError` leaves it unusable. */
export class FrameDecoder {
  private readonly exports: Exports;
  private image: ImageData | undefined;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
    this.exports._initialize();
  }

  /** Starts on one WebSocket message: call `next` until it answers 0. */
  input(data: ArrayBuffer): void {
    const at = this.exports.oriel_input(data.byteLength);
    if (at === 0) throw new DecodeError("out of memory");
    new Uint8Array(this.exports.memory.buffer, at, data.byteLength).set(new Uint8Array(data));
  }

  /** Type of the next message that the caller handles, 0 when the WebSocket message is used up. Throws `DecodeError`. */
  next(): number {
    const type = this.exports.oriel_next();
    if (type < 0) throw new DecodeError(statuses[type] ?? `status ${type}`);
    return type;
  }

  /** Body of the message that `next` returned; a view that the next call of `input` ends. */
  body(): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, this.exports.oriel_body(), this.exports.oriel_body_length());
  }

  get width(): number {
    return this.exports.oriel_width();
  }

  get height(): number {
    return this.exports.oriel_height();
  }

  get epoch(): number {
    return this.exports.oriel_epoch();
  }

  end(): EndOfFrame {
    const view = new DataView(this.exports.memory.buffer, this.exports.oriel_end(), 24);
    return {
      epoch: view.getUint32(0, true),
      frame: view.getUint32(4, true),
      inputSequence: view.getUint32(8, true),
      flags: view.getUint32(12, true),
      captureMicroseconds: view.getFloat64(16, true),
    };
  }

  /** The whole frame buffer as an image over the decoder's own memory: no copy. */
  picture(): ImageData {
    const { width, height } = this;
    const buffer = this.exports.memory.buffer as ArrayBuffer;
    const at = this.exports.oriel_frame_buffer();
    const held = this.image;
    if (held && held.data.buffer === buffer && held.data.byteOffset === at && held.width === width && held.height === height) return held;
    this.image = new ImageData(new Uint8ClampedArray(buffer, at, width * height * 4), width, height);
    return this.image;
  }

  /** Calls `paint` for each dirty rectangle and forgets them. */
  takeDirty(paint: (x: number, y: number, width: number, height: number) => void): void {
    const count = this.exports.oriel_dirty_count();
    const rectangles = new Uint32Array(this.exports.memory.buffer, this.exports.oriel_dirty_rectangles(), count * 4);
    for (let i = 0; i < rectangles.length; i += 4) {
      const [x = 0, y = 0, width = 0, height = 0] = rectangles.subarray(i, i + 4);
      paint(x, y, width, height);
    }
    this.exports.oriel_clear_dirty();
  }

  /** A copy of a part of the frame buffer, RGBA; clipped to it. */
  readPixels(x: number, y: number, width: number, height: number): Uint8ClampedArray {
    const stride = this.width * 4;
    const source = new Uint8ClampedArray(this.exports.memory.buffer, this.exports.oriel_frame_buffer(), stride * this.height);
    const out = new Uint8ClampedArray(width * height * 4);
    const left = Math.max(0, x);
    const right = Math.min(this.width, x + width);
    if (right <= left) return out;
    for (let row = Math.max(0, -y); row < height && y + row < this.height; row++) {
      const from = (y + row) * stride;
      out.set(source.subarray(from + left * 4, from + right * 4), (row * width + left - x) * 4);
    }
    return out;
  }
}
