/** A drawing made of shapes only; null when the source holds anything else, which then is shown as a picture. */
export type Shape = { tag: string; attributes: Record<string, string>; children: Shape[] };
export type Drawing = { viewBox: string; shapes: Shape[] };

const tags = new Set(["g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"]);
const attributes = new Set([
  "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "points", "transform", "opacity", "fill", "fill-opacity", "fill-rule",
  "clip-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "stroke-linejoin", "stroke-dasharray",
]);
/** Colours that follow the theme. White cuts lines out of a glyph and becomes the tile's tint. */
const colours: Record<string, string> = { currentcolor: "currentColor", none: "none", "#fff": "var(--cut)", "#ffffff": "var(--cut)", white: "var(--cut)" };
const mostShapes = 64;

/** The parts of an Element that are read; the browser's DOMParser gives them. */
export type ElementLike = {
  readonly localName: string;
  readonly attributes: ArrayLike<{ readonly name: string; readonly value: string }>;
  readonly children: ArrayLike<ElementLike>;
};

/** Reads an icon in one colour. Nothing that could run, load or link passes, and no colour of its own. */
export function drawingOf(root: ElementLike): Drawing | null {
  if (root.localName !== "svg") return null;
  const viewBox = Array.from(root.attributes).find((attribute) => attribute.name === "viewBox")?.value ?? "";
  if (!/^[\d.\s-]{5,40}$/.test(viewBox)) return null;
  let count = 0;
  const read = (element: ElementLike): Shape | null => {
    if (!tags.has(element.localName) || ++count > mostShapes) return null;
    const kept: Record<string, string> = {};
    for (const { name, value } of Array.from(element.attributes)) {
      if (!attributes.has(name) || /url|[<>"]/i.test(value)) return null;
      if (name === "fill" || name === "stroke") {
        const colour = colours[value.trim().toLowerCase()] ?? (/^var\(--cut/.test(value) ? "var(--cut)" : null);
        if (colour === null) return null;
        kept[name] = colour;
      } else kept[name] = value;
    }
    const children = Array.from(element.children).map(read);
    return children.some((child) => child === null) ? null : { tag: element.localName, attributes: kept, children: children as Shape[] };
  };
  const shapes = Array.from(root.children)
    .filter((element) => element.localName !== "title" && element.localName !== "desc")
    .map(read);
  return shapes.length === 0 || shapes.some((shape) => shape === null) ? null : { viewBox, shapes: shapes as Shape[] };
}
