// The steps of a start, as they were seen: what is done, what is going on, how long each took to come.
import type { Session } from "@oriel/protocol/api.ts";
import { t } from "./messages.ts";

export interface Step {
  text: string;
  /** Milliseconds since the page was opened when this step began. */
  at: number;
}

/** The agent's steps (protocol/agent), in words. */
const words: Record<string, Parameters<typeof t>[0] & `step_${string}`> = {
  waiting: "step_preparing",
  control: "step_preparing",
  container: "step_container",
  display: "step_display_server",
  x: "step_display",
  wallpaper: "step_wallpaper",
  application: "step_application",
  ready: "step_picture",
};

/** The words of what a session is doing; a step that is not known here is shown as the API says it. */
export function stepOf(session: Pick<Session, "state" | "step">): string {
  if (session.state === "running") return t("step_picture");
  const known = words[session.step];
  if (known) return t(known);
  if (session.step !== "" && session.step !== session.state) return session.step.charAt(0).toUpperCase() + session.step.slice(1);
  if (session.state === "requested") return t("step_choosing");
  if (session.state === "placed") return t("step_placed");
  return t("step_starting");
}

/** The session's socket should be there: its display server has reported, or the session runs. */
export function isStreamExpected(session: Pick<Session, "state" | "step"> | undefined): boolean {
  if (session?.state === "running") return true;
  return session?.state === "starting" && !["", "starting", "waiting", "control", "container", "display"].includes(session.step);
}

const maximumSteps = 8;

export class Steps {
  readonly list: Step[] = [];
  private percent = 0;

  /** Answers whether anything is new. */
  note(session: Pick<Session, "state" | "step" | "progress">, now: number): boolean {
    const progress = session.state === "running" ? 90 : Math.max(4, session.progress);
    return this.add(stepOf(session), now, progress);
  }

  add(text: string, now: number, progress: number): boolean {
    const further = progress > this.percent;
    if (further) this.percent = Math.min(100, progress);
    if (this.list.some((step) => step.text === text)) return further;
    this.list.push({ text, at: now });
    if (this.list.length > maximumSteps) this.list.splice(1, 1);
    return true;
  }

  get progress(): number {
    return this.percent;
  }
}
