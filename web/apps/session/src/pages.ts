// What stands instead of, or above, the picture: start-up, refusal, failure, the end. Each says what happened, why, and what to do next.
import type { Session } from "@oriel/protocol/api.ts";
import { byId, h, icon, toast, workspaceIcon } from "./dom.ts";
import { t } from "./messages.ts";
import type { Steps } from "./steps.ts";

export interface PageActions {
  /** A new session of the same workspace. */
  again(): void;
  /** Ends this session and goes back. */
  cancel(): void;
  /** Connects again after another window took over. */
  continueHere(): void;
}

const usualMilliseconds = 15_000;

export class Pages {
  private readonly root = byId("page");
  private readonly actions: PageActions;
  private shown = "";
  private list: HTMLOListElement | undefined;
  private bar: HTMLElement | undefined;
  private hint: HTMLElement | undefined;

  constructor(actions: PageActions) {
    this.actions = actions;
  }

  hide(): void {
    this.shown = "";
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  starting(session: Session | undefined, steps: Steps, resumed: boolean): void {
    const name = nameOf(session);
    const key = `starting ${session?.workspace.id ?? ""} ${resumed}`;
    if (this.shown !== key) {
      this.bar = h("i");
      this.list = h("ol", { class: "steps", "aria-live": "polite" });
      this.hint = h("p", { class: "small t3" });
      const progress = h("span", { class: "bar progress", role: "progressbar", "aria-label": t("startup"), "aria-valuemin": 0, "aria-valuemax": 100 }, this.bar);
      const cancel = h("button", { class: "btn", type: "button", onclick: () => this.actions.cancel() }, t("cancel_start"));
      this.show(key, "start", [
        head(session, resumed ? t("opening", { name }) : t("starting", { name }), this.hint),
        progress,
        this.list,
        session && !resumed ? h("div", { class: "acts" }, cancel) : null,
      ]);
    }
    const { list, bar, hint } = this;
    if (!list || !bar || !hint) return;
    const slow = performance.now() > usualMilliseconds;
    hint.textContent = resumed ? "" : slow ? t("starting_slow") : t("starting_hint");
    bar.style.width = `${steps.progress}%`;
    bar.parentElement?.setAttribute("aria-valuenow", String(steps.progress));
    const last = steps.list.length - 1;
    steps.list.forEach((step, index) => {
      const done = index < last;
      let item = list.children[index] as HTMLLIElement | undefined;
      if (!item) {
        item = h("li");
        list.append(item);
      }
      const state = done ? "done" : "now";
      if (item.className === state && item.dataset.text === step.text) return;
      item.className = state;
      item.dataset.text = step.text;
      item.replaceChildren(
        done ? icon("check") : h("span", { class: "ring", "aria-hidden": "true" }),
        h("span", {}, step.text),
        h("time", {}, `${(step.at / 1000).toFixed(1)} s`),
      );
    });
    while (list.children.length > steps.list.length) list.lastElementChild?.remove();
  }

  failed(session: Session, steps: Steps, ran: boolean): void {
    const name = nameOf(session);
    const rows = steps.list.map((step) => h("li", { class: "done" }, icon("check"), h("span", {}, step.text), h("time", {}, `${(step.at / 1000).toFixed(1)} s`)));
    const log = session.log_tail
      ? h("details", { class: "log", open: true }, h("summary", {}, t("failed_log")), h("pre", { class: "code", tabindex: 0 }, session.log_tail.trimEnd()))
      : null;
    const body = rows.length > 1 || log ? h("div", { class: "card pad" }, rows.length > 1 ? h("ol", { class: "steps" }, ...rows.slice(0, -1)) : null, log) : null;
    this.show(`failed ${session.id}`, "wide", [
      head(session, ran ? t("failed_running", { name }) : t("failed", { name }), h("p", { class: "small t2" }, session.reason ?? t("failed_unknown"))),
      body,
      h("h2", { class: "todo-head" }, t("what_to_do")),
      todo(t("failed_todo_1"), t("failed_todo_2")),
      this.again(t("try_again"), session.id),
    ]);
  }

  refused(session: Session): void {
    const name = nameOf(session);
    const servers = session.placement?.servers ?? [];
    const rows = servers.map(({ server, checks }) => {
      const against = checks.filter((check) => !check.ok).map((check) => check.message);
      return h("tr", {}, h("td", {}, h("span", { class: "name" }, server)), h("td", { class: "why" }, against.length > 0 ? against.join("; ") : t("refused_fits")));
    });
    const table = h(
      "table",
      { class: "table" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("refused_server")), h("th", { scope: "col" }, t("refused_why")))),
      h("tbody", {}, ...rows),
    );
    this.show(`refused ${session.id}`, "wide", [
      head(session, t("refused", { name }), h("p", { class: "small t2" }, session.reason ?? t("refused_reason"))),
      h("div", { class: "card spaced" }, rows.length > 0 ? table : h("p", { class: "pad small t2" }, t("refused_none"))),
      h("h2", { class: "todo-head" }, t("what_to_do")),
      todo(t("refused_todo_1"), t("refused_todo_2")),
      this.again(t("try_again")),
    ]);
  }

  /** A page of a heading, a line and what can be done. */
  plain(session: Session | undefined, heading: string, text: string, action: "again" | "continue" | "view" | "sign in" | "none"): void {
    const back = h("a", { class: action === "none" ? "btn btn-primary" : "btn", href: "/" }, t("back"));
    let first: HTMLElement | null = null;
    if (action === "again" && session) first = h("button", { class: "btn btn-primary", type: "button", onclick: () => this.actions.again() }, t("start_again"));
    if (action === "continue") first = h("button", { class: "btn btn-primary", type: "button", onclick: () => this.actions.continueHere() }, t("taken_continue"));
    if (action === "view") first = h("button", { class: "btn btn-primary", type: "button", onclick: () => this.actions.continueHere() }, t("view_again"));
    if (action === "sign in") first = h("a", { class: "btn btn-primary", href: `/sign-in?next=${encodeURIComponent(location.pathname)}` }, t("sign_in"));
    this.show(`plain ${heading} ${text}`, "", [head(session, heading, h("p", { class: "small t2" }, text)), h("div", { class: "acts" }, first, back)]);
  }

  private again(label: string, id?: string): HTMLElement {
    const copy = async (): Promise<void> => {
      await navigator.clipboard.writeText(id ?? "");
      toast(t("copied"));
    };
    return h(
      "div",
      { class: "acts" },
      h("button", { class: "btn btn-primary", type: "button", onclick: () => this.actions.again() }, label),
      h("a", { class: "btn", href: "/" }, t("back")),
      id
        ? h(
            "span",
            { class: "end row small t3" },
            t("session"),
            h("span", { class: "mono", title: id }, `${id.slice(0, 8)}…${id.slice(-4)}`),
            h("button", { class: "btn btn-quiet btn-icon btn-sm", type: "button", "aria-label": t("copy_id"), onclick: () => void copy() }, icon("copy")),
          )
        : null,
    );
  }

  private show(key: string, kind: string, content: (HTMLElement | null)[]): void {
    if (this.shown === key) return;
    this.shown = key;
    const top = h("header", { class: "top" }, h("a", { class: "btn btn-quiet", href: "/" }, icon("left"), t("workspaces")));
    this.root.replaceChildren(top, h("div", { class: `col ${kind}` }, ...content));
    this.root.hidden = false;
    if (kind !== "start") this.root.querySelector<HTMLElement>("h1")?.focus();
  }
}

export const nameOf = (session: Session | undefined): string => session?.workspace.friendly_name ?? t("this_session");

function head(session: Session | undefined, heading: string, line: HTMLElement): HTMLElement {
  return h("div", { class: "hd" }, session ? workspaceIcon(session.workspace) : null, h("div", { class: "grow" }, h("h1", { tabindex: -1 }, heading), line));
}

function todo(...lines: string[]): HTMLElement {
  return h("ol", { class: "todo" }, ...lines.map((line) => h("li", {}, line)));
}
