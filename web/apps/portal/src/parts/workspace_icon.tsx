import { createElement, type ReactNode, useSyncExternalStore } from "react";
import { Store } from "../state/store.ts";
import { type Drawing, drawingOf, type Shape } from "./safe_svg.ts";

type Icon = { kind: "waiting" } | { kind: "drawing"; drawing: Drawing } | { kind: "picture" };

const icons = new Map<string, Store<Icon>>();
const longest = 64 * 1024;

function iconOf(url: string): Store<Icon> {
  let store = icons.get(url);
  if (!store) {
    store = new Store<Icon>({ kind: "waiting" });
    icons.set(url, store);
    void load(url, store);
  }
  return store;
}

async function load(url: string, store: Store<Icon>): Promise<void> {
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    const text = response.ok ? await response.text() : "";
    const root = text !== "" && text.length <= longest ? new DOMParser().parseFromString(text, "image/svg+xml").documentElement : null;
    const drawing = root && drawingOf(root);
    store.set(drawing ? { kind: "drawing", drawing } : { kind: "picture" });
  } catch {
    store.set({ kind: "picture" });
  }
}

function draw(shape: Shape, index: number): ReactNode {
  const properties: Record<string, string | number> = { key: index };
  for (const [name, value] of Object.entries(shape.attributes)) properties[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = value;
  return createElement(shape.tag, properties, ...shape.children.map(draw));
}

/**
 * A workspace's icon on a quiet tint of its hue. Icons in one colour take the glyph colour of the theme; others are shown as they are.
 * The name stands beside it.
 */
export function WorkspaceIcon({ url, hue, size = "" }: { url: string; hue: number; size?: "" | "sm" | "md" }) {
  const store = iconOf(url);
  const icon = useSyncExternalStore(store.subscribe, store.get);
  return (
    <span className={size ? `ws ws-${size}` : "ws"} style={{ "--h": hue } as React.CSSProperties} aria-hidden="true">
      {icon.kind === "drawing" && <svg viewBox={icon.drawing.viewBox} aria-hidden="true">{icon.drawing.shapes.map(draw)}</svg>}
      {icon.kind === "picture" && <img src={url} alt="" loading="lazy" onError={(event) => event.currentTarget.remove()} />}
    </span>
  );
}
