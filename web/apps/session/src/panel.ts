// The handle at the edge and the control panel behind it: a list with values, so that most visits need no opening of a section.
import { Keysym, type SessionClient } from "@oriel/display-client";
import type { Session } from "@oriel/protocol/api.ts";
import { byId, duration, h, icon, toast, workspaceIcon } from "./dom.ts";
import { t } from "./messages.ts";
import { nameOf } from "./pages.ts";
import { type Quality, qualityOf, type Sample, sparkline } from "./statistics.ts";

export interface PanelHooks {
  end(): Promise<void>;
  /** Statistics are looked at: pings and numbers come each second. */
  watching(watching: boolean): void;
}

const chords: readonly [string, readonly number[]][] = [
  ["Ctrl+Alt+Del", [Keysym.control, Keysym.alt, Keysym.delete]],
  ["Alt+Tab", [Keysym.alt, Keysym.tab]],
  ["Alt+F4", [Keysym.alt, Keysym.f4]],
  ["Super", [Keysym.super]],
  ["Esc", [Keysym.escape]],
  ["Print", [Keysym.print]],
  ["F11", [Keysym.f11]],
  ["Ctrl+W", [Keysym.control, 0x77]],
  ["Ctrl+T", [Keysym.control, 0x74]],
  ["Ctrl+N", [Keysym.control, 0x6e]],
];

const zooms = [1, 1.25, 1.5, 2] as const;
const dotOf: Record<Quality, string> = { good: "ok", fair: "warn", bad: "bad", lost: "bad", unknown: "" };
const wordOf: Record<Quality, "connection_good" | "connection_fair" | "connection_bad" | "connection_lost" | "connection_unknown"> = {
  good: "connection_good",
  fair: "connection_fair",
  bad: "connection_bad",
  lost: "connection_lost",
  unknown: "connection_unknown",
};

export class Panel {
  private readonly client: SessionClient;
  private readonly hooks: PanelHooks;
  private readonly handle: HTMLButtonElement;
  private readonly handleDot = h("span", { class: "dot" });
  private readonly panel: HTMLElement;
  private readonly lamp: HTMLButtonElement;
  private readonly lampText = document.createTextNode(t("connection_unknown"));
  private readonly lampDot = h("span", { class: "dot" });
  private readonly lampBox: HTMLElement;
  private readonly title = h("h2");
  private readonly age = h("p", { class: "label t3 num" });
  private readonly glyph = h("span", { class: "slot" });
  private readonly clipboardField = h("textarea", { class: "input", id: "clipboard-text", rows: 4, spellcheck: "false" });
  private readonly values = new Map<string, HTMLElement>();
  private readonly about = h("dl", { class: "facts" });
  private readonly meter = h("div", { class: "meter num", "aria-hidden": "true", hidden: true });
  private readonly statisticsSwitch: HTMLButtonElement;
  private readonly statisticsButton: HTMLButtonElement;
  private readonly fullScreen: HTMLButtonElement;
  private session: Session | undefined;
  private viewers: number | undefined;
  private statistics = false;

