import type {
  AdminSession,
  AdminSessionQuery,
  AdminWorkspace,
  AuditEntry,
  AuditQuery,
  CreatedUser,
  Device,
  Diagnostics,
  ErrorCode,
  Exchanged,
  Group,
  Me,
  Outcome,
  Problem,
  Server,
  ServerChange,
  Session,
  SessionDetails,
  SessionRequest,
  User,
  UserChanges,
  UserQuery,
  UserToCreate,
  Workspace,
} from "./api.ts";

/** Why a call had no result. `offline` and `timeout` are ours; the rest are the API's codes. */
export type FailureCode = ErrorCode | "offline" | "timeout";

/** Thrown by every call that does not succeed. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly code: FailureCode,
    message: string,
    /** The HTTP status, 0 when there was no answer. */
    readonly status: number,
    readonly fields: { pointer: string; message: string }[] = [],
    readonly requestId: string | null = null,
    /** Seconds after which another try makes sense, from Retry-After. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** The part of fetch that is used. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export type ClientOptions = {
  /** For tests; the browser's own otherwise. */
  fetch?: Fetch;
  /** Milliseconds for one try. */
  timeout?: number;
  /** Pauses between tries of a GET, milliseconds; their count bounds the tries. */
  pauses?: readonly number[];
  /** Called for every answer that says the cookie is not valid (any more). */
  onUnauthenticated?: () => void;
  base?: string;
};

const defaultTimeout = 10_000;
const defaultPauses = [200, 800] as const;
const codes = new Set<string>([
  "not_found",
  "invalid",
  "unauthenticated",
  "forbidden",
  "conflict",
  "no_capacity",
  "rate_limited",
  "unavailable",
  "internal",
]);

/** One method for each route of the web API. Reads are tried again, and the start of a session, which carries a key for that. */
export class ApiClient {
  readonly #fetch: Fetch;
  readonly #timeout: number;
  readonly #pauses: readonly number[];
  readonly #base: string;
  onUnauthenticated: (() => void) | undefined;

  constructor(options: ClientOptions = {}) {
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#timeout = options.timeout ?? defaultTimeout;
    this.#pauses = options.pauses ?? defaultPauses;
    this.#base = options.base ?? "";
    this.onUnauthenticated = options.onUnauthenticated;
  }

