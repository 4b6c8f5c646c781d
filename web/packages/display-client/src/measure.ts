// `?measure=1`: what outside checks of latency and exactness read. Times are performance.now()'s, whose zero is performance.timeOrigin.

export interface Applied {
  inputSeq: number;
  /** When the browser got the event. */
  inputTime: number;
  /** When the canvas had the first frame that the server captured after applying it. */
  appliedTime: number;
  frame: number;
}

const maximumWaiting = 1024;

export class InputTimes {
  private readonly waiting = new Map<number, { time: number; typed: boolean }>();
  private readonly listeners = new Set<(applied: Applied) => void>();
  /** Milliseconds from a key to its picture, the last that was seen. */
  latest: number | undefined;

  sent(sequence: number, time: number, typed = false): void {
    if (this.waiting.size >= maximumWaiting) this.waiting.delete(this.waiting.keys().next().value ?? 0);
    this.waiting.set(sequence, { time, typed });
  }

  frame(frame: number, inputSequence: number, appliedTime: number): void {
    for (const [inputSeq, { time: inputTime, typed }] of this.waiting) {
      if (inputSeq > inputSequence) break;
      this.waiting.delete(inputSeq);
      if (typed) this.latest = appliedTime - inputTime;
      for (const listener of this.listeners) listener({ inputSeq, inputTime, appliedTime, frame });
    }
  }

  listen(listener: (applied: Applied) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
