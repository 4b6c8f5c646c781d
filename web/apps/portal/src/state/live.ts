import { type AdminSession, type ApiError, EventStream, type Server, type Workspace } from "@oriel/protocol";
import { api } from "./api.ts";
import { Store } from "./store.ts";

/** A list that was asked for: not there yet, there, or refused. A failed refresh keeps the old list beside the error. */
export type Loaded<Value> = { value: Value | null; error: ApiError | null };

export type Scope = "own" | "admin";

const pageSize = 500;
/** 20 pages of 500: the longest list that is loaded whole. */
const mostPages = 20;
const measureEvery = 10_000;
/** Events that come within this many milliseconds are shown together: a snapshot of thousands is one change, not thousands. */
const gather = 16;

/**
 * Sessions, workspaces and servers as the API tells them: read once, then kept by its event stream. One stream serves the whole
 * page; an administrator's pages widen its scope to everybody's sessions and to servers.
 */
export class LiveState {
  /** By id. In admin scope these are everybody's. */
  readonly sessions = new Store<Loaded<ReadonlyMap<string, AdminSession>>>({ value: null, error: null });
  readonly workspaces = new Store<Loaded<readonly Workspace[]>>({ value: null, error: null });
  readonly servers = new Store<Loaded<readonly Server[]>>({ value: null, error: null });
  readonly limit = new Store<number | null>(null);
  readonly connected = new Store<boolean>(false);
  /** Grows when workspaces changed; whoever shows an own list of them re-reads. */
  readonly workspaceEpoch = new Store<number>(0);

  #scope: Scope | null = null;
  #stream: EventStream | null = null;
  #lostOnce = false;
  #generation = 0;
  #measure: ReturnType<typeof setInterval> | undefined;
  #unknownServer: ReturnType<typeof setTimeout> | undefined;
  #gathered = new Map<string, AdminSession | null>();
  #gatherTimer: ReturnType<typeof setTimeout> | undefined;
  /** What events told while a list was being read: the answer may be older. */
  #toldMeanwhile: Map<string, AdminSession | null> | null = null;

  get scope(): Scope | null {
    return this.#scope;
  }

  /** Starts or changes scope; the same scope again is nothing. */
  start(scope: Scope): void {
    if (this.#scope === scope) return;
    const first = this.#scope === null;
    this.#scope = scope;
    this.#generation++;
    this.#open();
    void this.refreshSessions();
    if (first) void this.refreshWorkspaces();
    clearInterval(this.#measure);
    if (scope === "admin") {
      void this.refreshServers();
      this.#measure = setInterval(() => {
        if (document.visibilityState === "visible") void this.refreshSessions();
      }, measureEvery);
    }
  }

