// The golden messages of protocol/display, which the C++ tests read too.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EndFlag, ModifierBit } from "@oriel/protocol/display.ts";
import { FrameDecoder } from "../src/decoder.ts";
import * as wire from "../src/wire.ts";

// test.mjs puts the folder `web` in place of import.meta.dirname.
const web = import.meta.dirname ?? "";
const folder = join(web, "../protocol/display/golden");

function golden(name: string): Uint8Array<ArrayBuffer> {
  const text = readFileSync(join(folder, `${name}.hex`), "utf8").replace(/#.*/g, "").replace(/\s/g, "");
  return new Uint8Array(Buffer.from(text, "hex"));
}
const body = (name: string): Uint8Array<ArrayBuffer> => golden(name).slice(5);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const written: Record<string, Uint8Array> = {
  ack: wire.encodeAck(0x01020304, 7, 1500),
  view: wire.encodeView(3),
  ping: wire.encodePing(0xdeadbeef),
  key: wire.encodeKey(5, { down: true, keysym: 0x41, code: 30, modifiers: ModifierBit.shift }),
  "input-pointer": wire.encodePointer(6, 1919, 1079, 1),
  wheel: wire.encodeWheel(7, 10, 20, 0, -120),
  release: wire.encodeRelease(8),
  "typed-text": wire.encodeTypedText(9, "é€"),
  size: wire.encodeSize(10, 1440, 900, 150),
  "clipboard-text": wire.encodeClipboard(3, "hello"),
};
const read: Record<string, () => void> = {
  hello: () => assert.deepEqual(wire.readHello(body("hello")), { protocol: 1, flags: 0, build: "1.0" }),
  cursor: () => {
    const cursor = wire.readCursor(body("cursor"));
    assert.deepEqual([cursor.serial, cursor.hotX, cursor.hotY, cursor.width, cursor.height], [9, 1, 0, 2, 1]);
    assert.deepEqual([...cursor.rgba], [255, 0, 0, 255, 255, 255, 255, 128]);
  },
  "cursor-hidden": () => assert.equal(wire.readCursor(body("cursor-hidden")).width, 0),
  pointer: () => assert.deepEqual(wire.readPointer(body("pointer")), { x: 300, y: 200 }),
  pong: () => assert.equal(wire.readPong(body("pong")), 0xdeadbeef),
  state: () => assert.equal(wire.readJson<wire.RemoteState>(body("state")).state, "running"),
  locks: () => assert.deepEqual(wire.readLocks(body("locks")), { caps: true, num: false }),
  "clipboard-text": () => assert.deepEqual(wire.readClipboard(body("clipboard-text")), { serial: 3, text: "hello" }),
  "clipboard-refused": () => assert.equal(wire.readText(body("clipboard-refused")), "too long"),
};
/** Read by the decoder in WebAssembly. */
const decoded = ["reset", "reset-keep", "end", "frames", "frames-result"];

test("every golden message is known here", () => {
  const names = readdirSync(folder).map((file) => file.replace(/\.hex$/, ""));
  const known = new Set([...Object.keys(written), ...Object.keys(read), ...decoded]);
  assert.deepEqual(names.filter((name) => !known.has(name)), []);
  assert.deepEqual([...known].filter((name) => !names.includes(name)), []);
});

for (const [name, bytes] of Object.entries(written)) test(`writes ${name}`, () => assert.equal(hex(bytes), hex(golden(name))));
for (const [name, check] of Object.entries(read)) test(`reads ${name}`, check);

function decoder(): FrameDecoder {
  const path = execFileSync(process.execPath, [join(web, "apps/session/build.mjs"), "--decoder"], { encoding: "utf8" }).trim();
  return new FrameDecoder(new WebAssembly.Module(readFileSync(path)));
}

test("the decoder in WebAssembly makes the golden picture of the golden frames", () => {
  const frames = decoder();
  frames.input(golden("frames").buffer);
  const types = [];
  for (let type = frames.next(); type !== 0; type = frames.next()) types.push(type);
  assert.deepEqual(types, [0x02, 0x04, 0x04]);
  assert.deepEqual([frames.width, frames.height], [32, 32]);
  const rgb = [...frames.readPixels(0, 0, 32, 32)].filter((_, index) => index % 4 !== 3);
  assert.deepEqual(rgb, [...golden("frames-result")]);
  let dirty = 0;
  frames.takeDirty((_x, _y, width, height) => {
    dirty += width * height;
  });
  assert.ok(dirty >= 32 * 32);
  frames.takeDirty(() => assert.fail("taken already"));
});

test("the decoder reads END, and refuses what is not the protocol", () => {
  const frames = decoder();
  frames.input(golden("reset").buffer);
  assert.equal(frames.next(), 0x02);
  assert.deepEqual([frames.width, frames.height, frames.epoch], [640, 480, 0x01020304]);
  frames.input(golden("end").buffer);
  assert.equal(frames.next(), 0x04);
  const end = frames.end();
  assert.deepEqual([end.frame, end.inputSequence, end.flags, end.captureMicroseconds], [7, 42, EndFlag.ready | EndFlag.exact, 123456789]);
  assert.equal(frames.next(), 0);
  frames.input(new Uint8Array([0x33, 0, 0, 0, 0]).buffer);
  assert.throws(() => frames.next(), /unknown type/);
});

test("reading pixels is clipped to the frame buffer", () => {
  const frames = decoder();
  frames.input(golden("frames").buffer);
  while (frames.next() !== 0);
  assert.equal(frames.readPixels(31, 31, 2, 2)[0], frames.readPixels(31, 31, 1, 1)[0]);
  assert.deepEqual([...frames.readPixels(-1, -1, 1, 1)], [0, 0, 0, 0]);
  assert.deepEqual([...frames.readPixels(40, 40, 1, 1)], [0, 0, 0, 0]);
  assert.deepEqual([...frames.readPixels(-1, 0, 2, 1)].slice(4), [...frames.readPixels(0, 0, 1, 1)]);
});
