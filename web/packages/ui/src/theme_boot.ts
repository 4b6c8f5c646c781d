// Runs in the head before anything paints, so that a chosen theme never flashes; and follows a choice made in another tab.
import { applyTheme, storedTheme, themeKey } from "./theme.ts";

applyTheme(storedTheme());
addEventListener("storage", (event) => {
  if (event.key === themeKey) applyTheme(storedTheme());
});

// A script or style sheet that a passing network fault kept away would leave an empty page: the page is loaded again, a few times.
const againKey = "oriel-load-again";
addEventListener(
  "error",
  (event) => {
    const part = event.target;
    if (!(part instanceof HTMLScriptElement || part instanceof HTMLLinkElement)) return;
    if (part instanceof HTMLLinkElement && part.rel !== "stylesheet" && part.rel !== "modulepreload") return;
    const attempt = Number(sessionStorage.getItem(againKey) ?? "0");
    if (attempt >= 3) return;
    sessionStorage.setItem(againKey, String(attempt + 1));
    setTimeout(() => location.reload(), 200 * (attempt + 1));
  },
  true,
);
addEventListener("load", () => setTimeout(() => sessionStorage.removeItem(againKey), 5000));
