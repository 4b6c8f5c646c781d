// The input route: numbers what the user does and sends it at once.
import { InputMessage, maximumTextBytes } from "@oriel/protocol/display.ts";
import { Link, type LinkOptions } from "./link.ts";
import {
  encodeKey,
  encodePointer,
  encodeRelease,
  encodeSize,
  encodeTypedText,
  encodeWheel,
  isOptional,
  type KeyEvent,
  messages,
  piecesOf,
  readLocks,
  WireError,
} from "./wire.ts";

export interface InputHooks {
  /** Something was sent: its number, the time of the event that it came from on performance's clock, and whether it is a key. */
  sent(sequence: number, time: number, typed: boolean): void;
  locks(locks: { caps: boolean; num: boolean }): void;
}

export interface WindowSize {
  width: number;
  height: number;
  scalePercent: number;
}

export class InputStream {
  private readonly link: Link;
  private readonly hooks: InputHooks;
  private sequence = 0;
  private size: WindowSize | undefined;

  constructor(options: Omit<LinkOptions, "opened" | "message">, hooks: InputHooks) {
    this.hooks = hooks;
    this.link = new Link({
      ...options,
      opened: () => {
        if (this.size) this.put(encodeSize(this.next(), this.size.width, this.size.height, this.size.scalePercent), performance.now());
      },
      message: (data) => this.read(data),
    });
  }

  get open(): boolean {
    return this.link.open;
  }

  start(): void {
    this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  /** Does not wait for the next attempt's time. */
  hurry(): void {
    this.link.hurry();
  }

  key(key: KeyEvent, time: number): void {
    if (this.open) this.put(encodeKey(this.next(), key), time, key.down);
  }

  pointer(x: number, y: number, buttons: number, time: number): void {
    if (this.open) this.put(encodePointer(this.next(), x, y, buttons), time);
  }

  wheel(x: number, y: number, dx: number, dy: number, time: number): void {
    if (this.open) this.put(encodeWheel(this.next(), x, y, dx, dy), time);
  }

  text(text: string, time: number): void {
    if (!this.open) return;
    for (const piece of piecesOf(text, maximumTextBytes)) this.put(encodeTypedText(this.next(), piece), time);
  }

  release(time: number): void {
    if (this.open) this.put(encodeRelease(this.next()), time);
  }

  /** The window's size; sent again whenever the stream opens. */
  resize(size: WindowSize, time: number): void {
    this.size = size;
    if (this.open) this.put(encodeSize(this.next(), size.width, size.height, size.scalePercent), time);
  }

  private next(): number {
    this.sequence = (this.sequence + 1) >>> 0;
    return this.sequence;
  }

  private put(bytes: Uint8Array<ArrayBuffer>, time: number, typed = false): void {
    this.link.send(bytes);
    this.hooks.sent(this.sequence, time, typed);
  }

  private read(data: ArrayBuffer): void {
    for (const { type, body } of messages(data)) {
      if (type === InputMessage.locks) this.hooks.locks(readLocks(body));
      else if (!isOptional(type)) throw new WireError(`unknown type ${type}`);
    }
  }
}
