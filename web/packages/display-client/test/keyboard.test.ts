import assert from "node:assert/strict";
import { test } from "node:test";
import { isPaste, Keyboard, type KeyboardLike, type Platform, platformOf } from "../src/keyboard.ts";

let clock = 1000;
function event(key: string, code: string, modifiers = "", rest: Partial<KeyboardLike> = {}): KeyboardLike {
  const names: Record<string, string> = { s: "Shift", c: "Control", a: "Alt", m: "Meta", g: "AltGraph", C: "CapsLock", N: "NumLock" };
  const on = new Set([...modifiers].map((letter) => names[letter]));
  clock += 5;
  return {
    key,
    code,
    location: code.endsWith("Left") ? 1 : code.endsWith("Right") ? 2 : 0,
    shiftKey: on.has("Shift"),
    ctrlKey: on.has("Control"),
    altKey: on.has("Alt"),
    metaKey: on.has("Meta"),
    repeat: false,
    isComposing: false,
    keyCode: 0,
    timeStamp: clock,
    getModifierState: (name) => on.has(name),
    ...rest,
  };
}

function keyboard(platform: Platform = "other", paste = false) {
  const sent: string[] = [];
  let left = 0;
  const board = new Keyboard(
    { send: (key) => sent.push(`${key.down ? "+" : "-"}${key.keysym.toString(16)}`), leave: () => left++, paste: () => paste },
    platform,
  );
  return { board, sent, left: () => left };
}

test("a key is pressed once and let go with the keysym that it was pressed with", () => {
  const { board, sent } = keyboard();
  board.down(event("a", "KeyA"));
  assert.equal(board.down(event("a", "KeyA", "", { repeat: true })), true, "the browser's repeat is ignored and prevented");
  board.up(event("A", "KeyA", "s"));
  assert.deepEqual(sent, ["+61", "-61"]);
  assert.equal(board.up(event("x", "KeyX")), false, "a key that was not pressed here");
});

test("input methods and dead keys keep their keys", () => {
  const { board, sent } = keyboard();
  assert.equal(board.down(event("Process", "KeyA", "", { keyCode: 229 })), false);
  assert.equal(board.down(event("Dead", "Equal")), false);
  assert.equal(board.down(event("a", "KeyA", "", { isComposing: true })), false);
  assert.deepEqual(sent, []);
});

test("AltGr on Windows is not Ctrl+Alt", () => {
  const { board, sent } = keyboard("windows");
  board.down(event("Control", "ControlLeft", "c"));
  board.down(event("AltGraph", "AltRight", "cag"));
  board.down(event("@", "KeyQ", "cag"));
  board.up(event("@", "KeyQ", "cag"));
  board.up(event("Control", "ControlLeft"));
  board.up(event("AltGraph", "AltRight"));
  assert.deepEqual(sent, ["+fe03", "+40", "-40", "-fe03"]);
});

test("a left Ctrl on Windows waits for the next key, no longer", () => {
  const { board, sent } = keyboard("windows");
  board.down(event("Control", "ControlLeft", "c"));
  assert.deepEqual(sent, []);
  board.down(event("c", "KeyC", "c"));
  assert.deepEqual(sent, ["+ffe3", "+63"]);
  board.up(event("c", "KeyC", "c"));
  board.up(event("Control", "ControlLeft"));
  assert.deepEqual(sent, ["+ffe3", "+63", "-63", "-ffe3"]);
});

test("Ctrl+Alt as AltGr on Windows: let go while the character is typed", () => {
  const { board, sent } = keyboard("windows");
  board.down(event("Control", "ControlLeft", "c", { timeStamp: 1 }));
  board.down(event("Alt", "AltLeft", "ca", { timeStamp: 500 }));
  board.down(event("{", "Digit7", "cag"));
  assert.deepEqual(sent, ["+ffe3", "+ffe9", "-ffe3", "-ffe9", "+7b", "+ffe3", "+ffe9"]);
});

