// Bytes of protocol/display: what the browser writes, and the bodies that it reads itself (the decoder reads the others).
import {
  ClientMessage,
  ClipboardMessage,
  firstSkippableType,
  headerBytes,
  InputMessage,
  maximumBodyBytes,
  maximumCursorSide,
  ServerMessage,
} from "@oriel/protocol/display.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message of `size` bytes of body, framed; the view stands on the body. */
function framed(type: number, size: number): { bytes: Uint8Array<ArrayBuffer>; body: DataView } {
  const bytes = new Uint8Array(headerBytes + size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint32(1, size, true);
  return { bytes, body: new DataView(bytes.buffer, headerBytes) };
}

const u16 = (value: number): number => Math.max(0, Math.min(0xffff, Math.round(value)));
const i16 = (value: number): number => Math.max(-0x8000, Math.min(0x7fff, Math.round(value)));

export function encodeAck(epoch: number, frame: number, decodeMicroseconds: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(ClientMessage.ack, 12);
  body.setUint32(0, epoch, true);
  body.setUint32(4, frame, true);
  body.setUint32(8, Math.max(0, Math.round(decodeMicroseconds)), true);
  return bytes;
}

export function encodeView(flags: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(ClientMessage.view, 1);
  body.setUint8(0, flags);
  return bytes;
}

export function encodePing(token: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(ClientMessage.ping, 4);
  body.setUint32(0, token, true);
  return bytes;
}

export interface KeyEvent {
  down: boolean;
  /** X11 keysym. */
  keysym: number;
  /** evdev keycode, 0 when unknown. */
  code: number;
  /** Bits of `ModifierBit`. */
  modifiers: number;
}

export function encodeKey(sequence: number, key: KeyEvent): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(InputMessage.key, 12);
  body.setUint32(0, sequence, true);
  body.setUint8(4, key.down ? 1 : 0);
  body.setUint32(5, key.keysym, true);
  body.setUint16(9, key.code, true);
  body.setUint8(11, key.modifiers);
  return bytes;
}

/** `x`, `y` in pixels of the remote screen; `buttons` are bits of `ButtonBit`. */
export function encodePointer(sequence: number, x: number, y: number, buttons: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(InputMessage.pointer, 9);
  body.setUint32(0, sequence, true);
  body.setUint16(4, u16(x), true);
  body.setUint16(6, u16(y), true);
  body.setUint8(8, buttons);
  return bytes;
}

/** `dx`, `dy` in 1/120 notch, positive to the right and down. */
export function encodeWheel(sequence: number, x: number, y: number, dx: number, dy: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(InputMessage.wheel, 12);
  body.setUint32(0, sequence, true);
  body.setUint16(4, u16(x), true);
  body.setUint16(6, u16(y), true);
  body.setInt16(8, i16(dx), true);
  body.setInt16(10, i16(dy), true);
  return bytes;
}

export function encodeRelease(sequence: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(InputMessage.release, 4);
  body.setUint32(0, sequence, true);
  return bytes;
}

export function encodeTypedText(sequence: number, text: string): Uint8Array<ArrayBuffer> {
  const utf8 = encoder.encode(text);
  const { bytes, body } = framed(InputMessage.text, 4 + utf8.length);
  body.setUint32(0, sequence, true);
  bytes.set(utf8, headerBytes + 4);
  return bytes;
}

/** Sizes in device pixels. */
export function encodeSize(sequence: number, width: number, height: number, scalePercent: number): Uint8Array<ArrayBuffer> {
  const { bytes, body } = framed(InputMessage.size, 10);
  body.setUint32(0, sequence, true);
  body.setUint16(4, u16(width), true);
  body.setUint16(6, u16(height), true);
  body.setUint16(8, u16(scalePercent), true);
  return bytes;
}

export function encodeClipboard(serial: number, text: string): Uint8Array<ArrayBuffer> {
  const utf8 = encoder.encode(text);
  const { bytes, body } = framed(ClipboardMessage.text, 4 + utf8.length);
  body.setUint32(0, serial, true);
  bytes.set(utf8, headerBytes + 4);
  return bytes;
}

export class WireError extends Error {}

