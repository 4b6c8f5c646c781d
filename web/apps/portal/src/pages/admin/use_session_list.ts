import { type AdminSession, type AdminSessionQuery, ApiError } from "@oriel/protocol";
import { useEffect, useMemo, useRef, useState } from "react";
import { api } from "../../state/api.ts";
import { live } from "../../state/live.ts";
import { useStore } from "../../state/store.ts";

export const pageSize = 100;
/** The most that one question reads again; what is beyond keeps what it showed. */
const readAgain = 500;
const measureEvery = 10_000;
const typing = 200;
const settle = 400;

type Loaded = { key: string; living: boolean; rows: AdminSession[]; cursor: string | null; total: number | null; error: ApiError | null };

export type SessionList = {
  /** Null before the first answer to this question. */
  rows: AdminSession[] | null;
  total: number | null;
  error: ApiError | null;
  /** There is a next page. */
  more: boolean;
  loading: boolean;
  loadMore: () => void;
  refresh: () => void;
};

/** Lays what the event stream told over rows: their order and number stay the server's. */
export function overlaid(rows: readonly AdminSession[], told: ReadonlyMap<string, AdminSession> | null): AdminSession[] {
  return rows.map((row) => {
    const newer = told?.get(row.id);
    return newer ? { ...row, ...newer } : row;
  });
}

/** True when the stream knows a session that lives and is in no row: the list is no longer the server's. */
export function lacks(rows: readonly AdminSession[], told: ReadonlyMap<string, AdminSession> | null, since: number): boolean {
  if (!told) return false;
  const known = new Set(rows.map((row) => row.id));
  for (const session of told.values()) if (!known.has(session.id) && Date.parse(session.created_at) > since) return true;
  return false;
}

/** One question to the server, page by page. With `living` its rows follow the event stream, and it is asked again from time to time. */
export function useSessionList(query: AdminSessionQuery, living: boolean): SessionList {
  const key = JSON.stringify(query);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [loading, setLoading] = useState(false);
  const told = useStore(live.sessions).value;
  const current = useRef({ key, loaded, asked: 0 });
  current.current.key = key;
  current.current.loaded = loaded;

  const ask = useRef(async (_kind: "first" | "again" | "more", _signal?: AbortSignal): Promise<void> => undefined);
  ask.current = async (kind, signal) => {
    const mine = loaded?.key === key ? loaded : null;
    const limit = kind === "again" ? Math.min(readAgain, Math.max(pageSize, mine?.rows.length ?? 0)) : pageSize;
    setLoading(true);
    try {
      const cursor = kind === "more" && mine?.cursor ? { cursor: mine.cursor } : {};
      const answer = await api.adminSessions({ ...query, limit, ...cursor }, signal);
      if (current.current.key !== key || signal?.aborted) return;
      current.current.asked = Date.now();
      const older = current.current.loaded?.key === key ? current.current.loaded : null;
      if (kind === "more" && older) {
        const known = new Set(older.rows.map((row) => row.id));
        setLoaded({ ...older, rows: [...older.rows, ...answer.sessions.filter((row) => !known.has(row.id))], cursor: answer.cursor ?? null, error: null });
      } else if (kind === "again" && older && older.rows.length > readAgain) {
        // Far down a long list: what is in view stays, only its numbers are new.
        setLoaded({ ...older, rows: overlaid(older.rows, new Map(answer.sessions.map((row) => [row.id, row]))), total: answer.total ?? older.total, error: null });
      } else {
        setLoaded({ key, living, rows: answer.sessions, cursor: answer.cursor ?? null, total: answer.total ?? null, error: null });
      }
    } catch (error) {
      if (current.current.key !== key || signal?.aborted || !(error instanceof ApiError)) return;
      const older = current.current.loaded?.key === key ? current.current.loaded : null;
      setLoaded(older ? { ...older, error } : { key, living, rows: [], cursor: null, total: null, error });
    } finally {
      setLoading(false);
    }
  };

  // A new question: asked when whoever types has stopped.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the query
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => void ask.current("first", controller.signal), loaded ? typing : 0);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key]);

  useEffect(() => {
    if (!living) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void ask.current("again");
    }, measureEvery);
    return () => clearInterval(timer);
  }, [living]);

  const mine = loaded?.key === key ? loaded : null;
  const missing = living && mine !== null && lacks(mine.rows, told, current.current.asked - 1000);
  useEffect(() => {
    if (!missing) return;
    const timer = setTimeout(() => void ask.current("again"), settle);
    return () => clearTimeout(timer);
  }, [missing]);

  // While a new filter is being answered the old rows stay: nothing jumps. Live and past have other columns.
  const present = mine ?? (loaded?.living === living ? loaded : null);
  const rows = useMemo(() => (present && !(present.error && present.rows.length === 0) ? (living ? overlaid(present.rows, told) : present.rows) : null), [present, told, living]);
  return {
    rows,
    total: present?.total ?? null,
    error: mine?.error ?? null,
    more: mine?.cursor !== null && mine !== null,
    loading,
    loadMore: () => void ask.current("more"),
    refresh: () => void ask.current("again"),
  };
}
