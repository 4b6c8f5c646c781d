// Text between the two clipboards, and what browsers allow of it.
//
// Reading: only where no question pops up. A paste event always carries the text; navigator.clipboard.readText is used on focus where the
// permission is already granted (Chromium). Writing: at once when the page has the focus; refused text waits for the next key or click.
import { ClipboardMessage, maximumClipboardBytes } from "@oriel/protocol/display.ts";
import { Link, type LinkOptions } from "./link.ts";
import { encodeClipboard, isOptional, messages, readClipboard, readText, WireError } from "./wire.ts";

export interface ClipboardHooks {
  /** An application on the remote side copied this text. */
  copied(text: string): void;
  /** Why the remote side did not take a text. */
  refused(reason: string): void;
}

/** After a new text: the input route overtakes nothing that was sent this long before. Milliseconds. */
const settle = 20;
const longestDrain = 2000;
/** Characters of a reason that are shown: it comes from the container. */
const longestReason = 200;

export class ClipboardStream {
  private readonly link: Link;
  private readonly hooks: ClipboardHooks;
  private serial = 0;
  /** The text that both sides have. */
  private agreed: string | undefined;
  private unwritten: string | undefined;

  constructor(options: Omit<LinkOptions, "opened" | "message">, hooks: ClipboardHooks) {
    this.hooks = hooks;
    this.link = new Link({ ...options, opened: () => undefined, message: (data) => this.read(data) });
  }

  start(): void {
    this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  /** Does not wait for the next attempt's time. */
  hurry(): void {
    this.link.hurry();
  }

  get open(): boolean {
    return this.link.open;
  }

  /** The text of the last copy on the remote side, or of the last paste. */
  get text(): string {
    return this.agreed ?? "";
  }

  /** A text waits for a key or a click before the browser lets it into the local clipboard. */
  get waiting(): boolean {
    return this.unwritten !== undefined;
  }

  /** Gives a text to the remote clipboard; resolves when a key that follows finds it there. */
  async put(text: string): Promise<void> {
    if (text === "" || text === this.agreed || !this.open) return;
    const bytes = encodeClipboard(++this.serial, text);
    if (bytes.length > maximumClipboardBytes) {
      this.hooks.refused("The text is larger than 1 MiB.");
      return;
    }
    this.agreed = text;
    this.link.send(bytes);
    const began = performance.now();
    do {
      await new Promise((resolve) => setTimeout(resolve, settle));
    } while (this.link.pending > 0 && performance.now() - began < longestDrain);
  }

  /** The page got the focus: takes what was copied elsewhere meanwhile, where that asks nothing. */
  async focused(): Promise<void> {
    if (!this.open) return;
    try {
      const permission = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
      if (permission.state !== "granted") return;
      const text = await navigator.clipboard.readText();
      await this.put(text);
    } catch {
      // Not Chromium, no permission, or the focus went away again: paste still works.
    }
  }

  /** A key or a click happened: a refused write may pass now. */
  gesture(): void {
    const text = this.unwritten;
    if (text === undefined) return;
    this.unwritten = undefined;
    void this.write(text);
  }

  private async write(text: string): Promise<void> {
    try {
      if (!document.hasFocus()) throw new Error("no focus");
      await navigator.clipboard.writeText(text);
    } catch {
      this.unwritten = text;
    }
  }

  private read(data: ArrayBuffer): void {
    for (const { type, body } of messages(data)) {
      if (type === ClipboardMessage.text) {
        const { text } = readClipboard(body);
        this.agreed = text;
        this.unwritten = undefined;
        void this.write(text);
        this.hooks.copied(text);
      } else if (type === ClipboardMessage.refused) {
        this.agreed = undefined;
        this.hooks.refused(readText(body).slice(0, longestReason));
      } else if (!isOptional(type)) {
        throw new WireError(`unknown type ${type}`);
      }
    }
  }
}
