import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventSourceLike, EventStream } from "../src/events.ts";

/** Time that passes when the test says so. (Node 18's mock timers lose what is set between two ticks.) */
class ManualTimers {
  #now = 0;
  #next = 1;
  readonly #waiting = new Map<number, { at: number; run: () => void }>();
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  constructor() {
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delay = 0) => {
        this.#waiting.set(this.#next, { at: this.#now + delay, run });
        return this.#next++;
      },
      clearTimeout: (id?: number) => id !== undefined && this.#waiting.delete(id),
    });
  }
  tick(milliseconds: number) {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#waiting].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#waiting.delete(due[0]);
      this.#now = due[1].at;
      due[1].run();
    }
    this.#now = end;
  }
  restore() {
    Object.assign(globalThis, this.#real);
  }
}

class FakeSource implements EventSourceLike {
  static all: FakeSource[] = [];
  readyState = 1;
  closed = false;
  readonly #listeners = new Map<string, ((event: { data?: unknown }) => void)[]>();
  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }
  addEventListener(type: string, listener: (event: { data?: unknown }) => void) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }
  close() {
    this.closed = true;
  }
  say(type: string, data?: unknown) {
    for (const listener of this.#listeners.get(type) ?? [])
      listener({ data: data === undefined ? undefined : JSON.stringify(data) });
  }
}

function start(scope: "own" | "admin" = "own") {
  FakeSource.all = [];
  const told: string[] = [];
  const stream = new EventStream(
    {
      session: (session) => told.push(`session ${session.id}`),
      sessionRemoved: (id) => told.push(`removed ${id}`),
      workspaces: () => told.push("workspaces"),
      server: (server) => told.push(`server ${server.id}`),
      ready: (mentioned) => told.push(`ready ${[...mentioned].join(",")}`),
      connected: (connected) => told.push(connected ? "up" : "down"),
    },
    { scope, open: (url) => new FakeSource(url), silence: 40_000, firstPause: 100, longestPause: 1000, random: () => 1 },
  );
  const latest = () => FakeSource.all[FakeSource.all.length - 1] as FakeSource;
  return { stream, told, latest };
}

test("tells the snapshot, then ready with what it mentioned, then changes", () => {
  const { stream, told, latest } = start("admin");
  assert.equal(latest().url, "/api/v1/events?scope=admin");
  latest().say("session", { id: "a" });
  latest().say("session", { id: "b" });
  latest().say("ready");
  latest().say("session", { id: "c" });
  latest().say("server", { id: "s" });
  latest().say("session-removed", { id: "a" });
  latest().say("workspaces", {});
  assert.deepEqual(told, ["session a", "session b", "ready a,b", "up", "session c", "server s", "removed a", "workspaces"]);
  stream.close();
});

test("reconnects with growing pauses, at once when hurried, and starts over after success", () => {
  const timers = new ManualTimers();
  const { stream, told, latest } = start();
  latest().say("ready");
  latest().say("error");
  assert.deepEqual(told, ["ready ", "up", "down"]);
  assert.equal(FakeSource.all[0]?.closed, true);
  timers.tick(99);
  assert.equal(FakeSource.all.length, 1);
  timers.tick(1);
  assert.equal(FakeSource.all.length, 2);
  latest().say("error");
  timers.tick(199);
  assert.equal(FakeSource.all.length, 2);
  stream.hurry();
  assert.equal(FakeSource.all.length, 3);
  timers.tick(1000);
  assert.equal(FakeSource.all.length, 3, "the pause that was cut short does not connect a second time");
  latest().say("ready");
  latest().say("error");
  timers.tick(100);
  assert.equal(FakeSource.all.length, 4);
  stream.close();
  assert.equal(latest().closed, true);
  timers.tick(60_000);
  assert.equal(FakeSource.all.length, 4);
  timers.restore();
});

test("a stream that falls silent is given up; pings keep it", () => {
  const timers = new ManualTimers();
  const { stream, told, latest } = start();
  latest().say("ready");
  timers.tick(39_000);
  latest().say("ping");
  timers.tick(39_000);
  assert.equal(told.includes("down"), false);
  timers.tick(1_000);
  assert.equal(told.includes("down"), true);
  stream.close();
  timers.restore();
});
