// Fingers as a mouse: tap = left click, long press = right click, drag = left drag, two fingers = scroll.
import { ButtonBit } from "@oriel/protocol/display.ts";

export interface TouchHooks {
  /** Client coordinates; buttons of the protocol. */
  move(x: number, y: number, buttons: number, time: number): void;
  /** 1/120 notch at client coordinates. */
  scroll(x: number, y: number, dx: number, dy: number, time: number): void;
}

/** A finger that moved less is still tapping. CSS pixels. */
const tapRadius = 8;
const longPress = 550;
/** CSS pixels of two fingers that make a notch. */
const pixelsPerNotch = 36;

interface Finger {
  x: number;
  y: number;
}

export class TouchGestures {
  private readonly hooks: TouchHooks;
  private readonly fingers = new Map<number, Finger>();
  private mode: "none" | "undecided" | "drag" | "scroll" | "spent" = "none";
  private start: Finger = { x: 0, y: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hooks: TouchHooks) {
    this.hooks = hooks;
  }

  down(id: number, x: number, y: number, time: number): void {
    this.fingers.set(id, { x, y });
    if (this.fingers.size === 1) {
      this.mode = "undecided";
      this.start = { x, y };
      this.hooks.move(x, y, 0, time);
      this.timer = setTimeout(() => {
        if (this.mode !== "undecided") return;
        this.mode = "spent";
        const now = performance.now();
        this.hooks.move(x, y, ButtonBit.right, now);
        this.hooks.move(x, y, 0, now);
      }, longPress);
    } else if (this.fingers.size === 2) {
      clearTimeout(this.timer);
      if (this.mode === "drag") this.hooks.move(this.start.x, this.start.y, 0, time);
      this.mode = this.mode === "spent" ? "spent" : "scroll";
    }
  }

  /** Answers whether anything was made of it. */
  move(id: number, x: number, y: number, time: number): boolean {
    const finger = this.fingers.get(id);
    if (!finger) return false;
    if (this.mode === "scroll") {
      // Each finger carries half of the movement of both; the content follows the fingers.
      const share = 120 / pixelsPerNotch / Math.max(1, this.fingers.size);
      this.hooks.scroll(this.start.x, this.start.y, (finger.x - x) * share, (finger.y - y) * share, time);
    }
    finger.x = x;
    finger.y = y;
    if (this.mode === "undecided" && Math.hypot(x - this.start.x, y - this.start.y) > tapRadius) {
      clearTimeout(this.timer);
      this.mode = "drag";
      this.hooks.move(this.start.x, this.start.y, ButtonBit.left, time);
    }
    if (this.mode === "drag") {
      this.start = { x, y };
      this.hooks.move(x, y, ButtonBit.left, time);
    }
    return true;
  }

  up(id: number, time: number): void {
    const finger = this.fingers.get(id);
    if (!finger) return;
    this.fingers.delete(id);
    clearTimeout(this.timer);
    if (this.mode === "undecided") {
      this.hooks.move(this.start.x, this.start.y, ButtonBit.left, time);
      this.hooks.move(this.start.x, this.start.y, 0, time);
    } else if (this.mode === "drag") {
      this.hooks.move(finger.x, finger.y, 0, time);
    }
    this.mode = this.fingers.size === 0 ? "none" : "spent";
  }

  cancel(time: number): void {
    if (this.mode === "drag") this.hooks.move(this.start.x, this.start.y, 0, time);
    this.reset();
  }

  reset(): void {
    clearTimeout(this.timer);
    this.fingers.clear();
    this.mode = "none";
  }
}
