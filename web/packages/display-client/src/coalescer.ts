// At most one message per animation frame: the first goes at once, what follows within the frame is merged and goes with the next.

export interface FrameClock {
  request(callback: () => void): number;
  cancel(id: number): void;
}

const browserClock: FrameClock = {
  request: (callback) => requestAnimationFrame(callback),
  cancel: (id) => cancelAnimationFrame(id),
};

export class Coalescer<T> {
  private readonly send: (value: T) => void;
  private readonly merge: (older: T, newer: T) => T;
  private readonly clock: FrameClock;
  private held: T | undefined;
  private frame: number | undefined;

  constructor(send: (value: T) => void, merge: (older: T, newer: T) => T, clock: FrameClock = browserClock) {
    this.send = send;
    this.merge = merge;
    this.clock = clock;
  }

  /** Something waits for the next frame. */
  get waiting(): boolean {
    return this.held !== undefined;
  }

  offer(value: T): void {
    if (this.frame !== undefined) {
      this.held = this.held === undefined ? value : this.merge(this.held, value);
      return;
    }
    this.send(value);
    this.wait();
  }

  /** Sends what waits now. */
  flush(): void {
    const held = this.held;
    this.held = undefined;
    if (held !== undefined) this.send(held);
  }

  /** Forgets what waits. */
  drop(): void {
    this.held = undefined;
  }

  private wait(): void {
    this.frame = this.clock.request(() => {
      this.frame = undefined;
      if (this.held === undefined) return;
      this.flush();
      this.wait();
    });
  }
}