test("Option on macOS types its character", () => {
  const { board, sent } = keyboard("mac");
  board.down(event("Alt", "AltLeft", "a"));
  board.down(event("@", "KeyL", "a"));
  assert.deepEqual(sent, ["+ffe9", "-ffe9", "+40", "+ffe9"]);
  board.up(event("@", "KeyL", "a"));
  board.down(event("ArrowLeft", "ArrowLeft", "a"));
  assert.deepEqual(sent.slice(4), ["-40", "+ff51"], "no character: Alt stays");
});

test("Command on macOS is Ctrl in chords and Super alone", () => {
  const { board, sent } = keyboard("mac");
  board.down(event("Meta", "MetaLeft", "m"));
  board.down(event("c", "KeyC", "m"));
  board.down(event("x", "KeyX", "m"));
  board.up(event("Meta", "MetaLeft"));
  assert.deepEqual(sent, ["+ffe3", "+63", "-63", "+78", "-78", "-ffe3"]);
  board.down(event("Meta", "MetaLeft", "m"));
  board.up(event("Meta", "MetaLeft"));
  assert.deepEqual(sent.slice(6), ["+ffeb", "-ffeb"]);
});

test("a modifier whose keyup went elsewhere is let go with the next event", () => {
  const { board, sent } = keyboard();
  board.down(event("Alt", "AltLeft", "a"));
  board.down(event("x", "KeyX"));
  assert.deepEqual(sent, ["+ffe9", "-ffe9", "+78"]);
  board.down(event("Shift", "ShiftLeft", "s"));
  board.align(event("", "", ""));
  assert.deepEqual(sent.slice(3), ["+ffe1", "-ffe1"]);
});

test("Ctrl+Alt+Shift pressed and let go alone leaves; with another key it does not", () => {
  const one = keyboard();
  one.board.down(event("Control", "ControlLeft", "c"));
  one.board.down(event("Alt", "AltLeft", "ca"));
  one.board.down(event("Shift", "ShiftLeft", "cas"));
  assert.equal(one.left(), 0);
  one.board.up(event("Shift", "ShiftLeft", "ca"));
  assert.equal(one.left(), 1);
  const two = keyboard();
  two.board.down(event("Control", "ControlLeft", "c"));
  two.board.down(event("Alt", "AltLeft", "ca"));
  two.board.down(event("Meta", "ShiftLeft", "cas", { key: "Shift" }));
  two.board.down(event("Escape", "Escape", "cas"));
  two.board.up(event("Escape", "Escape", "cas"));
  two.board.up(event("Shift", "ShiftLeft", "ca"));
  assert.equal(two.left(), 0);
});

test("a paste keeps its key back until the clipboard is there", () => {
  const { board, sent } = keyboard("other", true);
  board.down(event("Control", "ControlLeft", "c"));
  assert.equal(board.down(event("v", "KeyV", "c")), false, "the browser must fire its paste event");
  board.up(event("v", "KeyV", "c"));
  board.up(event("Control", "ControlLeft"));
  assert.deepEqual(sent, ["+ffe3"]);
  board.resume();
  assert.deepEqual(sent, ["+ffe3", "+76", "-76", "-ffe3"]);
  board.forget();
});

test("which chords paste", () => {
  assert.ok(isPaste(event("v", "KeyV", "c"), "other"));
  assert.ok(isPaste(event("V", "KeyV", "cs"), "windows"));
  assert.ok(isPaste(event("v", "KeyV", "m"), "mac"));
  assert.ok(isPaste(event("Insert", "Insert", "s"), "other"));
  assert.ok(!isPaste(event("v", "KeyV"), "other"));
  assert.ok(!isPaste(event("v", "KeyV", "ca"), "other"));
  assert.ok(!isPaste(event("v", "KeyV", "m"), "other"));
});

test("platforms", () => {
  assert.equal(platformOf("MacIntel"), "mac");
  assert.equal(platformOf("Win32"), "windows");
  assert.equal(platformOf("Linux x86_64"), "other");
});
