import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { parseHashRoute } from "./hash_routes.ts";
import { leaveTo } from "./router.ts";
import { loadAccount } from "./state/account.ts";
import { reset } from "./state/launch.ts";
import { live } from "./state/live.ts";

// Links of the compatible API carry their route, and maybe a token, in the fragment: read it, then take it out of the address and
// the history before anything else can see it.
const entry = parseHashRoute(location.hash);
if (entry) history.replaceState(null, "", location.pathname + location.search);

if (entry?.kind === "session") leaveTo(`/sessions/${entry.session}`);
else if (entry?.kind !== "connect" && entry?.kind !== "unsupported") void loadAccount();

const root = document.getElementById("root");
if (root) createRoot(root).render(<App entry={entry} />);

addEventListener("hashchange", () => {
  if (parseHashRoute(location.hash)) location.reload();
});
// A page kept for "back" holds no stream and starts nothing.
addEventListener("pagehide", () => live.suspend());
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  reset();
  live.resume();
});
addEventListener("online", () => live.hurry());
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") live.hurry();
});
