// One route's WebSocket, which comes back by itself.
import { CloseCode } from "@oriel/protocol/display.ts";
import { type CloseMeaning, readClose, unreadableAttempts } from "./reconnect.ts";

export interface LinkOptions {
  /** Path of the route, without query: `/sessions/<id>/display`. */
  path: string;
  /** Query of the next attempt, e.g. `viewer=…`. */
  query(): string;
  /** Milliseconds to wait before attempt `n`, 0 being the first after a loss; undefined: only `hurry` tries again. */
  delay(attempt: number): number | undefined;
  opened(): void;
  /** One WebSocket message. What it throws ends the connection as a protocol error. */
  message(data: ArrayBuffer): void;
  /** The other side speaks first: a stream that stays silent after its opening is given up and tried again. */
  speaksFirst?: boolean;
  /** The stream is gone. After "again" the link is already trying; otherwise it stopped. */
  closed?(meaning: CloseMeaning, reason: string): void;
}

/** A stream that stays open this long was good: the next loss starts with an attempt at once. Milliseconds. */
const goodAfter = 3000;
/** A WebSocket that has not opened by then is given up. */
const openDeadline = 10_000;
/** A route whose server speaks first has said something by then. A message that never ends is none: browsers keep all of it in memory. */
const firstMessageDeadline = 10_000;

export class Link {
  private readonly options: LinkOptions;
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private stopped = true;
  private openedAt = 0;
  /** Connections in a row that could not be read. */
  private failures = 0;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  get open(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Bytes that the browser has not handed to the network yet. */
  get pending(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.attempt = 0;
    this.failures = 0;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close(CloseCode.normal);
  }

  /** The network is back, or the page is looked at again: does not wait for the next attempt's time. */
  hurry(): void {
    if (this.stopped || this.socket) return;
    clearTimeout(this.timer);
    this.attempt = 0;
    this.connect();
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.open) this.socket?.send(bytes);
  }

  /** Ends this connection; the link comes back by itself. */
  private fail(code: number, reason: string): void {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close(code, reason.slice(0, 120));
    if (this.openedAt > 0 && performance.now() - this.openedAt > goodAfter) this.failures = 0;
    this.failures++;
    if (this.failures < unreadableAttempts) {
      this.lost("again", reason);
      return;
    }
    this.stopped = true;
    this.options.closed?.("unreadable", reason);
  }

  private connect(): void {
    this.attempt++;
    const address = new URL(this.options.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = this.options.query();
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    let deadline = setTimeout(() => socket.close(), openDeadline);
    socket.onopen = () => {
      clearTimeout(deadline);
      if (this.socket !== socket) return;
      if (this.options.speaksFirst === true)
        deadline = setTimeout(() => {
          if (this.socket === socket) this.fail(CloseCode.protocolError, "silent");
        }, firstMessageDeadline);
      this.openedAt = performance.now();
      this.options.opened();
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      clearTimeout(deadline);
      if (this.socket !== socket) return;
      try {
        this.options.message(event.data);
      } catch (error) {
        this.fail(CloseCode.protocolError, error instanceof Error ? error.message : "unreadable");
      }
    };
    socket.onclose = (event) => {
      clearTimeout(deadline);
      if (this.socket !== socket) return;
      this.socket = undefined;
      const meaning = readClose(event.code);
      if (meaning === "again" || meaning === "protocol") {
        this.lost(meaning === "protocol" ? "protocol" : "again", event.reason);
      } else {
        this.stopped = true;
        this.options.closed?.(meaning, event.reason);
      }
    };
  }

  private lost(meaning: CloseMeaning, reason: string): void {
    if (this.stopped) return;
    if (this.openedAt > 0 && performance.now() - this.openedAt > goodAfter) this.attempt = 0;
    const wasOpen = this.openedAt > 0;
    this.openedAt = 0;
    if (wasOpen) this.options.closed?.(meaning, reason);
    if (this.stopped) return;
    const delay = this.options.delay(this.attempt);
    if (delay !== undefined) this.timer = setTimeout(() => this.connect(), delay);
  }
}
