// When to try again, after a stream was lost or could not be opened yet.

/** How long to wait before attempt `n` (0 = the first after the loss): at once, then 100 ms doubling to 2 s. */
export function reconnectDelay(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(2000, 100 * 2 ** (attempt - 1));
}

/** While a session starts its socket appears at a moment that nobody announces: ask often. Milliseconds. */
export const startingDelay = 50;

/** What an answer to a plain request for the stream says. */
export type Probe = "open" | "not yet" | "sign in" | "refused";

/**
 * Reads the status of a plain GET of a stream's address. Browsers delay WebSockets for seconds once some have failed
 * (Chromium from about the twelfth on, Firefox from the first), plain requests never: so a waiting page asks with those,
 * and opens the WebSocket once something other than "not there" answers.
 */
export function readProbe(status: number): Probe {
  if (status === 401) return "sign in";
  if (status === 403) return "refused";
  if (status === 404 || status === 429 || (status >= 500 && status <= 504)) return "not yet";
  return "open";
}

/** What a closed stream means for the page. */
export type CloseMeaning = "again" | "ended" | "revoked" | "protocol" | "taken over";

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
