// The session page: opens the stream at once, tells what is happening until the picture is there, then gets out of its way.
import { type CloseMeaning, isExact, isReady, reconnectDelay, SessionClient, startingDelay } from "@oriel/display-client";
import type { Session } from "@oriel/protocol/api.ts";
import { ApiClient, ApiError } from "@oriel/protocol/client.ts";
import { EventStream } from "@oriel/protocol/events.ts";
import { byId, toast } from "./dom.ts";
import { showIdentity } from "./identity.ts";
import { exposeMeasure } from "./measure.ts";
import { t } from "./messages.ts";
import { Notices } from "./notices.ts";
import { nameOf, Pages } from "./pages.ts";
import { Panel } from "./panel.ts";
import { Statistics } from "./statistics.ts";
import { isStreamExpected, Steps } from "./steps.ts";

export type PageState = "starting" | "running" | "reconnecting" | "paused" | "stopped" | "ended" | "failed";

const keepaliveInterval = 60_000;
/** How often the API is asked while events alone should tell (an administrator on another user's session gets none). */
const pollInterval = 2000;
/** A stream that was resumed without a new picture counts as back after this long. */
const resumedAfter = 300;
/** The first round trip is measured when the first picture no longer stands in its way. */
const firstPing = 500;
/** A stream that nothing announces is tried this often, in case an event was lost. */
const unexpectedDelay = 1500;
/** Somebody else's session: the view is renewed this often, or it ends. */
const renewInterval = 10_000;
const pingWatched = 1;
const pingIdle = 10;

const id = (/^\/sessions\/([0-9a-f-]+)/i.exec(location.pathname)?.[1] ?? "").replaceAll("-", "").toLowerCase();
const api = new ApiClient();
const statistics = new Statistics();
const steps = new Steps();
let state: PageState = "starting";
let session: Session | undefined;
let ready = false;
let resumed = false;
let watching = false;
let ended = false;
/** An administrator looks on somebody else's session. The address may say so before the API does. */
let viewing = false;
let resumeTimer: ReturnType<typeof setTimeout> | undefined;

const viewer = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
async function compileDecoder(): Promise<WebAssembly.Module> {
  const request = (): Promise<Response> => fetch(__WASM__, { credentials: "same-origin" });
  try {
    return await WebAssembly.compileStreaming(request());
  } catch {
    // A proxy that mislabels the file, or a moment without network: once more, by its bytes.
    const response = await request();
    return WebAssembly.compile(await response.arrayBuffer());
  }
}

const wasm = compileDecoder();
wasm.catch(() => undefined); // whoever starts the client hears of it

const pages = new Pages({
  again: () => void startAgain(),
  cancel: () => void cancelStart(),
  continueHere: () => location.reload(),
});

const client = new SessionClient(
  { stage: byId("stage"), canvas: byId<HTMLCanvasElement>("screen"), field: byId<HTMLTextAreaElement>("keys"), otherPointer: byId("other") },
  wasm,
  { path: `/sessions/${id}`, viewer, delay: (attempt) => (ready ? reconnectDelay(attempt) : isStreamExpected(session) ? startingDelay(attempt) : unexpectedDelay) },
  {
    frame: (end) => {
      statistics.exact = isExact(end);
      clearTimeout(resumeTimer);
      document.documentElement.classList.add("has-picture");
      if (isReady(end)) run();
      else if (!ready && steps.add(t("step_settling"), performance.now(), 95)) showStart();
    },
    state: (remote) => {
      if (remote.viewers !== undefined) panel.setViewers(remote.viewers);
      if (remote.size_fixed !== undefined) panel.setSizeFixed(remote.size_fixed);
      if (remote.state === "ended") void refresh();
    },
    statistics: (remote) => {
      statistics.remote = remote;
    },
    roundTrip: (milliseconds) => {
      statistics.roundTrip(milliseconds);
      sample();
    },
    connected: () => {
      setTimeout(() => client.display.ping(), firstPing);
      if (state !== "reconnecting") return;
      resumeTimer = setTimeout(() => run(), resumedAfter);
    },
    lost: (meaning, reason) => lost(meaning, reason),
    clipboard: (text) => panel.clipboard(text),
    clipboardRefused: (reason) => toast(reason, true),
    leave: () => panel.toggle(),
  },
);

