// Elements without a framework: the page holds a few dozen, most of which never change.

type Child = Node | string | null | undefined | false;
type Properties = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

/** An element. `on…` properties are listeners, booleans are attributes that are there or not, `class` is the class. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
  return element;
}

/** An icon of the sprite in session.html. */
export function icon(name: string, small = false): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", small ? "i i-sm" : "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A workspace's icon on its own tint: the drawing is a mask, so that it takes the theme's colour. */
export function workspaceIcon(workspace: { icon_url: string; hue: number } | undefined, size: "" | "ws-md" = ""): HTMLElement {
  const box = h("span", { class: `ws ${size}`, "aria-hidden": "true" });
  if (!workspace) return box;
  box.style.setProperty("--h", String(workspace.hue));
  const glyph = h("span", { class: "glyph" });
  glyph.style.setProperty("--icon", `url(${JSON.stringify(workspace.icon_url)})`);
  box.append(glyph);
  return box;
}

export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** "3 s", "38 m", "2 h 14 m": two units at most. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

let toastTimer: ReturnType<typeof setTimeout> | undefined;

/** One sentence at the foot; the newest replaces the last. A failure stays until it is closed. */
export function toast(text: string, bad = false): void {
  const place = byId("toasts");
  clearTimeout(toastTimer);
  const close = h("button", { class: "btn btn-quiet btn-icon btn-sm", "aria-label": "Close", onclick: () => place.replaceChildren() }, icon("x"));
  place.replaceChildren(h("div", { class: bad ? "toast bad" : "toast" }, icon(bad ? "bad" : "check"), h("p", { class: "grow" }, text), close));
  if (!bad) toastTimer = setTimeout(() => place.replaceChildren(), 4000);
}
