import type { AdminSession, Session } from "@oriel/protocol";
import type { Tone } from "@oriel/ui";

const tones: Record<Session["state"], Tone> = {
  requested: "busy",
  placed: "busy",
  starting: "busy",
  running: "ok",
  paused: "hollow",
  stopped: "hollow",
  ending: "hollow",
  ended: "idle",
  failed: "bad",
};

/** The state a person is told: a session that shall end is ending, whatever it still does. */
export function shownState(session: Pick<Session, "state" | "desired">): Session["state"] {
  const over = session.state === "ended" || session.state === "failed" || session.state === "ending";
  return session.desired === "ended" && !over ? "ending" : session.state;
}

export function toneOf(session: Pick<Session, "state" | "desired">): Tone {
  return tones[shownState(session)];
}

export function stateWord<State extends Session["state"]>(state: State): `state.${State}` {
  return `state.${state}`;
}

export function isLive(session: Pick<Session, "state" | "desired">): boolean {
  return session.state !== "ended" && session.state !== "failed";
}

/** The page of a session makes sense: it runs or is on its way. */
export function isOpenable(session: Pick<Session, "state" | "desired">): boolean {
  return isLive(session) && session.desired !== "ended" && session.state !== "ending";
}

export function isStarting(session: Pick<Session, "state" | "desired">): boolean {
  return session.state === "requested" || session.state === "placed" || session.state === "starting";
}

/** Own sessions that are shown on the workspaces page: live ones, newest first, then what failed a moment ago. */
export function ownSessions(sessions: ReadonlyMap<string, AdminSession> | null, me: string): AdminSession[] {
  const rank = (session: AdminSession) => (session.state === "failed" ? 1 : 0);
  return [...(sessions?.values() ?? [])]
    .filter((session) => session.owner.id === me && session.state !== "ended")
    .sort((a, b) => rank(a) - rank(b) || Date.parse(b.created_at) - Date.parse(a.created_at));
}

export function userOf(session: AdminSession): string {
  return session.user?.username ?? session.owner.username;
}
