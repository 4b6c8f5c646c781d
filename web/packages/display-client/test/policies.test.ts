import assert from "node:assert/strict";
import { test } from "node:test";
import { Coalescer } from "../src/coalescer.ts";
import { InputTimes } from "../src/measure.ts";
import { buttonsOf, wheelOf } from "../src/pointer.ts";
import { readClose, reconnectDelay, startingDelay } from "../src/reconnect.ts";
import { TouchGestures } from "../src/touch.ts";

test("reconnecting: at once, then 100 ms doubling to 2 s", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 20].map(reconnectDelay), [0, 100, 200, 400, 800, 1600, 2000, 2000]);
});

test("starting: each 50 ms, and not for long, because browsers punish failures", () => {
  assert.deepEqual([1, 6, 7, 10, 11, 50].map(startingDelay), [50, 50, 250, 250, 1000, 1000]);
});

test("close codes", () => {
  assert.deepEqual([1000, 1006, 1012, 4001, 4002, 4003, 4004].map(readClose), ["again", "again", "again", "ended", "revoked", "protocol", "taken over"]);
});

function clock() {
  let next: (() => void) | undefined;
  return {
    request: (callback: () => void) => {
      next = callback;
      return 1;
    },
    cancel: () => {
      next = undefined;
    },
    frame: () => {
      const callback = next;
      next = undefined;
      callback?.();
    },
  };
}

test("one message a frame: the first at once, the rest merged", () => {
  const sent: number[] = [];
  const frames = clock();
  const coalescer = new Coalescer<number>((value) => sent.push(value), (older, newer) => older + newer, frames);
  coalescer.offer(1);
  assert.deepEqual(sent, [1]);
  coalescer.offer(2);
  coalescer.offer(3);
  assert.deepEqual(sent, [1]);
  frames.frame();
  assert.deepEqual(sent, [1, 5]);
  coalescer.offer(4);
  assert.deepEqual(sent, [1, 5], "the frame that just sent has begun another");
  frames.frame();
  frames.frame();
  coalescer.offer(6);
  assert.deepEqual(sent, [1, 5, 4, 6]);
  coalescer.offer(7);
  coalescer.flush();
  assert.deepEqual(sent, [1, 5, 4, 6, 7]);
  coalescer.offer(8);
  coalescer.drop();
  frames.frame();
  assert.equal(sent.length, 5);
});

test("buttons and wheel in the protocol's terms", () => {
  assert.deepEqual([1, 2, 4, 8, 16, 3].map(buttonsOf), [1, 4, 2, 8, 16, 5]);
  assert.deepEqual(wheelOf({ deltaX: 0, deltaY: 120, deltaMode: 0, wheelDeltaX: 0, wheelDeltaY: -120 }), { dx: 0, dy: 120 });
  assert.deepEqual(wheelOf({ deltaX: 0, deltaY: 3, deltaMode: 1 }), { dx: 0, dy: 120 });
  assert.deepEqual(wheelOf({ deltaX: 10, deltaY: 0, deltaMode: 0, wheelDeltaX: -30 }), { dx: 12, dy: 0 });
  assert.deepEqual(wheelOf({ deltaX: 0, deltaY: -1, deltaMode: 2 }), { dx: 0, dy: -120 });
});

test("touch: tap clicks, drag drags, two fingers scroll without a click", () => {
  const done: string[] = [];
  const touch = new TouchGestures({ move: (x, y, buttons) => done.push(`${x},${y}:${buttons}`), scroll: (_x, _y, dx, dy) => done.push(`scroll ${dx.toFixed(0)},${dy.toFixed(0)}`) });
  touch.down(1, 10, 10, 0);
  touch.up(1, 1);
  assert.deepEqual(done.splice(0), ["10,10:0", "10,10:1", "10,10:0"]);
  touch.down(1, 10, 10, 0);
  touch.move(1, 12, 10, 1);
  touch.move(1, 40, 10, 2);
  touch.up(1, 3);
  assert.deepEqual(done.splice(0), ["10,10:0", "10,10:1", "40,10:1", "40,10:0"]);
  touch.down(1, 10, 50, 0);
  touch.down(2, 60, 50, 1);
  touch.move(1, 10, 14, 2);
  touch.move(2, 60, 14, 2);
  touch.up(1, 3);
  touch.move(2, 60, 100, 4);
  touch.up(2, 5);
  assert.deepEqual(done.splice(0), ["10,50:0", "scroll 0,60", "scroll 0,60"]);
});

test("each input is reported once, with the first frame captured after it", () => {
  const times = new InputTimes();
  const seen: unknown[] = [];
  times.listen((applied) => seen.push(applied));
  times.sent(1, 100, true);
  times.sent(2, 110);
  times.sent(3, 120);
  times.frame(7, 0, 125);
  assert.deepEqual(seen, []);
  times.frame(8, 2, 130);
  assert.deepEqual(seen, [
    { inputSeq: 1, inputTime: 100, appliedTime: 130, frame: 8 },
    { inputSeq: 2, inputTime: 110, appliedTime: 130, frame: 8 },
  ]);
  assert.equal(times.latest, 30);
  times.frame(9, 2, 140);
  assert.equal(seen.length, 2);
});
