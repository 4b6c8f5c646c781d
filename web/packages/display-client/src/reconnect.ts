// When to try again, after a stream was lost or could not be opened yet.

/** How long to wait before attempt `n` (0 = the first after the loss): at once, then 100 ms doubling to 2 s. */
export function reconnectDelay(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(2000, 100 * 2 ** (attempt - 1));
}

/**
 * How long to wait before attempt `n` while a session's socket is about to appear: often at first, and not for long. Browsers punish failed
 * WebSockets (Chromium delays the next by seconds from about the fifteenth on, Firefox by 0.2 s after the first and more after each), so
 * nothing is tried that is known to fail: the page hurries the link when the session's events say that the socket is there.
 */
export function startingDelay(attempt: number): number {
  return attempt <= 6 ? 50 : attempt <= 10 ? 250 : 1000;
}

/** Attempts of a route that this viewer may not have at all (a role without input): then it waits for the display to open again. */
export const sideAttempts = 6;

/** A stream that cannot be read this often, and was never good in between, is given up: it will not become better by asking. */
export const unreadableAttempts = 5;

/** What a closed stream means for the page. */
export type CloseMeaning = "again" | "ended" | "revoked" | "protocol" | "taken over" | "unreadable";

export function readClose(code: number): CloseMeaning {
  switch (code) {
    case 4001:
      return "ended";
    case 4002:
      return "revoked";
    case 4003:
      return "protocol";
    case 4004:
      return "taken over";
    default:
      return "again";
  }
}
