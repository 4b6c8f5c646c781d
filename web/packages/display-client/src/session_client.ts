// One session in one page: the three routes, the canvas and the person's keyboard, pointer and clipboard.
import { ClipboardStream } from "./clipboard.ts";
import { CursorView } from "./cursor.ts";
import type { EndOfFrame } from "./decoder.ts";
import { DisplayStream } from "./display_stream.ts";
import { InputStream } from "./input_stream.ts";
import { Keyboard, platformOf } from "./keyboard.ts";
import { InputTimes } from "./measure.ts";
import { PictureLayout } from "./picture_layout.ts";
import { PointerInput } from "./pointer.ts";
import { type CloseMeaning, reconnectDelay, sideAttempts } from "./reconnect.ts";
import { TextInput } from "./text_input.ts";
import { WindowSizeFollower } from "./window_size.ts";
import type { RemoteState, RemoteStatistics } from "./wire.ts";

export interface SessionElements {
  /** Fills the window; holds the three others. */
  stage: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Hidden text field, see TextInput. */
  field: HTMLTextAreaElement;
  /** Shows where somebody else's pointer is. */
  otherPointer: HTMLElement;
}

export interface SessionHooks {
  /** In the task that painted the frame. */
  frame(end: EndOfFrame): void;
  state(state: RemoteState): void;
  statistics(statistics: RemoteStatistics): void;
  roundTrip(milliseconds: number): void;
  /** The display route opened. */
  connected(): void;
  /** The display route was lost ("again": it comes back by itself), or ended for good. */
  lost(meaning: CloseMeaning, reason: string): void;
  clipboard(text: string): void;
  clipboardRefused(reason: string): void;
  /** Ctrl+Alt+Shift. */
  leave(): void;
}

/** A pointer that somebody else moves is shown this long. Milliseconds. */
const otherPointerShown = 2500;
/** A read of the local clipboard may hold the paste chord this long. Milliseconds. */
const longestPaste = 2500;

export class SessionClient {
  readonly display: DisplayStream;
  readonly input: InputStream;
  readonly clipboard: ClipboardStream;
  readonly times = new InputTimes();
  readonly layout: PictureLayout;
  readonly window: WindowSizeFollower;
  private readonly elements: SessionElements;
  private readonly keyboard: Keyboard;
  private readonly pointer: PointerInput;
  private readonly text: TextInput;
  private readonly cursor: CursorView;
  private readonly ending = new AbortController();
  private otherPointerTimer: ReturnType<typeof setTimeout> | undefined;
  private statisticsWanted = false;
  private ownInput = 0;
  private viewing = false;

  constructor(
    elements: SessionElements,
    module: Promise<WebAssembly.Module>,
    options: { path: string; viewer: string; delay(attempt: number): number | undefined },
    hooks: SessionHooks,
  ) {
    this.elements = elements;
    const { stage, canvas, field } = elements;
    const route = (name: string) => ({
      path: `${options.path}/${name}`,
      query: () => `viewer=${options.viewer}`,
      delay: (attempt: number) => (attempt <= sideAttempts ? reconnectDelay(attempt) : undefined),
    });
    this.cursor = new CursorView(canvas);
    this.layout = new PictureLayout(stage, canvas, (scale) => this.cursor.setScale(scale));
    this.display = new DisplayStream(
      canvas,
      module,
      { ...route("display"), delay: options.delay, closed: (meaning, reason) => hooks.lost(meaning, reason) },
      {
        frame: (end, applied) => {
          this.layout.update();
          this.times.frame(end.frame, end.inputSequence, applied);
          hooks.frame(end);
        },
        cursor: (cursor) => this.cursor.show(cursor),
        pointer: (at) => this.showOtherPointer(at.x, at.y),
        state: (state) => hooks.state(state),
        statistics: (statistics) => hooks.statistics(statistics),
        roundTrip: (milliseconds) => hooks.roundTrip(milliseconds),
        opened: () => {
          // The others are tried only when this one is there: two failures fewer while a session starts.
          if (!this.viewing) {
            this.input.start();
            this.clipboard.start();
            this.input.hurry();
            this.clipboard.hurry();
          }
          hooks.connected();
        },
      },
    );
    this.input = new InputStream(route("input"), {
      sent: (sequence, time, typed) => this.times.sent(sequence, time, typed),
      locks: () => undefined,
    });
    this.clipboard = new ClipboardStream(route("clipboard"), {
      copied: (text) => hooks.clipboard(text),
      refused: (reason) => hooks.clipboardRefused(reason),
    });
    this.window = new WindowSizeFollower(stage, (size, time) => {
      this.layout.expect();
      this.input.resize(size, time);
    });
    this.keyboard = new Keyboard(
      {
        send: (key, time) => this.input.key(key, time),
        leave: () => {
          this.releaseAll();
          hooks.leave();
        },
        paste: () => this.clipboard.open,
      },
      platformOf(navigator.platform),
    );
    this.pointer = new PointerInput(canvas, {
      pointer: (x, y, buttons, time) => {
        this.ownInput = performance.now();
        this.input.pointer(x, y, buttons, time);
      },
      wheel: (x, y, dx, dy, time) => this.input.wheel(x, y, dx, dy, time),
      before: (event) => {
        this.keyboard.align(event);
        if (event.type !== "pointerdown") return;
        this.clipboard.gesture();
        // A finger must not raise the on-screen keyboard; the panel has a button for that.
        if (event instanceof PointerEvent && event.pointerType === "touch") canvas.focus({ preventScroll: true });
        else this.focus();
      },
    });
    this.text = new TextInput(field, {
      text: (text, time) => this.input.text(text, time),
      tap: (keysym, time) => this.keyboard.chord([keysym], time),
      paste: (text) => this.pasted(text),
    });
    this.listen();
  }

