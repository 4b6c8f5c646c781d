// The display route: decodes what arrives and paints it on the canvas, in the task that it arrived in.
//
// All of it runs on the page's main thread: a worker with an OffscreenCanvas was measured and is no faster (README.md), its canvas costs
// twice as much to paint, and the canvas' width and height, which outside checks read, would not follow.
import { EndFlag, ServerMessage, ViewFlag } from "@oriel/protocol/display.ts";
import { type EndOfFrame, FrameDecoder } from "./decoder.ts";
import { Link, type LinkOptions } from "./link.ts";
import {
  type CursorImage,
  encodeAck,
  encodePing,
  encodeView,
  isOptional,
  leavesFrameOpen,
  readCursor,
  readHello,
  readJson,
  readPointer,
  readPong,
  type RemoteState,
  type RemoteStatistics,
  WireError,
} from "./wire.ts";

export interface DisplayHooks {
  /** The canvas shows this frame now. `applied` is performance's clock. */
  frame(end: EndOfFrame, applied: number): void;
  cursor(cursor: CursorImage): void;
  /** Something other than this viewer moved the pointer. */
  pointer(at: { x: number; y: number }): void;
  state(state: RemoteState): void;
  statistics(statistics: RemoteStatistics): void;
  /** A round trip, in milliseconds. */
  roundTrip(milliseconds: number): void;
  opened(): void;
}

/** More in a second than an honest display server sends: 60 frames, a few words and cursors, a pointer that somebody else moves. */
const mostEnds = 300;
const mostOthers = 1500;
/** WebSocket messages that wait for the decoder: the server keeps at most two frames on their way. */
const mostEarly = 2000;

/** Counts what arrives in a second, so that a flood ends the stream before it holds up the page. */
class Flood {
  private since = 0;
  private ends = 0;
  private others = 0;

  /** Throws when there are too many. */
  count(type: number, now: number): void {
    if (now - this.since > 1000) {
      this.since = now;
      this.ends = 0;
      this.others = 0;
    }
    if (type === ServerMessage.end) this.ends++;
    else this.others++;
    if (this.ends > mostEnds || this.others > mostOthers) throw new WireError("more messages than a display server sends");
  }
}

export class DisplayStream {
  private readonly link: Link;
  private readonly hooks: DisplayHooks;
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly module: Promise<WebAssembly.Module>;
  private decoder: FrameDecoder | undefined;
  private early: ArrayBuffer[] = [];
  private epoch = 0;
  private frame = 0;
  /** Bytes of a frame arrived that has not ended: the decoder stands between two frames, so the server cannot go on from the last. */
  private betweenFrames = false;
  private view: number = ViewFlag.visible;
  private pings = new Map<number, number>();
  private pingToken = 0;
  private readonly flood = new Flood();
  /** Bytes since the start, framing included. */
  received = 0;
  frames = 0;

  constructor(
    canvas: HTMLCanvasElement,
    module: Promise<WebAssembly.Module>,
    options: Omit<LinkOptions, "opened" | "message">,
    hooks: DisplayHooks,
  ) {
    this.canvas = canvas;
    this.hooks = hooks;
    this.module = module;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no 2-D canvas");
    this.context = context;
    this.link = new Link({
      ...options,
      speaksFirst: true,
      query: () => options.query() + this.resumeQuery(),
      opened: () => {
        this.early = [];
        this.pings.clear();
        this.link.send(encodeView(this.view));
        hooks.opened();
      },
      message: (data) => this.receive(data),
    });
  }

  async start(): Promise<void> {
    this.link.start();
    const module = await this.module;
    this.decoder = new FrameDecoder(module);
    const early = this.early;
    this.early = [];
    for (const data of early) this.read(this.decoder, data);
  }

  stop(): void {
    this.link.stop();
  }

  hurry(): void {
    this.link.hurry();
  }

  get open(): boolean {
    return this.link.open;
  }

