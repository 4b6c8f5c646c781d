// Numbers of the connection, once a second: what the lamp, its pop-over and the frame statistics show.
import type { RemoteStatistics } from "@oriel/display-client";

export interface Sample {
  roundTrip: number | undefined;
  keyToPicture: number | undefined;
  megabits: number;
  frames: number;
  exact: boolean;
  open: boolean;
  remote: RemoteStatistics | undefined;
}

export type Quality = "good" | "fair" | "bad" | "lost" | "unknown";

/** From round trips: below 80 ms nobody notices, above 250 ms everybody does. */
export function qualityOf(sample: Pick<Sample, "roundTrip" | "open">): Quality {
  if (!sample.open) return "lost";
  if (sample.roundTrip === undefined) return "unknown";
  return sample.roundTrip < 80 ? "good" : sample.roundTrip < 250 ? "fair" : "bad";
}

const kept = 60;

export class Statistics {
  readonly roundTrips: number[] = [];
  private latest: number | undefined;
  private received = 0;
  private frames = 0;
  private at = performance.now();
  exact = false;
  remote: RemoteStatistics | undefined;

  roundTrip(milliseconds: number): void {
    this.latest = milliseconds;
  }

  /** Takes a sample; the counters count from the page's start. */
  sample(counters: { received: number; frames: number; open: boolean; keyToPicture: number | undefined }, now: number): Sample {
    const seconds = Math.max(0.001, (now - this.at) / 1000);
    const megabits = ((counters.received - this.received) * 8) / 1e6 / seconds;
    const frames = (counters.frames - this.frames) / seconds;
    this.received = counters.received;
    this.frames = counters.frames;
    this.at = now;
    if (this.latest !== undefined) {
      this.roundTrips.push(this.latest);
      if (this.roundTrips.length > kept) this.roundTrips.shift();
    }
    return {
      roundTrip: this.latest,
      keyToPicture: counters.keyToPicture,
      megabits,
      frames,
      exact: this.exact,
      open: counters.open,
      remote: this.remote,
    };
  }
}

/** An SVG path of values over a box of `width` × `height`, the newest at the right. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return "";
  const top = Math.max(10, ...values) * 1.15;
  const step = width / (kept - 1);
  const start = width - step * (values.length - 1);
  return values.map((value, index) => `${index === 0 ? "M" : "L"}${(start + index * step).toFixed(1)} ${(height - (value / top) * height).toFixed(1)}`).join("");
}
