// Title and favicon are the workspace's, so that a row of tabs tells sessions apart.
import type { Session } from "@oriel/protocol/api.ts";
import { t } from "./messages.ts";

export function showIdentity(session: Session): void {
  document.title = t("title", { name: session.workspace.friendly_name });
  void showIcon(session.workspace.icon_url, session.workspace.hue);
}

/** The drawing has no colour of its own; tabs are light or dark, and this middle tone is seen on both. */
async function showIcon(url: string, hue: number): Promise<void> {
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    if (!response.ok) return;
    const drawing = (await response.text()).replace(/<svg\b/, `<svg color="oklch(0.62 0.15 ${hue})"`);
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (link) link.href = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
  } catch {
    // The product's own icon stays.
  }
}