  signIn(username: string, password: string): Promise<Me> {
    return this.#send<Me>("POST", "/api/v1/sign-in", { username, password }, true);
  }
  signOut(): Promise<void> {
    return this.#send<void>("POST", "/api/v1/sign-out", undefined, true);
  }
  /** Trades a single-use token of the compatible API for the sign-in cookie. */
  exchange(token: string): Promise<Exchanged> {
    return this.#send<Exchanged>("POST", "/api/v1/exchange", { token }, true);
  }
  /** `quiet` leaves out `onUnauthenticated`: the question is whether someone is signed in. */
  me(quiet = false): Promise<Me> {
    return this.#read<Me>("/api/v1/me", undefined, quiet);
  }
  workspaces(signal?: AbortSignal): Promise<{ workspaces: Workspace[] }> {
    return this.#read("/api/v1/workspaces", signal);
  }
  sessions(signal?: AbortSignal): Promise<{ sessions: Session[]; limit: number }> {
    return this.#read("/api/v1/sessions", signal);
  }
  session(id: string, signal?: AbortSignal): Promise<Session> {
    return this.#read(`/api/v1/sessions/${encodeURIComponent(id)}`, signal);
  }
  /** Safe to try again: the key makes the second try answer with the first one's session. */
  async createSession(request: SessionRequest): Promise<Session> {
    const key = randomKey();
    try {
      return await this.#once("POST", "/api/v1/sessions", request, undefined, false, key);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0) throw error;
      return this.#once("POST", "/api/v1/sessions", request, undefined, false, key);
    }
  }
  endSession(id: string): Promise<Session> {
    return this.#send("DELETE", `/api/v1/sessions/${encodeURIComponent(id)}`);
  }
  keepAlive(id: string): Promise<{ expires_at: string }> {
    return this.#send("POST", `/api/v1/sessions/${encodeURIComponent(id)}/keepalive`);
  }
  /** The owner has read an administrator's message. */
  readMessage(session: string, message: string): Promise<void> {
    return this.#send("POST", `/api/v1/sessions/${encodeURIComponent(session)}/messages/${encodeURIComponent(message)}/read`);
  }
  adminSession(id: string, signal?: AbortSignal): Promise<SessionDetails> {
    return this.#read(`/api/v1/admin/sessions/${encodeURIComponent(id)}`, signal);
  }
  messageSessions(sessions: readonly string[], text: string): Promise<{ results: Outcome[] }> {
    return this.#send("POST", "/api/v1/admin/sessions/message", { sessions, text });
  }
  /** Ends sessions of others; their users read the reason. */
  endSessions(sessions: readonly string[], reason: string): Promise<{ results: Outcome[] }> {
    return this.#send("POST", "/api/v1/admin/sessions/end", reason === "" ? { sessions } : { sessions, reason });
  }
  renewWatch(session: string, viewer: string): Promise<void> {
    return this.#send("POST", `/api/v1/admin/sessions/${encodeURIComponent(session)}/watch`, { viewer, ended: false });
  }
  /** Said while the page goes away: nothing waits for the answer. */
  endWatch(session: string, viewer: string): void {
    void this.#fetch(`${this.#base}/api/v1/admin/sessions/${encodeURIComponent(session)}/watch`, {
      method: "POST",
      keepalive: true,
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ viewer, ended: true }),
    }).catch(() => undefined);
  }
  changeServer(id: string, change: ServerChange): Promise<Server> {
    return this.#send("PATCH", `/api/v1/admin/servers/${encodeURIComponent(id)}`, change);
  }
  removeServer(id: string): Promise<void> {
    return this.#send("DELETE", `/api/v1/admin/servers/${encodeURIComponent(id)}`);
  }
  adminSessions(query: AdminSessionQuery = {}, signal?: AbortSignal): Promise<{ sessions: AdminSession[]; cursor?: string | null; total?: number | null }> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") search.set(name, String(value));
    const text = search.toString();
    return this.#read(`/api/v1/admin/sessions${text ? `?${text}` : ""}`, signal);
  }
  adminServers(signal?: AbortSignal): Promise<{ servers: Server[] }> {
    return this.#read("/api/v1/admin/servers", signal);
  }
  adminWorkspaces(signal?: AbortSignal): Promise<{ workspaces: AdminWorkspace[] }> {
    return this.#read("/api/v1/admin/workspaces", signal);
  }
  devices(signal?: AbortSignal): Promise<{ devices: Device[] }> {
    return this.#read("/api/v1/me/devices", signal);
  }
  /** One of one's own devices, or all but the one at hand. */
  endDevices(device?: string): Promise<{ ended: number }> {
    return this.#send("POST", "/api/v1/me/end-devices", device === undefined ? {} : { device });
  }
  changePassword(current: string, next: string): Promise<void> {
    return this.#send("POST", "/api/v1/me/password", { current_password: current, new_password: next });
  }
  users(query: UserQuery = {}, signal?: AbortSignal): Promise<{ users: User[]; total: number; previous_cursor: string | null; next_cursor: string | null }> {
    return this.#read(`/api/v1/admin/users${searchOf(query)}`, signal);
  }
  groups(signal?: AbortSignal): Promise<{ groups: Group[] }> {
    return this.#read("/api/v1/admin/groups", signal);
  }
  user(id: string, signal?: AbortSignal): Promise<User> {
    return this.#read(`/api/v1/admin/users/${encodeURIComponent(id)}`, signal);
  }
  createUser(user: UserToCreate): Promise<CreatedUser> {
    return this.#send("POST", "/api/v1/admin/users", user);
  }
  editUser(id: string, changes: UserChanges): Promise<User> {
    return this.#send("PATCH", `/api/v1/admin/users/${encodeURIComponent(id)}`, changes);
  }
  deleteUser(id: string): Promise<{ sessions: number }> {
    return this.#send("DELETE", `/api/v1/admin/users/${encodeURIComponent(id)}`);
  }
  actOnUser(id: string, act: "disable" | "enable" | "unlock"): Promise<User> {
    return this.#send("POST", `/api/v1/admin/users/${encodeURIComponent(id)}/${act}`);
  }
  /** Without a password one is made; it is answered this once. */
  resetPassword(id: string, reset: { password?: string; must_change_password: boolean }): Promise<{ password: string | null }> {
    return this.#send("POST", `/api/v1/admin/users/${encodeURIComponent(id)}/password`, reset);
  }
  userDevices(id: string, signal?: AbortSignal): Promise<{ devices: Device[] }> {
    return this.#read(`/api/v1/admin/users/${encodeURIComponent(id)}/devices`, signal);
  }
  endUserDevices(id: string, device?: string): Promise<{ ended: number }> {
    return this.#send("POST", `/api/v1/admin/users/${encodeURIComponent(id)}/end-devices`, device === undefined ? {} : { device });
  }
  audit(query: AuditQuery = {}, signal?: AbortSignal): Promise<{ entries: AuditEntry[]; next_cursor: string | null }> {
    return this.#read(`/api/v1/admin/audit${searchOf(query)}`, signal);
  }
  /** Where the browser downloads the audit from. */
  auditExport(query: AuditQuery, format: "csv" | "jsonl"): string {
    return `${this.#base}/api/v1/admin/audit/export${searchOf({ ...query, format })}`;
  }
  diagnostics(signal?: AbortSignal): Promise<Diagnostics> {
    return this.#read("/api/v1/admin/diagnostics", signal);
  }

  async #read<T>(path: string, signal?: AbortSignal, quiet = false): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once<T>("GET", path, undefined, signal, quiet);
      } catch (error) {
        const pause = this.#pauses[attempt];
        const worthwhile = error instanceof ApiError && (error.status === 0 || error.status >= 500);
        if (pause === undefined || !worthwhile || signal?.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  #send<T>(method: string, path: string, body?: unknown, quiet = false): Promise<T> {
    return this.#once<T>(method, path, body, undefined, quiet);
  }

  async #once<T>(method: string, path: string, body: unknown, signal: AbortSignal | undefined, quiet: boolean, idempotencyKey?: string): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal?.addEventListener("abort", abort, { once: true });
    const timer = setTimeout(abort, this.#timeout);
    let response: Response;
    let text: string;
    try {
      const headers: Record<string, string> = { Accept: "application/json" };
      if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
      const init: RequestInit = { method, signal: controller.signal, credentials: "same-origin", headers };
      if (body !== undefined) {
        headers["Content-Type"] = "application/json";
        init.body = JSON.stringify(body);
      }
      response = await this.#fetch(this.#base + path, init);
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      if (controller.signal.aborted) throw new ApiError("timeout", `No answer within ${this.#timeout / 1000} seconds`, 0);
      throw new ApiError("offline", "The server cannot be reached", 0);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
    if (response.ok) {
      if (text === "") return undefined as T;
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new ApiError("internal", "The server's answer cannot be read", response.status);
      }
    }
    const failure = problemOf(response, text);
    if (failure.status === 401 && !quiet) this.onUnauthenticated?.();
    throw failure;
  }
}

/** The error that an answer describes; answers of the proxy (no JSON) are told by their status. */
export function problemOf(response: Pick<Response, "status" | "headers">, text: string): ApiError {
  const seconds = Number(response.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : null;
  try {
    const problem = (JSON.parse(text) as { error?: Partial<Problem> }).error;
    if (problem && typeof problem.message === "string") {
      const code = typeof problem.code === "string" && codes.has(problem.code) ? (problem.code as ErrorCode) : codeOfStatus(response.status);
      return new ApiError(code, problem.message, response.status, problem.fields ?? [], problem.request_id ?? null, retryAfter);
    }
  } catch {
    // Not ours; told by status below.
  }
  return new ApiError(codeOfStatus(response.status), `The server answered with status ${response.status}`, response.status, [], null, retryAfter);
}

/** A query without its empty members. */
function searchOf(query: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") search.set(name, String(value));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  if (status === 429) return "rate_limited";
  if (status === 502 || status === 503 || status === 504) return "unavailable";
  return status >= 500 ? "internal" : "invalid";
}
