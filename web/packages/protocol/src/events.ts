import type { Server, Session } from "./api.ts";

/** The part of EventSource that is used; tests bring their own. */
export type EventSourceLike = {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void;
  close(): void;
};

export type EventHandlers = {
  session(session: Session): void;
  sessionRemoved(id: string): void;
  workspaces(): void;
  server?(server: Server): void;
  /** The stream has told everything that lives: what it did not mention is gone. */
  ready(mentioned: ReadonlySet<string>): void;
  /** False from the moment the stream breaks until the next `ready`. */
  connected(connected: boolean): void;
};

export type EventOptions = {
  scope?: "own" | "admin";
  open?: (url: string) => EventSourceLike;
  /** Milliseconds without any event, pings included, after which the stream counts as dead. */
  silence?: number;
  /** First and longest pause between tries, milliseconds. */
  firstPause?: number;
  longestPause?: number;
  random?: () => number;
};

/**
 * The API's event stream, kept alive until `close()`. Reconnects with growing pauses (jittered, bounded) after an error, an
 * end or a silence of more than two pings; EventSource's own retry is not used because it gives up on status codes.
 */
export class EventStream {
  readonly #handlers: EventHandlers;
  readonly #url: string;
  readonly #open: (url: string) => EventSourceLike;
  readonly #silence: number;
  readonly #firstPause: number;
  readonly #longestPause: number;
  readonly #random: () => number;
  #source: EventSourceLike | null = null;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = false;
  #connected = false;

  constructor(handlers: EventHandlers, options: EventOptions = {}) {
    this.#handlers = handlers;
    this.#url = options.scope === "admin" ? "/api/v1/events?scope=admin" : "/api/v1/events";
    this.#open = options.open ?? ((url) => new EventSource(url) as EventSourceLike);
    this.#silence = options.silence ?? 40_000;
    this.#firstPause = options.firstPause ?? 500;
    this.#longestPause = options.longestPause ?? 15_000;
    this.#random = options.random ?? Math.random;
    this.#connect();
  }

  /** Tries at once instead of waiting out the pause: the network is back, the page is visible again. */
  hurry(): void {
    if (this.#closed || this.#source) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#drop();
    clearTimeout(this.#retry);
  }

  #connect(): void {
    const source = this.#open(this.#url);
    this.#source = source;
    const mentioned = new Set<string>();
    let told = false;
    const on = (type: string, act: (data: unknown) => void) =>
      source.addEventListener(type, (event) => {
        if (source !== this.#source) return;
        this.#arm();
        let data: unknown;
        try {
          data = typeof event.data === "string" && event.data !== "" ? JSON.parse(event.data) : undefined;
        } catch {
          this.#fail();
          return;
        }
        act(data);
      });
    on("session", (data) => {
      const session = data as Session;
      if (!told) mentioned.add(session.id);
      this.#handlers.session(session);
    });
    on("session-removed", (data) => this.#handlers.sessionRemoved((data as { id: string }).id));
    on("workspaces", () => this.#handlers.workspaces());
    on("server", (data) => this.#handlers.server?.(data as Server));
    on("ping", () => {});
    on("ready", () => {
      told = true;
      this.#failures = 0;
      this.#handlers.ready(mentioned);
      this.#say(true);
    });
    source.addEventListener("error", () => {
      if (source === this.#source) this.#fail();
    });
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#fail(), this.#silence);
  }

  #drop(): void {
    clearTimeout(this.#watch);
    this.#source?.close();
    this.#source = null;
  }

  #fail(): void {
    this.#drop();
    if (this.#closed) return;
    this.#say(false);
    const ceiling = Math.min(this.#longestPause, this.#firstPause * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    this.#retry = setTimeout(() => this.#connect(), ceiling * (0.5 + this.#random() / 2));
  }

  #say(connected: boolean): void {
    if (connected === this.#connected && connected) return;
    this.#connected = connected;
    this.#handlers.connected(connected);
  }
}
