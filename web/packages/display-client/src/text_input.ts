// The hidden text field that has the focus while a person types: input methods, dead keys and on-screen keyboards need one.

export interface TextInputHooks {
  /** Text that no key event carried. */
  text(text: string, time: number): void;
  /** A key that an on-screen keyboard pressed without saying so: a keysym. */
  tap(keysym: number, time: number): void;
  /** The browser pastes. */
  paste(text: string): void;
}

const backspace = 0xff08;
const enter = 0xff0d;
/** On-screen keyboards erase only what is there: a few characters always stand before the caret. */
const padding = "        ";

export class TextInput {
  private readonly field: HTMLTextAreaElement;
  private readonly hooks: TextInputHooks;
  private composing = false;
  /** What of the running composition the remote side has (on-screen keyboards compose whole words). */
  private typed = "";
  /** Types compositions as they grow, which on-screen keyboards need and desktop input methods must not. */
  immediate = false;

  constructor(field: HTMLTextAreaElement, hooks: TextInputHooks) {
    this.field = field;
    this.hooks = hooks;
    this.clear();
    field.addEventListener("compositionstart", () => {
      this.composing = true;
      this.typed = "";
    });
    field.addEventListener("compositionupdate", (event) => {
      if (this.immediate) this.become(event.data, event.timeStamp);
    });
    field.addEventListener("compositionend", (event) => {
      this.composing = false;
      if (this.immediate) this.become(event.data, event.timeStamp);
      else if (event.data !== "") hooks.text(event.data, event.timeStamp);
      this.typed = "";
      this.clear();
    });
    field.addEventListener("beforeinput", (event) => {
      if (this.composing) return;
      switch (event.inputType) {
        case "deleteContentBackward":
        case "deleteWordBackward":
          hooks.tap(backspace, event.timeStamp);
          break;
        case "insertLineBreak":
        case "insertParagraph":
          hooks.tap(enter, event.timeStamp);
          break;
        case "insertText":
        case "insertReplacementText":
          if (event.data !== null && event.data !== "") hooks.text(event.data, event.timeStamp);
          break;
        default:
          return;
      }
      event.preventDefault();
    });
    field.addEventListener("input", () => {
      if (!this.composing) this.clear();
    });
    field.addEventListener("paste", (event) => {
      event.preventDefault();
      hooks.paste(event.clipboardData?.getData("text/plain") ?? "");
    });
    for (const type of ["copy", "cut", "drop"] as const) field.addEventListener(type, (event) => event.preventDefault());
  }

  private clear(): void {
    this.field.value = padding;
    this.field.setSelectionRange(padding.length, padding.length);
  }

  /** Erases and types until the remote side has `text` for this composition. */
  private become(text: string, time: number): void {
    const before = [...this.typed];
    const after = [...text];
    let same = 0;
    while (same < before.length && before[same] === after[same]) same++;
    for (let i = same; i < before.length; i++) this.hooks.tap(backspace, time);
    const rest = after.slice(same).join("");
    if (rest !== "") this.hooks.text(rest, time);
    this.typed = text;
  }
}
