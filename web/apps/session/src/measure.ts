// `?measure=1`: window.orielMeasure for outside checks of latency and exactness.
import type { Applied, SessionClient } from "@oriel/display-client";

export interface OrielMeasure {
  /** Each input once: when it happened, and when the canvas had the first frame captured after it was applied (performance.now()'s clock). */
  on(event: "applied", listener: (applied: Applied) => void): () => void;
  /** RGBA of the client's frame buffer. */
  readPixels(x: number, y: number, width: number, height: number): Uint8ClampedArray;
  state(): Record<string, unknown>;
}

export function exposeMeasure(client: SessionClient, state: () => Record<string, unknown>): void {
  const measure: OrielMeasure = {
    on: (_event, listener) => client.times.listen(listener),
    readPixels: (x, y, width, height) => client.display.readPixels(x, y, width, height),
    state: () => ({
      ...state(),
      ...client.display.size,
      frames: client.display.frames,
      received: client.display.received,
      open: client.display.open,
      input: client.input.open,
      clipboard: client.clipboard.open,
    }),
  };
  (window as Window & { orielMeasure?: OrielMeasure }).orielMeasure = measure;
}
