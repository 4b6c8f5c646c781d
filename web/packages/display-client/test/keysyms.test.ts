import assert from "node:assert/strict";
import { test } from "node:test";
import { keycodeOf } from "../src/keycodes.ts";
import { keysymOf, keysymOfCharacter } from "../src/keysyms.ts";

const key = (key: string, code: string, rest: Partial<Parameters<typeof keysymOf>[0]> = {}) =>
  keysymOf({ key, code, location: 0, ctrlKey: false, altKey: false, metaKey: false, ...rest });

test("characters follow the Unicode rule", () => {
  assert.equal(keysymOfCharacter(0x41), 0x41);
  assert.equal(keysymOfCharacter(0xe9), 0xe9);
  assert.equal(keysymOfCharacter(0x20ac), 0x20ac);
  assert.equal(keysymOfCharacter(0x443), 0x1000443);
  assert.equal(keysymOfCharacter(0x1f600), 0x101f600);
});

test("layouts: the character decides, not the place of the key", () => {
  assert.equal(key("z", "KeyY"), 0x7a); // de
  assert.equal(key("ö", "Semicolon"), 0xf6); // de
  assert.equal(key("ß", "Minus"), 0xdf); // de
  assert.equal(key("@", "KeyQ"), 0x40); // de, AltGr
  assert.equal(key("€", "KeyE"), 0x20ac); // de, fr, AltGr
  assert.equal(key("a", "KeyQ"), 0x61); // fr
  assert.equal(key("é", "Digit2"), 0xe9); // fr
  assert.equal(key("œ", "KeyO"), 0x1000153); // fr, oe ligature
  assert.equal(key("ł", "KeyL"), 0x1000142); // pl
});

test("chords on keyboards whose letters are not Latin go by the key", () => {
  assert.equal(key("с", "KeyC", { ctrlKey: true }), 0x63);
  assert.equal(key("с", "KeyC"), 0x1000441);
});

test("keys without a character", () => {
  assert.equal(key("Enter", "Enter"), 0xff0d);
  assert.equal(key("Enter", "NumpadEnter", { location: 3 }), 0xff8d);
  assert.equal(key("7", "Numpad7", { location: 3 }), 0xffb7);
  assert.equal(key("Home", "Numpad7", { location: 3 }), 0xff95);
  assert.equal(key("Shift", "ShiftLeft", { location: 1 }), 0xffe1);
  assert.equal(key("Shift", "ShiftRight", { location: 2 }), 0xffe2);
  assert.equal(key("AltGraph", "AltRight", { location: 2 }), 0xfe03);
  assert.equal(key("Meta", "MetaLeft", { location: 1 }), 0xffeb);
  assert.equal(key("F1", "F1"), 0xffbe);
  assert.equal(key("F24", "F24"), 0xffd5);
  assert.equal(key("AudioVolumeUp", "AudioVolumeUp"), 0x1008ff13);
  assert.equal(key("Dead", "Equal"), 0);
  assert.equal(key("Unidentified", ""), 0);
});

test("physical keys are evdev's", () => {
  const known: [string, number][] = [["Escape", 1], ["KeyA", 30], ["KeyZ", 44], ["Space", 57], ["AltRight", 100], ["ArrowUp", 103], ["Delete", 111], ["MetaLeft", 125], ["ContextMenu", 127], ["IntlBackslash", 86], ["NumpadEnter", 96], ["F12", 88]];
  for (const [code, number] of known) assert.equal(keycodeOf(code), number, code);
  assert.equal(keycodeOf("NoSuchKey"), 0);
});
