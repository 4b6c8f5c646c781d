import { ApiError, type Me } from "@oriel/protocol";
import { applyTheme, storedTheme } from "@oriel/ui";
import { api } from "./api.ts";
import { Store } from "./store.ts";

export type Account =
  | { kind: "unknown" }
  | { kind: "signed-in"; me: Me }
  | { kind: "signed-out"; expired: boolean }
  | { kind: "unreachable"; error: ApiError };

export const account = new Store<Account>({ kind: "unknown" });

api.onUnauthenticated = () => {
  account.set({ kind: "signed-out", expired: account.get().kind === "signed-in" });
};

/** Asks who is signed in. */
export async function loadAccount(): Promise<void> {
  try {
    signedIn(await api.me(true));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) account.set({ kind: "signed-out", expired: account.get().kind === "signed-in" });
    else account.set({ kind: "unreachable", error: error instanceof ApiError ? error : new ApiError("internal", String(error), 0) });
  }
}

export function signedIn(me: Me): void {
  account.set({ kind: "signed-in", me });
  // The theme of the profile counts where this browser has no choice of its own.
  if (storedTheme() === "system" && (me.theme === "light" || me.theme === "dark")) applyTheme(me.theme);
}

export async function signOut(): Promise<void> {
  await api.signOut();
  account.set({ kind: "signed-out", expired: false });
}
