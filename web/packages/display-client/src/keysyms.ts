// KeyboardEvent → X11 keysym (X11/keysymdef.h; the rule for Unicode is in appendix A of the X11 protocol).

/** Keys without a character. A pair is left and right. */
const named: Record<string, number | readonly [number, number]> = {
  Backspace: 0xff08, Tab: 0xff09, Clear: 0xff0b, Enter: 0xff0d, Pause: 0xff13, ScrollLock: 0xff14, Escape: 0xff1b, Delete: 0xffff,
  Home: 0xff50, ArrowLeft: 0xff51, ArrowUp: 0xff52, ArrowRight: 0xff53, ArrowDown: 0xff54, PageUp: 0xff55, PageDown: 0xff56, End: 0xff57,
  Select: 0xff60, PrintScreen: 0xff61, Execute: 0xff62, Insert: 0xff63, Undo: 0xff65, Redo: 0xff66, Again: 0xff66, ContextMenu: 0xff67,
  Find: 0xff68, Cancel: 0xff69, Help: 0xff6a, NumLock: 0xff7f, CapsLock: 0xffe5,
  Shift: [0xffe1, 0xffe2], Control: [0xffe3, 0xffe4], Alt: [0xffe9, 0xffea], Meta: [0xffeb, 0xffec], OS: [0xffeb, 0xffec],
  Super: [0xffeb, 0xffec], Hyper: [0xffed, 0xffee], AltGraph: 0xfe03,
  // Input methods
  Compose: 0xff20, KanjiMode: 0xff21, NonConvert: 0xff22, Convert: 0xff23, Romaji: 0xff24, Hiragana: 0xff25, Katakana: 0xff26,
  HiraganaKatakana: 0xff27, Zenkaku: 0xff28, Hankaku: 0xff29, ZenkakuHankaku: 0xff2a, KanaMode: 0xff2d, Eisu: 0xff2f,
  Alphanumeric: 0xff30, HangulMode: 0xff31, HanjaMode: 0xff34, CodeInput: 0xff37, SingleCandidate: 0xff3c, AllCandidates: 0xff3d,
  PreviousCandidate: 0xff3e, ModeChange: 0xff7e,
  // XFree86's keys of keyboards with extra rows
  BrightnessUp: 0x1008ff02, BrightnessDown: 0x1008ff03, AudioVolumeDown: 0x1008ff11, AudioVolumeMute: 0x1008ff12, AudioVolumeUp: 0x1008ff13,
  MediaPlayPause: 0x1008ff14, MediaPlay: 0x1008ff14, MediaStop: 0x1008ff15, MediaTrackPrevious: 0x1008ff16, MediaTrackNext: 0x1008ff17,
  BrowserHome: 0x1008ff18, LaunchMail: 0x1008ff19, BrowserSearch: 0x1008ff1b, MediaRecord: 0x1008ff1c, BrowserBack: 0x1008ff26,
  BrowserForward: 0x1008ff27, BrowserStop: 0x1008ff28, BrowserRefresh: 0x1008ff29, PowerOff: 0x1008ff2a, WakeUp: 0x1008ff2b,
  Eject: 0x1008ff2c, BrowserFavorites: 0x1008ff30, MediaPause: 0x1008ff31, LaunchApplication1: 0x1008ff40, LaunchApplication2: 0x1008ff1d,
  Copy: 0x1008ff57, Cut: 0x1008ff58, Paste: 0x1008ff6d, ZoomIn: 0x1008ff8b, ZoomOut: 0x1008ff8c, MediaRewind: 0x1008ff3e,
  MediaFastForward: 0x1008ff97,
};

/** The numeric pad, by KeyboardEvent.key, when the event comes from there. */
const pad: Record<string, number> = {
  Enter: 0xff8d, Home: 0xff95, ArrowLeft: 0xff96, ArrowUp: 0xff97, ArrowRight: 0xff98, ArrowDown: 0xff99, PageUp: 0xff9a, PageDown: 0xff9b,
  End: 0xff9c, Clear: 0xff9d, Insert: 0xff9e, Delete: 0xff9f, "=": 0xffbd, "*": 0xffaa, "+": 0xffab, "-": 0xffad, "/": 0xffaf,
  "0": 0xffb0, "1": 0xffb1, "2": 0xffb2, "3": 0xffb3, "4": 0xffb4, "5": 0xffb5, "6": 0xffb6, "7": 0xffb7, "8": 0xffb8, "9": 0xffb9,
  ".": 0xffae, ",": 0xffac,
};


/** The keysym of a character, by the Unicode rule: Latin-1 as it is, everything else with the 24th bit set. */
export function keysymOfCharacter(codePoint: number): number {
  if ((codePoint >= 0x20 && codePoint <= 0x7e) || (codePoint >= 0xa0 && codePoint <= 0xff)) return codePoint;
  switch (codePoint) {
    case 0x08:
      return 0xff08;
    case 0x09:
      return 0xff09;
    case 0x0a:
    case 0x0d:
      return 0xff0d;
    case 0x1b:
      return 0xff1b;
    case 0x7f:
      return 0xffff;
    case 0x20ac:
      return 0x20ac; // EuroSign: a keysym of its own, which every keymap with a euro key holds
    default:
      return 0x0100_0000 + codePoint;
  }
}

/** What the mapping reads of a KeyboardEvent. */
export interface KeyLike {
  key: string;
  code: string;
  location: number;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

const padLocation = 3;
const rightLocation = 2;

/** The characters of the physical letter and digit keys, for chords on keyboards whose letters are not Latin. */
function latinOf(code: string): string | undefined {
  if (/^Key[A-Z]$/.test(code)) return code.slice(3).toLowerCase();
  if (/^Digit\d$/.test(code)) return code.slice(5);
  return undefined;
}

/** The keysym of a key event, 0 when it has none (an input method's own event, a dead key that composes here). */
export function keysymOf(event: KeyLike): number {
  const { key, code } = event;
  if (event.location === padLocation || code.startsWith("Numpad")) {
    const found = pad[key];
    if (found !== undefined) return found;
  }
  const entry = named[key];
  if (entry !== undefined) {
    if (typeof entry === "number") return entry;
    const right = event.location === rightLocation || code.endsWith("Right");
    return entry[right ? 1 : 0];
  }
  const functionKey = /^F(\d\d?)$/.exec(key);
  if (functionKey) return 0xffbd + Number(functionKey[1]);
  const points = [...key];
  const first = points[0];
  if (first === undefined || points.length !== 1) return 0; // "Dead", "Process", "Unidentified" and names that X does not know
  const point = first.codePointAt(0) ?? 0;
  // Ctrl+С on a Cyrillic keyboard means Ctrl+C to every application, whatever keymap the remote side holds.
  if (point > 0xff && (event.ctrlKey || event.altKey || event.metaKey)) {
    const latin = latinOf(code);
    if (latin !== undefined) return latin.charCodeAt(0);
  }
  return keysymOfCharacter(point);
}

/** Keysyms by name, for the panel's chords. */
export const Keysym = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  delete: 0xffff,
  print: 0xff61,
  control: 0xffe3,
  controlRight: 0xffe4,
  shift: 0xffe1,
  alt: 0xffe9,
  altRight: 0xffea,
  super: 0xffeb,
  superRight: 0xffec,
  altGr: 0xfe03,
  f4: 0xffc1,
  f11: 0xffc8,
} as const;
