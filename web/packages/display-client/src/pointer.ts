// Pointer, wheel and touch on the canvas → POINTER and WHEEL, at most one of each per animation frame.
import { ButtonBit } from "@oriel/protocol/display.ts";
import { Coalescer } from "./coalescer.ts";
import { TouchGestures } from "./touch.ts";

export interface PointerHooks {
  /** Position in pixels of the remote screen. */
  pointer(x: number, y: number, buttons: number, time: number): void;
  /** 1/120 notch. */
  wheel(x: number, y: number, dx: number, dy: number, time: number): void;
  /** Before anything of an event is sent: modifiers, focus, clipboard. */
  before(event: PointerEvent | WheelEvent): void;
}

/** MouseEvent.buttons → protocol: the browser has right before middle. */
export function buttonsOf(buttons: number): number {
  let bits = 0;
  if (buttons & 1) bits |= ButtonBit.left;
  if (buttons & 4) bits |= ButtonBit.middle;
  if (buttons & 2) bits |= ButtonBit.right;
  if (buttons & 8) bits |= ButtonBit.back;
  if (buttons & 16) bits |= ButtonBit.forward;
  return bits;
}

/** What is read of a WheelEvent. `wheelDeltaX/Y` are older than the standard and still the only exact notch count. */
export interface WheelLike {
  deltaX: number;
  deltaY: number;
  deltaMode: number;
  wheelDeltaX?: number;
  wheelDeltaY?: number;
}

/** Pixels of scrolling that make a notch: what browsers scroll for one on an ordinary page. */
const pixelsPerNotch = 100;
const linesPerNotch = 3;

function notches(delta: number, mode: number, wheelDelta: number | undefined): number {
  if (delta === 0) return 0;
  // A wheel with notches reports multiples of 120; a touchpad reports three times its pixels. Where the distance is much longer than the
  // notches say, the user has asked for faster scrolling, and gets it here too.
  const exact = mode === 0 && wheelDelta !== undefined && wheelDelta !== 0 && wheelDelta % 120 === 0;
  if (exact && Math.abs(delta) < 1.5 * Math.abs(wheelDelta)) return -wheelDelta;
  const perNotch = mode === 0 ? pixelsPerNotch : mode === 1 ? linesPerNotch : 1;
  return (delta / perNotch) * 120;
}

/** In 1/120 notch, positive to the right and down. */
export function wheelOf(event: WheelLike): { dx: number; dy: number } {
  return {
    dx: notches(event.deltaX, event.deltaMode, event.wheelDeltaX),
    dy: notches(event.deltaY, event.deltaMode, event.wheelDeltaY),
  };
}

export class PointerInput {
  private readonly canvas: HTMLCanvasElement;
  private readonly hooks: PointerHooks;
  private readonly moves: Coalescer<{ x: number; y: number; buttons: number; time: number }>;
  private readonly turns: Coalescer<{ x: number; y: number; dx: number; dy: number; time: number }>;
  private readonly touch: TouchGestures;
  private readonly ending = new AbortController();
  private last = { x: -1, y: -1, buttons: 0 };

  constructor(canvas: HTMLCanvasElement, hooks: PointerHooks) {
    this.canvas = canvas;
    this.hooks = hooks;
    this.moves = new Coalescer(
      (move) => this.send(move.x, move.y, move.buttons, move.time),
      (_, newer) => newer,
    );
    this.turns = new Coalescer(
      (turn) => hooks.wheel(turn.x, turn.y, turn.dx, turn.dy, turn.time),
      (older, newer) => ({ ...newer, dx: older.dx + newer.dx, dy: older.dy + newer.dy, time: older.time }),
    );
    this.touch = new TouchGestures({
      move: (x, y, buttons, time) => {
        const at = this.place(x, y);
        if (buttons === this.last.buttons) this.moves.offer({ ...at, buttons, time });
        else this.now(at.x, at.y, buttons, time);
      },
      scroll: (x, y, dx, dy, time) => this.turns.offer({ ...this.place(x, y), dx, dy, time }),
    });
    const listen = <K extends keyof HTMLElementEventMap>(type: K, handler: (event: HTMLElementEventMap[K]) => void): void =>
      canvas.addEventListener(type, handler, { passive: false, signal: this.ending.signal });
    listen("pointerdown", (event) => this.button(event));
    listen("pointerup", (event) => this.button(event));
    listen("pointercancel", (event) => this.cancel(event));
    listen("wheel", (event) => this.turn(event));
    for (const type of ["contextmenu", "dragstart", "mousedown", "auxclick"] as const) listen(type, (event) => event.preventDefault());
    // Raw updates come before the frame that the browser aligns its moves to: up to 16 ms sooner.
    if ("onpointerrawupdate" in canvas) {
      canvas.addEventListener("pointerrawupdate", (event) => this.move(event as PointerEvent), { signal: this.ending.signal });
    }
    // A second button pressed or let go is a move too.
    listen("pointermove", (event) => this.move(event));
  }