// A page that is opened on a phone shows a larger desktop: one remote pixel covers several of its small ones.
if (matchMedia("(pointer: coarse)").matches && devicePixelRatio >= 2) client.setZoom(devicePixelRatio >= 2.5 ? 2 : 1.5);

const notices = new Notices({ read: (message) => api.readMessage(id, message) });

const panel = new Panel(client, {
  end: async () => {
    try {
      update(await api.endSession(id));
    } catch (error) {
      toast(t("end_failed", { reason: error instanceof Error ? error.message : "" }), true);
    }
  },
  watching: (on) => {
    watching = on;
    client.setStatistics(on);
    if (on) client.display.ping();
    sample();
  },
});

function setState(next: PageState): void {
  state = next;
  document.documentElement.dataset.sessionState = next;
  byId("status").textContent = next === "reconnecting" ? t("reconnecting") : "";
}

/** The picture is there and the session is ready. */
function run(): void {
  if (ended || state === "running") return;
  const first = !ready;
  ready = true;
  setState("running");
  pages.hide();
  if (!first) return;
  if (matchMedia("(pointer: coarse)").matches) byId("screen").focus({ preventScroll: true });
  else client.focus();
}

/** The session is over for this page: nothing tries again. */
function finish(next: PageState): void {
  if (ended) return;
  ended = true;
  setState(next);
  panel.close();
  client.stop();
  events.close();
}

function showStart(): void {
  if (!ended && !ready) pages.starting(session, steps, resumed);
}

function update(next: Session): void {
  const first = session === undefined;
  session = next;
  if (first) {
    showIdentity(next);
    // What already runs is opened, not started: no list of steps that happened some other day.
    resumed = next.state === "running" && steps.list.length <= 1;
    if (resumed) steps.list.length = 0;
    else steps.list.splice(0, 1, { text: t("step_request"), at: 0 });
  }
  if (next.role === "view") view();
  panel.update(next);
  notices.update(next, viewing);
  if (ended) return;
  switch (next.state) {
    case "failed":
      finish("failed");
      if (isRefusal(next)) pages.refused(next);
      else pages.failed(next, steps, ready || next.started_at !== null);
      break;
    case "ended":
      finish("ended");
      pages.plain(next, t("ended", { name: nameOf(next) }), endedWords(next.reason ?? next.reason_code), "again");
      break;
    case "ending":
      pages.plain(next, t("ending", { name: nameOf(next) }), t("ending_hint"), "none");
      break;
    case "paused":
      finish("paused");
      pages.plain(next, t("paused", { name: nameOf(next) }), t("paused_hint"), "none");
      break;
    case "stopped":
      finish("stopped");
      pages.plain(next, t("stopped", { name: nameOf(next) }), t("stopped_hint"), "none");
      break;
    default:
      if (resumed) steps.add(t("step_connecting"), performance.now(), 60);
      else steps.note(next, performance.now());
      if (!ready && isStreamExpected(next)) client.display.hurry();
      showStart();
  }
}

/** No server fitted: nothing was started, and each server that was asked says why. */
function isRefusal(failed: Session): boolean {
  const servers = failed.placement?.servers;
  return servers !== undefined && !failed.started_at && servers.every((server) => server.checks.some((check) => !check.ok));
}

async function refresh(): Promise<void> {
  if (ended) return;
  try {
    update(await api.session(id));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "unauthenticated") signIn();
    else if (error.code === "not_found" || error.code === "invalid") {
      finish("ended");
      pages.plain(session, t("missing"), t("missing_hint"), "none");
    } else if (!session) {
      pages.plain(undefined, t("step_connecting"), t("offline_hint"), "none");
    }
  }
}

function signIn(): void {
  finish("failed");
  pages.plain(session, t("sign_in_needed"), t("sign_in_hint"), "sign in");
}

/** Why it ended, for a person: a code in words, a sentence as it is. */
function endedWords(reason: string | null | undefined): string {
  switch (reason) {
    case "keepalive_expired":
      return t("ended_unused");
    case "session_time_limit":
      return t("ended_time_limit");
    default:
      return reason && !/^[a-z_]+$/.test(reason) ? reason : t("ended_reason");
  }
}

function view(): void {
  if (viewing) return;
  viewing = true;
  document.documentElement.classList.add("viewing");
  client.onlyView();
}

