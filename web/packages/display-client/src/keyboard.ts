// Turns the browser's key events into KEY messages: which keys are down on the remote side, and why, is known here alone.
import { ModifierBit } from "@oriel/protocol/display.ts";
import { keycodeOf } from "./keycodes.ts";
import { Keysym, type KeyLike, keysymOf } from "./keysyms.ts";
import type { KeyEvent } from "./wire.ts";

export type Platform = "mac" | "windows" | "other";

/** Reads the platform from what the browser says about itself; keyboards differ by platform, not by browser. */
export function platformOf(description: string): Platform {
  if (/mac|iphone|ipad/i.test(description)) return "mac";
  return /win/i.test(description) ? "windows" : "other";
}

/** What key and pointer events tell about modifiers. */
export interface ModifiersLike {
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  timeStamp: number;
  getModifierState(name: string): boolean;
}

/** The members of a KeyboardEvent that are read. */
export interface KeyboardLike extends KeyLike, ModifiersLike {
  repeat: boolean;
  isComposing: boolean;
  keyCode: number;
}

export interface KeyboardHooks {
  /** Sends one KEY; `time` is the event's time on performance's clock. */
  send(key: KeyEvent, time: number): void;
  /** Ctrl+Alt+Shift was pressed and let go alone: the way out. */
  leave(): void;
  /** A paste chord begins. True: the browser's paste event shall come first; sending waits until `resume`. */
  paste(): boolean;
}

interface Pressed {
  keysym: number;
  code: number;
}

/** Windows sends a left Ctrl right before every AltGr: it is kept back this long to find out. Milliseconds. */
const altGrWait = 60;
/** Longest wait for the browser's paste event. Milliseconds. */
const pasteWait = 150;
/** Keys that are kept while a paste is fetched. */
const maximumHeld = 256;

/** AltGraph is not among them: not every browser reports it as a state, and losing focus releases it anyway. */
const modifierNames = ["Shift", "Control", "Alt", "Meta"] as const;
type ModifierName = (typeof modifierNames)[number];
const keysymsOfModifier: Record<ModifierName, readonly number[]> = {
  Shift: [0xffe1, 0xffe2],
  Control: [0xffe3, 0xffe4],
  Alt: [0xffe9, 0xffea],
  Meta: [0xffeb, 0xffec],
};
const isModifierKeysym = (keysym: number): boolean => (keysym >= 0xffe1 && keysym <= 0xffee) || keysym === 0xfe03;

export class Keyboard {
  private readonly pressed = new Map<string, Pressed>();
  private readonly hooks: KeyboardHooks;
  private readonly platform: Platform;
  /** Windows: a left Ctrl that may belong to AltGr. */
  private control: { event: KeyboardLike; timer: ReturnType<typeof setTimeout> } | undefined;
  private swallowedControl = false;
  /** macOS: Command is Ctrl in chords and Super when tapped alone. */
  private command: { code: string; used: boolean } | undefined;
  private leaving = false;
  private held: (() => void)[] | undefined;
  private heldTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(hooks: KeyboardHooks, platform: Platform) {
    this.hooks = hooks;
    this.platform = platform;
  }

  /** Answers whether the browser's own action must be prevented. */
  down(event: KeyboardLike): boolean {
    // The input method has the key: its text arrives as text.
    if (event.isComposing || event.keyCode === 229 || event.key === "Process" || event.key === "Dead" || event.key === "Unidentified") return false;
    const id = this.idOf(event);
    const pasting = isPaste(event, this.platform);
    if (event.repeat || (this.pressed.has(id) && !this.isLock(event))) return !pasting;
    this.settleControl(event);
    this.alignModifiers(event);
    const keysym = this.keysymOf(event);
    if (keysym === 0) return false;
    this.watchLeave(keysym);

    if (this.platform === "windows" && event.code === "ControlLeft" && !event.getModifierState("AltGraph")) {
      this.control = { event, timer: setTimeout(() => this.flushControl(), altGrWait) };
      return true;
    }
    if (this.platform === "mac") {
      if (event.key === "Meta") {
        this.command = { code: id, used: false };
        return true;
      }
      if (event.key === "CapsLock") {
        this.tap(keysym, event);
        return true;
      }
      if (event.metaKey && this.command && !isModifierKeysym(keysym)) {
        if (!this.command.used) {
          this.command.used = true;
          this.press(this.command.code, Keysym.control, keycodeOf("ControlLeft"), event);
        }
        if (pasting) this.holdForPaste();
        this.tap(keysym, event); // macOS sends no keyup while Command is down
        return !pasting;
      }
    }
    if (pasting) this.holdForPaste();
    const levels = this.levelModifiers(event, keysym);
    for (const key of levels) this.send(false, key, event);
    this.press(id, keysym, keycodeOf(event.code), event);
    for (const key of levels) this.send(true, key, event);
    return !pasting;
  }