  constructor(client: SessionClient, hooks: PanelHooks) {
    this.client = client;
    this.hooks = hooks;
    this.handle = h(
      "button",
      { class: "handle", type: "button", "aria-label": t("open_panel"), "aria-expanded": "false", "aria-controls": "panel", title: t("panel_hint"), onclick: () => this.toggle() },
      this.handleDot,
      icon("right", true),
    );
    this.lamp = h(
      "button",
      { class: "lamp num", type: "button", "aria-expanded": "false", "aria-controls": "connection", onclick: () => this.toggleConnection() },
      this.lampDot,
    );
    this.lamp.append(this.lampText);
    this.lampBox = h("section", { class: "pop connection", id: "connection", "aria-label": t("connection"), hidden: true });
    this.statisticsSwitch = h("button", { class: "switch", type: "button", role: "switch", "aria-checked": "false", "aria-label": t("frame_statistics"), onclick: () => this.setStatistics(!this.statistics) });
    this.statisticsButton = this.quick("chart", t("statistics"), () => this.setStatistics(!this.statistics));
    this.fullScreen = this.quick("full", t("full_screen"), () => void this.toggleFullScreen());
    const keyboard = this.quick("keyboard", t("keyboard"), () => {
      this.close();
      client.showKeyboard();
    });
    keyboard.classList.add("touch-only");
    const secure = this.quick("keyboard", "Ctrl+Alt+Del", () => {
      client.chord([Keysym.control, Keysym.alt, Keysym.delete]);
      client.focus();
    });
    secure.classList.add("mouse-only");
    this.panel = h(
      "aside",
      { class: "panel", id: "panel", "aria-label": t("panel"), hidden: true },
      h(
        "header",
        {},
        this.glyph,
        h("div", { class: "grow" }, this.title, this.age),
        this.lamp,
        h("button", { class: "btn btn-quiet btn-icon btn-sm", type: "button", "aria-label": t("close"), onclick: () => this.close() }, icon("x")),
      ),
      h("div", { class: "quick" }, this.fullScreen, keyboard, secure, this.statisticsButton),
      h(
        "div",
        { class: "scroll" },
        this.section("clipboard", "clipboard", t("clipboard"), this.clipboardBody()),
        this.section("keys", "keyboard", t("keys"), this.keysBody()),
        this.section("display", "monitor", t("display"), this.displayBody()),
        this.section("about", "info", t("about"), this.about),
      ),
      h(
        "footer",
        {},
        h("a", { class: "btn", href: "/", title: t("leave_hint") }, icon("exit"), t("leave")),
        h("button", { class: "btn btn-bad", type: "button", onclick: () => this.confirmEnd() }, icon("power"), t("end")),
      ),
    );
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      event.stopPropagation();
    });
    byId("controls").append(this.handle, this.panel, this.lampBox, this.meter);
    document.addEventListener("fullscreenchange", () => this.followFullScreen());
    // On a phone the panel covers the picture: touching the picture puts it away.
    byId("stage").addEventListener("pointerdown", () => {
      if (matchMedia("(max-width: 640px)").matches) this.close();
      this.closeConnection();
    });
    this.value("keys", t("keys_hint"));
    this.clipboardState();
  }

  get isOpen(): boolean {
    return !this.panel.hidden;
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  open(): void {
    this.panel.hidden = false;
    this.handle.setAttribute("aria-expanded", "true");
    this.handle.setAttribute("aria-label", t("close_panel"));
    this.clipboardState();
    this.panel.querySelector<HTMLElement>(".quick button")?.focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.panel.hidden = true;
    this.closeConnection();
    this.handle.setAttribute("aria-expanded", "false");
    this.handle.setAttribute("aria-label", t("open_panel"));
    // On a touch screen the focus goes to the picture, not to the field that raises the keyboard.
    if (matchMedia("(pointer: coarse)").matches) byId("screen").focus({ preventScroll: true });
    else this.client.focus();
  }

  update(session: Session): void {
    const first = this.session === undefined;
    this.session = session;
    this.title.textContent = nameOf(session);
    if (first) this.glyph.replaceWith(workspaceIcon(session.workspace, "ws-md"));
    this.describe();
  }

  setViewers(viewers: number): void {
    this.viewers = viewers;
    this.describe();
  }

  setSizeFixed(fixed: boolean): void {
    byId("size-fixed").hidden = !fixed;
  }

  clipboard(text: string): void {
    this.clipboardField.value = text;
    this.clipboardState();
  }

  sample(sample: Sample, roundTrips: readonly number[]): void {
    const quality = qualityOf(sample);
    const time = sample.roundTrip === undefined ? "" : t("milliseconds", { n: Math.max(1, Math.round(sample.roundTrip)) });
    const text = time === "" ? t(wordOf[quality]) : time;
    const label = time === "" ? t(wordOf[quality]) : t("connection_label", { quality: t(wordOf[quality]), time });
    this.handleDot.className = `dot ${dotOf[quality]}`;
    this.lampDot.className = `dot ${dotOf[quality]}`;
    this.lampText.data = text;
    this.lamp.setAttribute("aria-label", label);
    this.handle.title = `${label}. ${t("panel_hint")}`;
    const { width, height } = this.client.display.size;
    this.value("display", width > 0 ? `${width} × ${height}` : "");
    if (this.session?.started_at) this.age.textContent = t("running_for", { time: duration(Date.now() - Date.parse(this.session.started_at)) });
    if (!this.lampBox.hidden) this.drawConnection(sample, quality, roundTrips);
    if (this.statistics) this.drawMeter(sample);
    if (this.isOpen) this.clipboardState();
  }

  private quick(glyph: string, label: string, act: () => void): HTMLButtonElement {
    return h("button", { type: "button", onclick: act }, icon(glyph), h("span", {}, label));
  }

  private section(id: string, glyph: string, label: string, body: HTMLElement): HTMLElement {
    const value = h("span", { class: "pv num" });
    this.values.set(id, value);
    const content = h("div", { class: "pb", id: `section-${id}`, role: "region", "aria-label": label, hidden: true }, body);
    const head = h("button", { class: "ph", type: "button", "aria-expanded": "false", "aria-controls": `section-${id}` }, icon(glyph), label, value, icon("right"));
    const section = h("div", { class: "psec" }, head, content);
    head.addEventListener("click", () => {
      content.hidden = !content.hidden;
      head.setAttribute("aria-expanded", String(!content.hidden));
      section.classList.toggle("open", !content.hidden);
    });
    return section;
  }

  private value(id: string, text: string): void {
    const value = this.values.get(id);
    if (value && value.textContent !== text) value.textContent = text;
  }

  private clipboardBody(): HTMLElement {
    return h(
      "div",
      { class: "field" },
      h("label", { for: "clipboard-text" }, t("clipboard_text")),
      this.clipboardField,
      h(
        "div",
        { class: "row" },
        h("button", { class: "btn btn-sm", type: "button", onclick: () => void this.sendClipboard() }, icon("send"), t("clipboard_send")),
        h("button", { class: "btn btn-sm btn-quiet", type: "button", onclick: () => void this.copyClipboard() }, icon("copy"), t("clipboard_copy")),
      ),
      h("p", { class: "help" }, t("clipboard_help")),
    );
  }

  private clipboardState(): void {
    const { clipboard } = this.client;
    this.value("clipboard", clipboard.waiting ? t("clipboard_waiting") : clipboard.open ? t("clipboard_both") : t("clipboard_off"));
  }

  private async sendClipboard(): Promise<void> {
    await this.client.setClipboard(this.clipboardField.value);
    toast(t("clipboard_sent"));
  }

  private async copyClipboard(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.clipboardField.value);
    } catch {
      // No clipboard API (or it refuses): the selection can still be copied by the user, and by the old command.
      this.clipboardField.select();
      document.execCommand("copy");
    }
    toast(t("copied"));
  }

  private keysBody(): HTMLElement {
    const buttons = chords.map(([label, keysyms]) =>
      h("button", { class: "btn btn-sm", type: "button", onclick: () => this.client.chord(keysyms) }, label),
    );
    return h("div", {}, h("div", { class: "chords" }, ...buttons), h("p", { class: "help" }, t("keys_help")), h("p", { class: "help" }, t("panel_hint")));
  }

  private displayBody(): HTMLElement {
    const zoom = this.client.window.zoomFactor;
    const size = segmented(t("size"), zooms.map((factor) => [String(factor), `${factor * 100} %`]), String(zoom), (value) => {
      this.client.setZoom(Number(value));
    });
    const fit = segmented(t("too_large"), [["fit", t("fit")], ["sharp", t("actual")]], "fit", (value) => this.client.layout.setFit(value === "fit" ? "fit" : "sharp"));
    return h(
      "div",
      { class: "rows" },
      h("p", { class: "help", id: "size-fixed", hidden: true }, t("size_fixed")),
      h("div", { class: "prow" }, h("span", {}, t("size"))),
      size,
      h("div", { class: "prow" }, h("span", {}, t("too_large"))),
      fit,
      h("div", { class: "prow" }, h("span", {}, t("frame_statistics")), this.statisticsSwitch),
    );
  }

  private setStatistics(on: boolean): void {
    this.statistics = on;
    this.statisticsSwitch.setAttribute("aria-checked", String(on));
    this.statisticsButton.classList.toggle("on", on);
    this.statisticsButton.setAttribute("aria-pressed", String(on));
    this.meter.hidden = !on;
    this.watch();
  }

  private watch(): void {
    this.hooks.watching(this.statistics || !this.lampBox.hidden);
  }

  private toggleConnection(): void {
    if (!this.lampBox.hidden) {
      this.closeConnection();
      return;
    }
    const at = this.lamp.getBoundingClientRect();
    this.lampBox.style.top = `${Math.max(8, at.top - 8)}px`;
    this.lampBox.style.left = `${Math.max(8, Math.min(this.panel.getBoundingClientRect().right + 8, innerWidth - 276))}px`;
    this.lampBox.hidden = false;
    this.lamp.setAttribute("aria-expanded", "true");
    this.watch();
  }

  private closeConnection(): void {
    if (this.lampBox.hidden) return;
    this.lampBox.hidden = true;
    this.lamp.setAttribute("aria-expanded", "false");
    this.watch();
  }

  private drawConnection(sample: Sample, quality: Quality, roundTrips: readonly number[]): void {
    const path = sparkline(roundTrips, 240, 40);
    const facts: [string, string][] = [
      [t("round_trip"), sample.roundTrip === undefined ? "–" : t("milliseconds", { n: Math.max(1, Math.round(sample.roundTrip)) })],
      [t("key_to_picture"), sample.keyToPicture === undefined ? "–" : t("milliseconds", { n: Math.max(1, Math.round(sample.keyToPicture)) })],
      [t("received"), t("megabits", { n: sample.megabits.toFixed(sample.megabits < 1 ? 2 : 1) })],
      [t("frames"), t("per_second", { n: Math.round(sample.frames) })],
      [t("picture"), sample.exact ? t("exact") : t("refining")],
    ];
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 240 40");
    svg.setAttribute("class", "spark");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    for (const [name, d] of [["base", "M0 39.5h240"], ["line", path]] as const) {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("class", name);
      line.setAttribute("d", d);
      svg.append(line);
    }
    this.lampBox.replaceChildren(
      h("div", { class: "row" }, h("span", { class: `state ${dotOf[quality]} medium` }, h("span", { class: "dot" }), t(wordOf[quality])), h("span", { class: "end label t3" }, t("last_minute"))),
      svg,
      h("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: "num" }, value)])),
    );
  }

  private drawMeter(sample: Sample): void {
    const remote = sample.remote;
    const milliseconds = (microseconds: number | undefined): string => (microseconds === undefined ? "–" : (microseconds / 1000).toFixed(1));
    this.meter.textContent = [
      `${Math.round(sample.frames)} fps`,
      `${sample.megabits.toFixed(2)} Mbit/s`,
      `RTT ${sample.roundTrip === undefined ? "–" : sample.roundTrip.toFixed(0)} ms`,
      `key ${sample.keyToPicture === undefined ? "–" : sample.keyToPicture.toFixed(0)} ms`,
      ...(remote ? [`${t("capture").toLowerCase()} ${milliseconds(remote.capture_us)} ms`, `${t("encode").toLowerCase()} ${milliseconds(remote.encode_us)} ms`] : []),
      sample.exact ? "exact" : "refining",
    ].join("  ·  ");
  }

  private describe(): void {
    const session = this.session;
    if (!session) return;
    const facts: [string, string][] = [
      [t("about_viewers"), String(this.viewers ?? session.viewers)],
      [t("about_started"), session.started_at ? new Date(session.started_at).toLocaleString() : "–"],
      [t("about_owner"), session.owner.username],
      [t("about_id"), session.id],
    ];
    this.about.replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: name === t("about_id") ? "mono id" : "num" }, value)]));
    this.value("about", session.workspace.friendly_name);
  }

  private async toggleFullScreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen({ navigationUI: "hide" });
    } catch {
      // Phones' browsers have no full screen for pages.
    }
    this.close();
  }

  private followFullScreen(): void {
    const on = document.fullscreenElement !== null;
    this.fullScreen.classList.toggle("on", on);
    const label = this.fullScreen.querySelector("span");
    if (label) label.textContent = on ? t("leave_full_screen") : t("full_screen");
  }

  private confirmEnd(): void {
    const name = nameOf(this.session);
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "end-title" });
    const confirm = h("button", { class: "btn btn-bad-solid", type: "button" }, t("end_confirm"));
    dialog.append(
      h("header", {}, h("h2", { id: "end-title" }, t("end_title", { name }))),
      h("div", { class: "body" }, h("p", {}, t("end_text"))),
      h("footer", {}, h("button", { class: "btn", type: "button", autofocus: true, onclick: () => dialog.close() }, t("cancel")), confirm),
    );
    confirm.addEventListener("click", () => {
      confirm.setAttribute("aria-disabled", "true");
      void this.hooks.end().finally(() => dialog.close());
    });
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
}

/** One of a few, at once visible: a radio group, with the arrow keys that this role promises. */
function segmented(label: string, options: readonly (readonly [string, string])[], chosen: string, choose: (value: string) => void): HTMLElement {
  const group = h("div", { class: "seg seg-sm", role: "radiogroup", "aria-label": label });
  const select = (value: string, focus: boolean): void => {
    for (const button of group.querySelectorAll<HTMLButtonElement>("button")) {
      const on = button.value === value;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    }
  };
  for (const [value, text] of options) {
    group.append(
      h("button", { type: "button", role: "radio", value, onclick: () => {
        select(value, false);
        choose(value);
      } }, text),
    );
  }
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const values = options.map(([value]) => value);
    const at = values.findIndex((value) => group.querySelector<HTMLButtonElement>(`[value="${value}"]`)?.tabIndex === 0);
    const next = values[(at + step + values.length) % values.length] ?? chosen;
    select(next, true);
    choose(next);
  });
  select(chosen, false);
  return group;
}
