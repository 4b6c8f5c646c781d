// Runs in the head before anything paints, so that a chosen theme never flashes; and follows a choice made in another tab.
import { applyTheme, storedTheme, themeKey } from "./theme.ts";

applyTheme(storedTheme());
addEventListener("storage", (event) => {
  if (event.key === themeKey) applyTheme(storedTheme());
});