  /** Answers whether the browser's own action must be prevented. */
  up(event: KeyboardLike): boolean {
    const id = this.idOf(event);
    if (this.swallowedControl && event.code === "ControlLeft") {
      this.swallowedControl = false;
      return true;
    }
    this.flushControl();
    const leave = this.leaving && isModifierKeysym(this.pressed.get(id)?.keysym ?? 0);
    if (this.platform === "mac") {
      if (event.key === "CapsLock") {
        this.tap(keysymOf(event), event);
        return true;
      }
      if (event.key === "Meta" && this.command) {
        const { code, used } = this.command;
        this.command = undefined;
        if (used) this.lift(code, event);
        else this.tap(Keysym.super, event);
        return true;
      }
    }
    const known = this.lift(id, event);
    if (leave) {
      this.leaving = false;
      this.hooks.leave();
    }
    return known;
  }

  /** A pointer event tells which modifiers are down too: what is not down any more is let go. */
  align(event: ModifiersLike): void {
    if (this.pressed.size > 0 && !this.control) this.alignModifiers(event);
  }

  /** Everything was released by RELEASE: forget what was down. */
  forget(): void {
    if (this.control) clearTimeout(this.control.timer);
    this.control = undefined;
    this.swallowedControl = false;
    this.command = undefined;
    this.leaving = false;
    this.pressed.clear();
    this.held = undefined;
    clearTimeout(this.heldTimer);
  }

  get anyDown(): boolean {
    return this.pressed.size > 0;
  }

  /** The clipboard is up to date: sends what was kept back. */
  resume(): void {
    clearTimeout(this.heldTimer);
    const held = this.held;
    this.held = undefined;
    for (const send of held ?? []) send();
  }

  /** A paste is on its way: what is kept back stays for longer. */
  prolong(milliseconds: number): void {
    if (!this.held) return;
    clearTimeout(this.heldTimer);
    this.heldTimer = setTimeout(() => this.resume(), milliseconds);
  }

  /** A chord made of keysyms, pressed in order and let go in reverse. */
  chord(keysyms: readonly number[], time: number): void {
    const keys = keysyms.map((keysym) => ({ keysym, code: 0 }));
    for (const { keysym, code } of keys) this.emit({ down: true, keysym, code, modifiers: 0 }, time);
    for (const { keysym, code } of keys.reverse()) this.emit({ down: false, keysym, code, modifiers: 0 }, time);
  }

  private idOf(event: KeyboardLike): string {
    return event.code === "" ? `key:${event.key}` : event.code;
  }

  private isLock(event: KeyboardLike): boolean {
    return event.key === "CapsLock" || event.key === "NumLock";
  }

  private keysymOf(event: KeyboardLike): number {
    // With Shift held, X11 keymaps make Alt a Meta, and browsers on Linux repeat that.
    if (event.key === "Meta" && /^Alt(Left|Right)$/.test(event.code)) return event.code === "AltLeft" ? Keysym.alt : Keysym.altRight;
    // Browsers on Windows report the AltGr key of some layouts as a plain right Alt together with a left Ctrl.
    if (this.platform === "windows" && event.code === "AltRight" && this.swallowedControl) return Keysym.altGr;
    return keysymOf(event);
  }

  private modifiersOf(event: ModifiersLike): number {
    const altGr = event.getModifierState("AltGraph");
    let bits = 0;
    if (event.shiftKey) bits |= ModifierBit.shift;
    if (event.ctrlKey && !altGr) bits |= ModifierBit.control;
    if (event.altKey && !altGr) bits |= ModifierBit.alt;
    if (event.metaKey) bits |= ModifierBit.meta;
    if (event.getModifierState("CapsLock")) bits |= ModifierBit.capsLock;
    if (event.getModifierState("NumLock")) bits |= ModifierBit.numLock;
    if (altGr) bits |= ModifierBit.altGraph;
    return bits;
  }

