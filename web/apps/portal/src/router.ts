import { useSyncExternalStore } from "react";

/** Where the page is: path and query, without the fragment. */
export type Place = { path: string; search: string };

const listeners = new Set<() => void>();
let current: Place = read();

function read(): Place {
  if (typeof location === "undefined") return { path: "/", search: "" };
  const path = location.pathname.length > 1 ? location.pathname.replace(/\/+$/, "") || "/" : "/";
  return { path, search: location.search };
}

function changed(): void {
  current = read();
  for (const listener of listeners) listener();
}

if (typeof addEventListener !== "undefined") addEventListener("popstate", changed);

/** Goes to a page of the portal without loading it anew. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  changed();
}

/** Leaves the portal: session pages are their own document. */
export function leaveTo(to: string): void {
  location.assign(to);
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** Writes query parameters into the address, without a step in the history; empty ones leave it. */
export function setParameters(changes: Record<string, string | null>): void {
  const search = new URLSearchParams(current.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  navigate(current.path + (text ? `?${text}` : ""), { replace: true });
}

/** A path of this installation, or "/" for anything else: `next` parameters must not lead elsewhere. */
export function safeNext(next: string | null): string {
  if (!next || !/^\/(?!\/)[\w\-./?=&%+~:@,;!$'()*]*$/.test(next)) return "/";
  return next;
}
