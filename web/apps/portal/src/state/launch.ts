import { ApiError, type Session, type SessionRequest } from "@oriel/protocol";
import { t, toast } from "@oriel/ui";
import { leaveTo } from "../router.ts";
import { api } from "./api.ts";
import { live } from "./live.ts";
import { Store } from "./store.ts";

/** The workspace whose session is being asked for; one at a time. */
export const launching = new Store<string | null>(null);

type Pending = { workspace: string; answer: Promise<Session> };
let pressed: Pending | null = null;

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, Math.round(value)));

/** What every start tells about this browser: its size in device pixels, scale, language and time zone. */
export function browserRequest(workspace: string): SessionRequest {
  const ratio = devicePixelRatio || 1;
  return {
    workspace_id: workspace,
    width: clamp(innerWidth * ratio, 320, 7680),
    height: clamp(innerHeight * ratio, 200, 4320),
    scale_percent: clamp(ratio * 100, 50, 400),
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/**
 * The pointer went down on a tile: asks for the session at once, about 100 ms before the click. `complete` (the click) goes
 * there; `abandon` (the pointer was released elsewhere) ends what was asked for, so pressing is not yet doing.
 */
export function press(workspace: string): void {
  if (launching.get() !== null || pressed) return;
  const answer = api.createSession(browserRequest(workspace));
  answer.catch(() => {});
  pressed = { workspace, answer };
}

export function abandon(): void {
  const pending = pressed;
  pressed = null;
  pending?.answer.then((session) => api.endSession(session.id)).catch(() => {});
}

/** Starts `workspace` (or takes up what `press` began) and goes to the session's page. Tells failures in a toast. */
export async function complete(workspace: string, name: string): Promise<void> {
  if (launching.get() !== null) return;
  if (pressed && pressed.workspace !== workspace) abandon();
  const answer = pressed?.answer ?? api.createSession(browserRequest(workspace));
  pressed = null;
  launching.set(workspace);
  try {
    await enter(await answer);
  } catch (error) {
    launching.set(null);
    tellFailure(name, error);
  }
}

/** Starts with the choices of the launch dialog; throws, so that the dialog can show what is wrong. */
export async function launchWith(request: SessionRequest): Promise<void> {
  await enter(await api.createSession(request));
}

/**
 * Goes to a session that has just been asked for. Where the browser runs on the session's own host, the new container's network
 * interface makes it abort what it is loading, a navigation among that: so the page is fetched first, again when that fails, and
 * the navigation finds it in the cache, where it stays for some seconds.
 */
async function enter(session: Pick<Session, "id">): Promise<void> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    try {
      await fetch(`/sessions/${session.id}`);
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
  open(session);
}

export function open(session: Pick<Session, "id">): void {
  leaveTo(`/sessions/${session.id}`);
}

export function tellFailure(name: string, error: unknown): void {
  if (error instanceof ApiError && error.status === 401) return;
  const limit = error instanceof ApiError && error.code === "conflict";
  toast({
    bad: true,
    title: limit ? t("session.limit") : t("session.start_failed", { name }),
    text: error instanceof Error ? error.message : String(error),
  });
  void live.refreshSessions();
}

/** Back from a session's page through the history: nothing is being started any more. */
export function reset(): void {
  launching.set(null);
  pressed = null;
}