/** The protocol messages of one WebSocket message. Throws `WireError` where the connection must end. */
export function* messages(data: ArrayBuffer): Generator<{ type: number; body: Uint8Array<ArrayBuffer> }> {
  const view = new DataView(data);
  let at = 0;
  while (at < data.byteLength) {
    if (data.byteLength - at < headerBytes) throw new WireError("a message header is cut short");
    const type = view.getUint8(at);
    const length = view.getUint32(at + 1, true);
    at += headerBytes;
    if (length > maximumBodyBytes || length > data.byteLength - at) throw new WireError("a message body is cut short");
    yield { type, body: new Uint8Array(data, at, length) };
    at += length;
  }
}

/** Whether a frame is begun and not ended after this WebSocket message, from whether it was before. */
export function leavesFrameOpen(data: ArrayBuffer, before: boolean): boolean {
  const view = new DataView(data);
  let inside = before;
  for (let at = 0; at + headerBytes <= data.byteLength; at += headerBytes + view.getUint32(at + 1, true)) {
    const type = view.getUint8(at);
    if (type === ServerMessage.lz || type === ServerMessage.reset) inside = true;
    else if (type === ServerMessage.end) inside = false;
  }
  return inside;
}

/** An unknown type that a receiver may skip. */
export const isOptional = (type: number): boolean => type >= firstSkippableType;

const viewOf = (body: Uint8Array): DataView => new DataView(body.buffer, body.byteOffset, body.byteLength);

export interface CursorImage {
  serial: number;
  hotX: number;
  hotY: number;
  /** 0 × 0 hides the cursor. */
  width: number;
  height: number;
  /** RGBA with straight alpha; a copy. */
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

export function readCursor(body: Uint8Array): CursorImage {
  if (body.length < 12) throw new WireError("CURSOR is cut short");
  const view = viewOf(body);
  const width = view.getUint16(8, true);
  const height = view.getUint16(10, true);
  if (width > maximumCursorSide || height > maximumCursorSide || body.length !== 12 + width * height * 4) {
    throw new WireError("CURSOR has a wrong size");
  }
  return {
    serial: view.getUint32(0, true),
    hotX: view.getUint16(4, true),
    hotY: view.getUint16(6, true),
    width,
    height,
    rgba: new Uint8ClampedArray(body.subarray(12)),
  };
}

export function readPointer(body: Uint8Array): { x: number; y: number } {
  if (body.length !== 4) throw new WireError("POINTER has a wrong size");
  const view = viewOf(body);
  return { x: view.getUint16(0, true), y: view.getUint16(2, true) };
}

export function readPong(body: Uint8Array): number {
  if (body.length !== 4) throw new WireError("PONG has a wrong size");
  return viewOf(body).getUint32(0, true);
}

export function readHello(body: Uint8Array): { protocol: number; flags: number; build: string } {
  if (body.length < 4) throw new WireError("HELLO is cut short");
  const view = viewOf(body);
  let at = 4;
  let length = 0;
  for (let shift = 0; at < body.length && shift < 35; shift += 7) {
    const byte = body[at++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return {
    protocol: view.getUint16(0, true),
    flags: view.getUint16(2, true),
    build: decoder.decode(body.subarray(at, at + length)),
  };
}

/** What the display server says about the session. Members that it leaves out stay undefined. */
export interface RemoteState {
  state?: "starting" | "running" | "ended";
  reason?: string;
  step?: string;
  owner_of_input?: boolean;
  viewers?: number;
  size_fixed?: boolean;
}

export interface RemoteStatistics {
  encode_us?: number;
  capture_us?: number;
  bytes_per_second?: number;
  frames_per_second?: number;
  rtt_us?: number;
  in_flight?: number;
}

/** A JSON body that must be an object. */
export function readJson<T extends object>(body: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    throw new WireError("a JSON body does not parse");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WireError("a JSON body is not an object");
  return value as T;
}

export function readLocks(body: Uint8Array): { caps: boolean; num: boolean } {
  if (body.length !== 2) throw new WireError("LOCKS has a wrong size");
  return { caps: body[0] !== 0, num: body[1] !== 0 };
}

export function readClipboard(body: Uint8Array): { serial: number; text: string } {
  if (body.length < 4) throw new WireError("TEXT is cut short");
  return { serial: viewOf(body).getUint32(0, true), text: decoder.decode(body.subarray(4)) };
}

export const readText = (body: Uint8Array): string => decoder.decode(body);

/** Cuts a text into pieces of at most `limit` bytes of UTF-8, never inside a character. */
export function piecesOf(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  let size = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (size + bytes > limit) {
      pieces.push(piece);
      piece = "";
      size = 0;
    }
    piece += character;
    size += bytes;
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}