/** Tells why it ended in the API's words, which are longer than what fits a closed stream. */
async function explainEnd(reason: string): Promise<void> {
  try {
    const last = await api.session(id);
    if (last.reason) pages.plain(last, t("ended", { name: nameOf(last) }), endedWords(last.reason), "again");
  } catch {
    pages.plain(session, t("ended", { name: nameOf(session) }), endedWords(reason), "again");
  }
}

function lost(meaning: CloseMeaning, reason: string): void {
  clearTimeout(resumeTimer);
  switch (meaning) {
    case "ended":
      finish("ended");
      pages.plain(session, t("ended", { name: nameOf(session) }), endedWords(reason), "again");
      void explainEnd(reason);
      return;
    case "revoked":
      if (viewing) {
        finish("ended");
        pages.plain(session, t("view_ended"), t("view_ended_hint"), "view");
        return;
      }
      // Expired: the sign-in, or a guest's grant. The API knows which.
      void api.session(id).then(
        () => {
          finish("ended");
          pages.plain(session, t("revoked", { name: nameOf(session) }), t("revoked_hint"), "none");
        },
        (error: unknown) => {
          if (error instanceof ApiError && error.code === "unauthenticated") signIn();
          else {
            finish("ended");
            pages.plain(session, t("revoked", { name: nameOf(session) }), t("revoked_hint"), "none");
          }
        },
      );
      return;
    case "unreadable":
      finish("failed");
      pages.plain(session, t("unreadable", { name: nameOf(session) }), t("unreadable_hint"), "continue");
      return;
    case "taken over":
      finish("ended");
      pages.plain(session, t("taken", { name: nameOf(session) }), reason || t("taken_hint"), "continue");
      return;
    default:
      if (ready) setState("reconnecting");
      sample();
      void refresh();
  }
}

async function startAgain(): Promise<void> {
  if (!session) {
    location.assign("/");
    return;
  }
  const size = client.window.measure();
  try {
    const next = await api.createSession({
      workspace_id: session.workspace.id,
      width: size.width,
      height: size.height,
      scale_percent: size.scalePercent,
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    location.replace(`/sessions/${next.id}`);
  } catch (error) {
    toast(t("start_failed", { reason: error instanceof Error ? error.message : "" }), true);
  }
}

async function cancelStart(): Promise<void> {
  try {
    await api.endSession(id);
  } finally {
    location.assign("/");
  }
}

function sample(): void {
  const { received, frames, open } = client.display;
  panel.sample(statistics.sample({ received, frames, open, keyToPicture: client.times.latest }, performance.now()), statistics.roundTrips);
}

const events = new EventStream({
  session: (next) => {
    if (next.id.replaceAll("-", "") === id) update(next);
  },
  sessionRemoved: (removed) => {
    if (removed.replaceAll("-", "") === id) void refresh();
  },
  workspaces: () => undefined,
  ready: () => undefined,
  connected: () => undefined,
});

if (new URLSearchParams(location.search).get("view") === "1") view();
setState("starting");
steps.add(t("step_connecting"), performance.now(), 4);
client.start().catch(() => {
  finish("failed");
  pages.plain(session, t("old_browser"), t("old_browser_hint"), "none");
});
void refresh();

let seconds = 0;
setInterval(() => {
  if (ended || document.hidden) return;
  seconds++;
  if (seconds % (watching ? pingWatched : pingIdle) === 0) client.display.ping();
  if (watching || panel.isOpen || seconds % pingIdle === 0) sample();
  if (!ready) showStart();
}, 1000);
setInterval(() => {
  if (!ended && state !== "running" && !document.hidden) void refresh();
}, pollInterval);
setInterval(() => {
  if (ended || document.hidden || !ready || viewing) return;
  api.keepAlive(id).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "unauthenticated") signIn();
  });
}, keepaliveInterval);

setInterval(() => {
  if (!viewing || ended) return;
  // Refused: the view has lapsed, and its stream is being closed; that is where the page learns it.
  api.renewWatch(id, viewer).catch(() => undefined);
  // No event stream tells of somebody else's session.
  void refresh();
}, renewInterval);
addEventListener("pagehide", () => {
  if (viewing) api.endWatch(id, viewer);
});

if (new URLSearchParams(location.search).get("measure") === "1") exposeMeasure(client, () => ({ state, session: id }));
