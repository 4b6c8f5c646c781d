// The display protocol's numbers, as protocol/display/README.md states them. A test compares the golden messages.

/** The version in `/client/<version>/` and in HELLO. */
export const protocolVersion = 1;

/** Routes under `/sessions/<id>/`, each its own WebSocket. */
export type Route = "display" | "input" | "clipboard";

/** `type:u8, length:u32` before every body. */
export const headerBytes = 5;
/** A longer body ends the connection. */
export const maximumBodyBytes = 4 * 1024 * 1024;
/** Unknown types from here on are skipped; below, they end the connection. */
export const firstSkippableType = 0x80;

/** display route, server → client. */
export const ServerMessage = {
  hello: 0x01,
  reset: 0x02,
  lz: 0x03,
  end: 0x04,
  cursor: 0x05,
  pointer: 0x06,
  state: 0x07,
  pong: 0x08,
  stats: 0x09,
} as const;

/** display route, client → server. */
export const ClientMessage = { ack: 0x41, view: 0x42, ping: 0x43 } as const;

/** Records inside the LZ stream. */
export const RecordKind = { fill: 0, pixels: 1, copy: 2, cache: 3 } as const;
export const PixelLayout = { rows: 0, columns: 1 } as const;
/** Rows of a band in the column layout. */
export const bandRows = 16;

export const EndFlag = { ready: 1, exact: 2 } as const;
export const ViewFlag = { visible: 1, statistics: 2 } as const;

/** input route, client → server; each body begins with `sequence:u32`. */
export const InputMessage = { key: 0x61, pointer: 0x62, wheel: 0x63, release: 0x64, text: 0x65, size: 0x66, locks: 0x67 } as const;
export const ModifierBit = { shift: 1, control: 2, alt: 4, meta: 8, capsLock: 16, numLock: 32, altGraph: 64 } as const;
export const ButtonBit = { left: 1, middle: 2, right: 4, back: 8, forward: 16 } as const;
export const maximumTextBytes = 4096;

export const ClipboardMessage = { text: 0x71, refused: 0x72 } as const;
export const maximumClipboardBytes = 1024 * 1024;

export const maximumCursorSide = 128;
/** The log2 of the zstd window of the LZ stream. */
export const windowLog = 22;

export const CloseCode = {
  normal: 1000,
  restart: 1012,
  ended: 4001,
  revoked: 4002,
  protocolError: 4003,
  takenOver: 4004,
} as const;
