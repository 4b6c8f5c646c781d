export type Theme = "system" | "light" | "dark";

export const themeKey = "oriel.theme";

/** The choice kept in this browser; "system" when there is none or storage is closed. */
export function storedTheme(): Theme {
  try {
    const value = localStorage.getItem(themeKey);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

/** Shows `theme` now; tokens.css reads `data-theme`. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
}

export function chooseTheme(theme: Theme): void {
  try {
    if (theme === "system") localStorage.removeItem(themeKey);
    else localStorage.setItem(themeKey, theme);
  } catch {
    // Without storage the choice lasts for this page.
  }
  applyTheme(theme);
}
