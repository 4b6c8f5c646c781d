import assert from "node:assert/strict";
import { test } from "node:test";
import * as wire from "../src/wire.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const buffer = (text: string): ArrayBuffer => {
  const bytes = Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
  return bytes.buffer;
};

test("what the browser writes, byte for byte", () => {
  assert.equal(hex(wire.encodeAck(1, 0x0203, 1500)), "410c000000010000000302 0000dc050000".replace(" ", ""));
  assert.equal(hex(wire.encodeView(3)), "420100000003");
  assert.equal(hex(wire.encodePing(0xffffffff)), "4304000000ffffffff");
  assert.equal(hex(wire.encodeKey(7, { down: true, keysym: 0x1000443, code: 30, modifiers: 65 })), "610c0000000700000001430400011e0041");
  assert.equal(hex(wire.encodePointer(8, 1919, 1079, 5)), "620900000008000000" + "7f07" + "3704" + "05");
  assert.equal(hex(wire.encodeWheel(9, 1, 2, -120, 240)), "630c0000000900000001000200" + "88ff" + "f000");
  assert.equal(hex(wire.encodeRelease(10)), "64040000000a000000");
  assert.equal(hex(wire.encodeTypedText(11, "é")), "65060000000b000000c3a9");
  assert.equal(hex(wire.encodeSize(12, 1920, 1080, 150)), "660a0000000c000000" + "8007" + "3804" + "9600");
  assert.equal(hex(wire.encodeClipboard(1, "a")), "71050000000100000061");
});

test("values out of range are bounded, not wrapped", () => {
  assert.equal(hex(wire.encodePointer(1, -5, 70000, 0)).slice(18), "0000ffff00");
  assert.equal(hex(wire.encodeWheel(1, 0, 0, 1e6, -1e6)).slice(26), "ff7f0080");
});

test("messages are split and their bounds kept", () => {
  const found = [...wire.messages(buffer("67 02000000 0100 90 01000000 ff"))].map(({ type, body }) => [type, hex(body)]);
  assert.deepEqual(found, [[0x67, "0100"], [0x90, "ff"]]);
  assert.throws(() => [...wire.messages(buffer("67 02000000 01"))], wire.WireError);
  assert.throws(() => [...wire.messages(buffer("67 0200"))], wire.WireError);
  assert.ok(wire.isOptional(0x80) && !wire.isOptional(0x7f));
});

test("bodies that the browser reads", () => {
  const body = (text: string) => new Uint8Array(buffer(text));
  const cursor = wire.readCursor(body("05000000 0100 0200 0200 0100 aabbccdd 11223344"));
  assert.deepEqual({ ...cursor, rgba: [...cursor.rgba] }, { serial: 5, hotX: 1, hotY: 2, width: 2, height: 1, rgba: [0xaa, 0xbb, 0xcc, 0xdd, 0x11, 0x22, 0x33, 0x44] });
  assert.equal(wire.readCursor(body("05000000 0000 0000 0000 0000")).width, 0);
  assert.throws(() => wire.readCursor(body("05000000 0000 0000 8100 0100")), wire.WireError);
  assert.deepEqual(wire.readPointer(body("0a00 1400")), { x: 10, y: 20 });
  assert.deepEqual(wire.readHello(body("0100 0000 03 616263")), { protocol: 1, flags: 0, build: "abc" });
  assert.deepEqual(wire.readLocks(body("0100")), { caps: true, num: false });
  assert.deepEqual(wire.readClipboard(body("02000000 c3a9")), { serial: 2, text: "é" });
  assert.deepEqual(wire.readJson(body(Buffer.from('{"viewers":2}').toString("hex"))), { viewers: 2 });
  assert.throws(() => wire.readJson(body(Buffer.from("[1]").toString("hex"))), wire.WireError);
});

test("a frame is open from its first chunk to END", () => {
  const lz = "03 01000000 00";
  const end = "04 00000000";
  const other = "06 00000000";
  assert.equal(wire.leavesFrameOpen(buffer(lz), false), true);
  assert.equal(wire.leavesFrameOpen(buffer(lz + end), false), false);
  assert.equal(wire.leavesFrameOpen(buffer(other), false), false);
  assert.equal(wire.leavesFrameOpen(buffer(other), true), true);
  assert.equal(wire.leavesFrameOpen(buffer(end + lz), true), true);
});

test("long texts are cut between characters", () => {
  assert.deepEqual(wire.piecesOf("aé日😀", 4), ["aé", "日", "😀"]);
  assert.deepEqual(wire.piecesOf("", 4), []);
  assert.equal(wire.piecesOf("x".repeat(10_000), 4096).join("").length, 10_000);
});
