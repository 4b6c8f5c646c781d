// What others tell the session's user, or themselves: an administrator's messages, that somebody looks on, that this page only looks on.
import type { Session } from "@oriel/protocol/api.ts";
import { byId, h, icon, toast } from "./dom.ts";
import { t } from "./messages.ts";

export interface NoticeHooks {
  /** The message was read; it does not come back. */
  read(message: string): Promise<void>;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

/** "14:05" today, "27 November, 14:05" otherwise. */
function timeOf(time: string): string {
  const at = new Date(time);
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : day.format(at).replace(" at ", ", ");
}

export class Notices {
  private readonly hooks: NoticeHooks;
  private readonly place = byId("notices");
  private readonly watch = h("p", { class: "notice watch", role: "status", hidden: true });
  private readonly messages = h("div", { class: "notice-list", role: "log", "aria-live": "assertive", "aria-label": t("messages") });
  private readonly shown = new Map<string, HTMLElement>();
  private readonly done = new Set<string>();

  constructor(hooks: NoticeHooks) {
    this.hooks = hooks;
    this.place.append(this.watch, this.messages);
  }

  update(session: Session, viewing: boolean): void {
    this.showWatch(session, viewing);
    // A message is for whom it was written to.
    const unread = viewing ? [] : session.messages.filter((message) => !this.done.has(message.id));
    for (const message of unread) {
      if (this.shown.has(message.id)) continue;
      const card = this.card(message);
      this.shown.set(message.id, card);
      this.messages.append(card);
    }
    const present = new Set(unread.map((message) => message.id));
    for (const [id, card] of this.shown) {
      if (present.has(id)) continue;
      card.remove();
      this.shown.delete(id);
    }
  }

  private showWatch(session: Session, viewing: boolean): void {
    const names = [...new Set(session.watchers.map((watcher) => watcher.name))];
    const since = session.watchers[0]?.since;
    const text = viewing
      ? t("viewing", { owner: session.owner.username })
      : names.length === 0
        ? ""
        : `${names.length === 1 ? t("watched", { name: names[0] ?? "" }) : t("watched_many", { names: names.join(", ") })}${since ? ` · ${t("watched_since", { time: timeOf(since) })}` : ""}`;
    this.watch.hidden = text === "";
    if (this.watch.dataset.text === text) return;
    this.watch.dataset.text = text;
    this.watch.replaceChildren(icon("eye"), h("span", {}, text));
  }

  private card(message: Session["messages"][number]): HTMLElement {
    const button = h("button", { class: "btn btn-sm", type: "button", onclick: () => void this.read(message.id) }, t("message_read"));
    const card = h(
      "section",
      { class: "notice message", "aria-label": t("message_from", { name: message.from }) },
      h("header", {}, icon("message"), h("h2", { class: "grow" }, t("message_from", { name: message.from })), h("time", { class: "t3 num", datetime: message.sent_at }, timeOf(message.sent_at))),
      h("p", { class: "message-text", tabindex: 0 }, message.text),
      h("footer", {}, button),
    );
    card.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") void this.read(message.id);
    });
    return card;
  }

  private async read(id: string): Promise<void> {
    const card = this.shown.get(id);
    try {
      await this.hooks.read(id);
      this.done.add(id);
      card?.remove();
      this.shown.delete(id);
      (this.messages.querySelector<HTMLElement>("button") ?? byId("screen")).focus({ preventScroll: true });
    } catch (error) {
      toast(t("message_read_failed", { reason: error instanceof Error ? error.message : "" }), true);
    }
  }
}