  stop(): void {
    this.ending.abort();
    this.moves.drop();
    this.turns.drop();
    this.touch.reset();
  }

  get anyDown(): boolean {
    return this.last.buttons !== 0;
  }

  /** Everything was released by RELEASE. */
  forget(): void {
    this.last.buttons = 0;
    this.moves.drop();
    this.touch.reset();
  }

  private place(clientX: number, clientY: number): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.canvas;
    const x = Math.floor(((clientX - box.left) * width) / Math.max(1, box.width));
    const y = Math.floor(((clientY - box.top) * height) / Math.max(1, box.height));
    return { x: Math.max(0, Math.min(width - 1, x)), y: Math.max(0, Math.min(height - 1, y)) };
  }

  private move(event: PointerEvent): void {
    if (event.pointerType === "touch") {
      if (this.touch.move(event.pointerId, event.clientX, event.clientY, event.timeStamp)) this.hooks.before(event);
      return;
    }
    const buttons = buttonsOf(event.buttons);
    const at = this.place(event.clientX, event.clientY);
    if (at.x === this.last.x && at.y === this.last.y && buttons === this.last.buttons && !this.moves.waiting) return;
    this.hooks.before(event);
    if (buttons !== this.last.buttons) this.now(at.x, at.y, buttons, event.timeStamp);
    else this.moves.offer({ ...at, buttons, time: event.timeStamp });
  }

  private button(event: PointerEvent): void {
    event.preventDefault();
    this.hooks.before(event);
    if (event.type === "pointerdown") {
      try {
        this.canvas.setPointerCapture(event.pointerId);
      } catch {
        // The pointer is gone already.
      }
    }
    if (event.pointerType === "touch") {
      if (event.type === "pointerdown") this.touch.down(event.pointerId, event.clientX, event.clientY, event.timeStamp);
      else this.touch.up(event.pointerId, event.timeStamp);
      return;
    }
    const at = this.place(event.clientX, event.clientY);
    this.now(at.x, at.y, buttonsOf(event.buttons), event.timeStamp);
  }

  private cancel(event: PointerEvent): void {
    if (event.pointerType === "touch") this.touch.cancel(event.timeStamp);
    else this.now(this.last.x, this.last.y, 0, event.timeStamp);
  }

  private turn(event: WheelEvent): void {
    event.preventDefault();
    this.hooks.before(event);
    const { dx, dy } = wheelOf(event as unknown as WheelLike);
    this.moves.flush();
    if (dx !== 0 || dy !== 0) this.turns.offer({ ...this.place(event.clientX, event.clientY), dx, dy, time: event.timeStamp });
  }

  /** Buttons wait for no frame; a move that waits is older and would come late. */
  private now(x: number, y: number, buttons: number, time: number): void {
    this.moves.drop();
    this.turns.flush();
    if (this.last.x !== x || this.last.y !== y || this.last.buttons !== buttons) this.send(x, y, buttons, time);
  }

  private send(x: number, y: number, buttons: number, time: number): void {
    this.last = { x, y, buttons };
    this.hooks.pointer(x, y, buttons, time);
  }
}