  start(): Promise<void> {
    return this.display.start();
  }

  /** Only looks: nothing that is typed, pointed at or copied here reaches the session. The server refuses it anyway. */
  onlyView(): void {
    if (this.viewing) return;
    this.viewing = true;
    this.input.stop();
    this.clipboard.stop();
  }

  stop(): void {
    this.ending.abort();
    this.releaseAll();
    this.display.stop();
    this.input.stop();
    this.clipboard.stop();
    this.pointer.stop();
  }

  /** Gives the keyboard to the session. */
  focus(): void {
    this.elements.field.focus({ preventScroll: true });
  }

  /** Device pixels that one remote pixel covers: 1 is sharp, more shows everything larger. */
  setZoom(zoom: number): void {
    this.layout.setZoom(zoom);
    this.window.setZoom(zoom);
  }

  /** Raises the on-screen keyboard. */
  showKeyboard(): void {
    this.text.immediate = true;
    this.focus();
  }

  /** Presses keysyms in order and lets go in reverse. */
  chord(keysyms: readonly number[]): void {
    this.keyboard.chord(keysyms, performance.now());
  }

  async setClipboard(text: string): Promise<void> {
    await this.clipboard.put(text);
  }

  setStatistics(wanted: boolean): void {
    this.statisticsWanted = wanted;
    this.display.setView(!document.hidden, wanted);
  }

  /** Lets go every key and button on the remote side. */
  releaseAll(): void {
    this.keyboard.forget();
    this.pointer.forget();
    this.input.release(performance.now());
  }

  private listen(): void {
    const { stage, canvas } = this.elements;
    const signal = this.ending.signal;
    const ours = (event: Event): boolean =>
      event.target === document.body || event.target === document.documentElement || stage.contains(event.target as Node);
    window.addEventListener(
      "keydown",
      (event) => {
        if (!ours(event)) return;
        this.clipboard.gesture();
        if (this.keyboard.down(event)) event.preventDefault();
      },
      { signal },
    );
    window.addEventListener(
      "keyup",
      (event) => {
        if (ours(event) && this.keyboard.up(event)) event.preventDefault();
      },
      { signal },
    );
    // Where the canvas or nothing has the focus, the paste event comes here.
    document.addEventListener(
      "paste",
      (event) => {
        if (event.target === this.elements.field || !ours(event)) return;
        event.preventDefault();
        this.pasted(event.clipboardData?.getData("text/plain") ?? "");
      },
      { signal },
    );
    stage.addEventListener(
      "focusout",
      (event) => {
        if (!stage.contains(event.relatedTarget as Node | null)) this.letGo();
      },
      { signal },
    );
    window.addEventListener("blur", () => this.letGo(), { signal });
    window.addEventListener("pagehide", () => this.letGo(), { signal });
    window.addEventListener("focus", () => void this.clipboard.focused(), { signal });
    window.addEventListener("online", () => this.display.hurry(), { signal });
    document.addEventListener(
      "visibilitychange",
      () => {
        if (document.hidden) this.letGo();
        else this.display.hurry();
        this.display.setView(!document.hidden, this.statisticsWanted);
      },
      { signal },
    );
    document.addEventListener("fullscreenchange", () => void lockKeyboard(document.fullscreenElement !== null), { signal });
    canvas.addEventListener(
      "focus",
      () => {
        if (matchMedia("(pointer: fine)").matches) this.focus();
      },
      { signal },
    );
    if (document.hidden) this.display.setView(false, false);
  }

  private letGo(): void {
    if (this.keyboard.anyDown || this.pointer.anyDown) this.releaseAll();
  }

  private pasted(text: string): void {
    this.keyboard.prolong(longestPaste);
    void this.clipboard.put(text).finally(() => this.keyboard.resume());
  }

  private showOtherPointer(x: number, y: number): void {
    const { canvas, otherPointer } = this.elements;
    // Our own movement comes back as an application's warp at times: no second cursor beside the hand's.
    if (performance.now() - this.ownInput < 1000) return;
    const box = canvas.getBoundingClientRect();
    const scale = box.width / Math.max(1, canvas.width);
    const picture = this.cursor.address;
    otherPointer.style.left = `${box.left + x * scale}px`;
    otherPointer.style.top = `${box.top + y * scale}px`;
    if (picture) {
      otherPointer.style.width = `${picture.width * scale}px`;
      otherPointer.style.height = `${picture.height * scale}px`;
      otherPointer.style.translate = `${-picture.hotX * scale}px ${-picture.hotY * scale}px`;
      otherPointer.style.backgroundImage = `url(${picture.url})`;
    }
    otherPointer.hidden = false;
    clearTimeout(this.otherPointerTimer);
    this.otherPointerTimer = setTimeout(() => {
      otherPointer.hidden = true;
    }, otherPointerShown);
  }
}

/** In full screen the browser's own chords (Alt+Tab, Ctrl+W, the Windows key) may go to the session, where the browser allows it. */
async function lockKeyboard(locked: boolean): Promise<void> {
  const keyboard = (navigator as Navigator & { keyboard?: { lock?(): Promise<void>; unlock?(): void } }).keyboard;
  try {
    if (locked) await keyboard?.lock?.();
    else keyboard?.unlock?.();
  } catch {
    // Refused: full screen works without.
  }
}