  /** Decides about a left Ctrl that was kept back, now that the next key is known. */
  private settleControl(event: KeyboardLike): void {
    if (!this.control) return;
    const pair = event.code === "AltRight" && event.timeStamp - this.control.event.timeStamp <= altGrWait;
    if (!pair) {
      this.flushControl();
      return;
    }
    clearTimeout(this.control.timer);
    this.control = undefined;
    this.swallowedControl = true;
  }

  private flushControl(): void {
    const waiting = this.control;
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.control = undefined;
    this.press("ControlLeft", Keysym.control, keycodeOf("ControlLeft"), waiting.event);
  }

  /** Lets go what the browser says is not down: its keyup went to another window. */
  private alignModifiers(event: ModifiersLike): void {
    for (const name of modifierNames) {
      if (event.getModifierState(name)) continue;
      if (name === "Control" && this.command?.used) continue;
      for (const [id, key] of this.pressed) {
        // Shift+Alt may be reported as Meta, so Alt counts while either is down.
        if (name === "Alt" && event.getModifierState("Meta")) continue;
        if (keysymsOfModifier[name].includes(key.keysym)) this.lift(id, event);
      }
    }
  }

  /**
   * Modifiers that only chose the character (Ctrl+Alt as AltGr on Windows, Option on macOS): they are let go on the remote side while the
   * character is typed, which knows its own.
   */
  private levelModifiers(event: KeyboardLike, keysym: number): Pressed[] {
    const character = keysym < 0xfd00 || keysym >= 0x0100_0000;
    if (!character || keysym >= 0x1000_0000) return [];
    const chosen =
      (this.platform === "windows" && event.getModifierState("AltGraph")) ||
      (this.platform === "mac" && event.altKey && !event.ctrlKey && !event.metaKey);
    if (!chosen) return [];
    const names = [...keysymsOfModifier.Control, ...keysymsOfModifier.Alt];
    return [...this.pressed.values()].filter((key) => names.includes(key.keysym));
  }

  private watchLeave(keysym: number): void {
    const down = [...this.pressed.values()].map((key) => key.keysym).concat(keysym);
    const others = down.filter((key) => !isModifierKeysym(key));
    const has = (name: ModifierName): boolean => down.some((key) => keysymsOfModifier[name].includes(key));
    this.leaving = others.length === 0 && has("Shift") && (has("Control") || this.control !== undefined) && has("Alt");
  }

  private holdForPaste(): void {
    if (!this.held && this.hooks.paste()) {
      this.held = [];
      this.heldTimer = setTimeout(() => this.resume(), pasteWait);
    }
  }

  private press(id: string, keysym: number, code: number, event: ModifiersLike): void {
    const key = { keysym, code };
    this.pressed.set(id, key);
    this.send(true, key, event);
  }

  private lift(id: string, event: ModifiersLike): boolean {
    const key = this.pressed.get(id);
    if (!key) return false;
    this.pressed.delete(id);
    this.send(false, key, event);
    return true;
  }

  private tap(keysym: number, event: KeyboardLike): void {
    const key = { keysym, code: keycodeOf(event.code) };
    this.send(true, key, event);
    this.send(false, key, event);
  }

  private send(down: boolean, key: Pressed, event: ModifiersLike): void {
    this.emit({ down, keysym: key.keysym, code: key.code, modifiers: this.modifiersOf(event) }, event.timeStamp);
  }

  private emit(key: KeyEvent, time: number): void {
    if (!this.held) this.hooks.send(key, time);
    else if (this.held.length < maximumHeld) this.held.push(() => this.hooks.send(key, time));
  }
}

/** Ctrl+V, Command+V, with Shift too (terminals), and Shift+Insert. */
export function isPaste(event: KeyboardLike, platform: Platform): boolean {
  if (event.altKey || event.getModifierState("AltGraph")) return false;
  if (event.key === "Insert") return event.shiftKey && !event.ctrlKey && !event.metaKey;
  if (event.key.toLowerCase() !== "v" && event.code !== "KeyV") return false;
  return platform === "mac" ? event.metaKey || event.ctrlKey : event.ctrlKey && !event.metaKey;
}