  /** A hidden page gets no frames; statistics are sent only to who looks at them. */
  setView(visible: boolean, statistics: boolean): void {
    const view = (visible ? ViewFlag.visible : 0) | (statistics ? ViewFlag.statistics : 0);
    if (view === this.view) return;
    this.view = view;
    this.link.send(encodeView(view));
  }

  ping(): void {
    if (!this.open) return;
    if (this.pings.size > 8) this.pings.clear();
    this.pingToken = (this.pingToken + 1) >>> 0;
    this.pings.set(this.pingToken, performance.now());
    this.link.send(encodePing(this.pingToken));
  }

  readPixels(x: number, y: number, width: number, height: number): Uint8ClampedArray {
    if (!this.decoder) return new Uint8ClampedArray(width * height * 4);
    return this.decoder.readPixels(x, y, width, height);
  }

  get size(): { width: number; height: number } {
    return { width: this.decoder?.width ?? 0, height: this.decoder?.height ?? 0 };
  }

  private resumeQuery(): string {
    return this.decoder && this.epoch !== 0 && !this.betweenFrames ? `&epoch=${this.epoch}&frame=${this.frame}` : "";
  }

  private receive(data: ArrayBuffer): void {
    if (!(data instanceof ArrayBuffer)) throw new WireError("text where bytes are due");
    this.received += data.byteLength;
    if (this.decoder) this.read(this.decoder, data);
    else if (this.early.push(data) > mostEarly) throw new WireError("more than two frames before the first was seen");
  }

  private read(decoder: FrameDecoder, data: ArrayBuffer): void {
    const began = performance.now();
    try {
      this.betweenFrames = leavesFrameOpen(data, this.betweenFrames);
      decoder.input(data);
      for (let type = decoder.next(); type !== 0; type = decoder.next()) {
        this.flood.count(type, began);
        this.handle(decoder, type, began);
      }
    } catch (error) {
      // The decoder's state is lost; a new one starts with the new connection's RESET. The canvas keeps the last picture.
      this.epoch = 0;
      void this.module.then((module) => {
        this.decoder = new FrameDecoder(module);
      });
      throw error;
    }
  }

  private handle(decoder: FrameDecoder, type: number, began: number): void {
    switch (type) {
      case ServerMessage.reset:
        this.epoch = decoder.epoch;
        break;
      case ServerMessage.end:
        this.present(decoder, began);
        break;
      case ServerMessage.cursor:
        this.hooks.cursor(readCursor(decoder.body()));
        break;
      case ServerMessage.pointer:
        this.hooks.pointer(readPointer(decoder.body()));
        break;
      case ServerMessage.state:
        this.hooks.state(readJson<RemoteState>(decoder.body()));
        break;
      case ServerMessage.stats:
        this.hooks.statistics(readJson<RemoteStatistics>(decoder.body()));
        break;
      case ServerMessage.pong: {
        const token = readPong(decoder.body());
        const sent = this.pings.get(token);
        this.pings.delete(token);
        if (sent !== undefined) this.hooks.roundTrip(performance.now() - sent);
        break;
      }
      case ServerMessage.hello:
        readHello(decoder.body());
        break;
      default:
        if (!isOptional(type)) throw new WireError(`unknown type ${type}`);
    }
  }

  private present(decoder: FrameDecoder, began: number): void {
    const end = decoder.end();
    const { width, height } = decoder;
    // Until here the old picture stood; a new size clears the canvas, and the same task paints it whole.
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const picture = decoder.picture();
    decoder.takeDirty((x, y, w, h) => this.context.putImageData(picture, 0, 0, x, y, w, h));
    this.frame = end.frame;
    this.frames++;
    const applied = performance.now();
    this.link.send(encodeAck(end.epoch, end.frame, (applied - began) * 1000));
    this.hooks.frame(end, applied);
  }
}

export const isReady = (end: EndOfFrame): boolean => (end.flags & EndFlag.ready) !== 0;
export const isExact = (end: EndOfFrame): boolean => (end.flags & EndFlag.exact) !== 0;
