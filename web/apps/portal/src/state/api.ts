import { ApiClient } from "@oriel/protocol";

/** The page's one client. `state/account.ts` sets what happens when the sign-in has ended. */
export const api = new ApiClient();
