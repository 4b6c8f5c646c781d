// The size that the remote screen should have, in device pixels: the first change goes at once, the last of a burst 60 ms after it.
import type { WindowSize } from "./input_stream.ts";

const trailing = 60;
const minimumSide = 64;

export class WindowSizeFollower {
  private readonly element: HTMLElement;
  private readonly changed: (size: WindowSize, time: number) => void;
  private readonly observer: ResizeObserver;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private density: MediaQueryList | undefined;
  private sent: WindowSize | undefined;
  private device: { width: number; height: number } | undefined;
  /** Device pixels that one remote pixel covers: 1 is sharp, more is larger. */
  private zoom = 1;

  constructor(element: HTMLElement, changed: (size: WindowSize, time: number) => void) {
    this.element = element;
    this.changed = changed;
    this.observer = new ResizeObserver((entries) => {
      const box = entries[0]?.devicePixelContentBoxSize?.[0];
      this.device = box ? { width: box.inlineSize, height: box.blockSize } : undefined;
      this.offer();
    });
    try {
      this.observer.observe(element, { box: "device-pixel-content-box" });
    } catch {
      this.observer.observe(element); // Safari
    }
    this.watchDensity();
  }

  get zoomFactor(): number {
    return this.zoom;
  }

  setZoom(zoom: number): void {
    this.zoom = zoom;
    this.offer();
  }

  /** What the remote screen should be now. */
  measure(): WindowSize {
    const density = window.devicePixelRatio || 1;
    const width = exactOr(this.device?.width, this.element.clientWidth * density);
    const height = exactOr(this.device?.height, this.element.clientHeight * density);
    return {
      width: Math.max(minimumSide, Math.floor(width / this.zoom)),
      height: Math.max(minimumSide, Math.floor(height / this.zoom)),
      scalePercent: Math.round((density * 100) / this.zoom),
    };
  }

  private offer(): void {
    if (this.timer === undefined) {
      this.send();
    } else {
      clearTimeout(this.timer);
    }
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.send();
    }, trailing);
  }

  private send(): void {
    const size = this.measure();
    if (size.width === this.sent?.width && size.height === this.sent.height && size.scalePercent === this.sent.scalePercent) return;
    this.sent = size;
    this.changed(size, performance.now());
  }

  /** Moving to another screen or zooming the page changes the density, and not always the box. */
  private watchDensity(): void {
    this.density = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    this.density.addEventListener(
      "change",
      () => {
        this.device = undefined;
        this.offer();
        this.watchDensity();
      },
      { once: true },
    );
  }
}

/** The observed count of device pixels, unless it contradicts the density that the page is told (emulated densities do). */
function exactOr(observed: number | undefined, computed: number): number {
  return observed !== undefined && Math.abs(observed - computed) < 1.5 ? observed : Math.round(computed);
}