  /** Forgets everything: signed out. */
  stop(): void {
    this.#scope = null;
    this.#generation++;
    this.#stream?.close();
    this.#stream = null;
    clearInterval(this.#measure);
    clearTimeout(this.#unknownServer);
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    this.#gathered.clear();
    this.#lostOnce = false;
    this.connected.set(false);
    this.sessions.set({ value: null, error: null });
    this.workspaces.set({ value: null, error: null });
    this.servers.set({ value: null, error: null });
    this.limit.set(null);
  }

  /** The page is hidden for good or kept for "back": no stream. */
  suspend(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  resume(): void {
    if (this.#scope && !this.#stream) {
      this.#open();
      void this.refreshSessions();
      void this.refreshWorkspaces();
    }
  }

  hurry(): void {
    this.#stream?.hurry();
  }

  /** Shows what an answer told about one session, at once. */
  put(session: AdminSession): void {
    this.#gather(session.id, session);
    this.#show();
  }

  remove(id: string): void {
    this.#gather(id, null);
    this.#show();
  }

  putServer(server: Server): void {
    const list = this.servers.get().value;
    if (!list) return;
    const at = list.findIndex((each) => each.id === server.id);
    this.servers.set({ value: at < 0 ? [...list, server] : list.map((each) => (each.id === server.id ? server : each)), error: null });
  }

  #gather(id: string, session: AdminSession | null): void {
    this.#toldMeanwhile?.set(id, session);
    this.#gathered.set(id, session);
    this.#gatherTimer ??= setTimeout(() => this.#show(), gather);
  }

  #show(): void {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    const old = this.sessions.get().value;
    if (old && this.#gathered.size > 0) this.sessions.set({ value: merged(new Map(old), this.#gathered), error: null });
    this.#gathered.clear();
  }

  async refreshSessions(): Promise<void> {
    const generation = this.#generation;
    const meanwhile = new Map<string, AdminSession | null>();
    this.#toldMeanwhile = meanwhile;
    try {
      const map = new Map<string, AdminSession>();
      if (this.#scope === "admin") {
        let cursor: string | undefined;
        for (let page = 0; page < mostPages; page++) {
          const answer = await api.adminSessions(cursor === undefined ? { limit: pageSize } : { limit: pageSize, cursor });
          for (const session of answer.sessions) map.set(session.id, session);
          if (!answer.cursor) break;
          cursor = answer.cursor;
        }
      } else {
        const answer = await api.sessions();
        for (const session of answer.sessions) map.set(session.id, session);
        if (generation === this.#generation) this.limit.set(answer.limit);
      }
      if (generation !== this.#generation) return;
      this.#gathered.clear();
      this.sessions.set({ value: merged(map, meanwhile), error: null });
    } catch (error) {
      if (generation === this.#generation) this.sessions.set({ value: this.sessions.get().value, error: error as ApiError });
    } finally {
      if (this.#toldMeanwhile === meanwhile) this.#toldMeanwhile = null;
    }
  }

  async refreshWorkspaces(): Promise<void> {
    const generation = this.#generation;
    try {
      const { workspaces } = await api.workspaces();
      this.workspaces.set({ value: workspaces, error: null });
    } catch (error) {
      if (generation === this.#generation) this.workspaces.set({ value: this.workspaces.get().value, error: error as ApiError });
    }
  }

  async refreshServers(): Promise<void> {
    const generation = this.#generation;
    try {
      const { servers } = await api.adminServers();
      if (generation === this.#generation) this.servers.set({ value: servers, error: null });
    } catch (error) {
      if (generation === this.#generation) this.servers.set({ value: this.servers.get().value, error: error as ApiError });
    }
  }

  #open(): void {
    const scope = this.#scope;
    if (!scope) return;
    this.#stream?.close();
    this.#stream = new EventStream(
      {
        session: (session) => {
          const before = this.sessions.get().value?.get(session.id);
          this.#gather(session.id, session);
          // The server is known only to the administrators' list.
          if (scope === "admin" && this.sessions.get().value && !("server" in session) && before?.state !== session.state) this.#readSoon();
        },
        sessionRemoved: (id) => this.#gather(id, null),
        workspaces: () => {
          void this.refreshWorkspaces();
          this.workspaceEpoch.set(this.workspaceEpoch.get() + 1);
        },
        server: (server) => this.putServer(server),
        ready: (mentioned) => {
          this.#show();
          const old = this.sessions.get().value;
          if (!old) return;
          const kept = [...old].filter(([id, session]) => mentioned.has(id) || session.state === "failed" || session.state === "ended");
          if (kept.length !== old.size) this.sessions.set({ value: new Map(kept), error: null });
        },
        connected: (connected) => {
          this.connected.set(connected);
          if (!connected) {
            this.#lostOnce = true;
            return;
          }
          if (!this.#lostOnce) return;
          // What changed while the stream was away and is not in its snapshot.
          this.#lostOnce = false;
          void this.refreshSessions();
          void this.refreshWorkspaces();
          if (scope === "admin") void this.refreshServers();
        },
      },
      { scope },
    );
  }

  #readSoon(): void {
    clearTimeout(this.#unknownServer);
    this.#unknownServer = setTimeout(() => void this.refreshSessions(), 300);
  }
}

/** Lays changes over a list. Events may carry the plain session: what only administrators' answers tell stays. */
function merged(map: Map<string, AdminSession>, changes: ReadonlyMap<string, AdminSession | null>): Map<string, AdminSession> {
  for (const [id, session] of changes) {
    if (session) map.set(id, { ...map.get(id), ...session });
    else map.delete(id);
  }
  return map;
}

export const live = new LiveState();
