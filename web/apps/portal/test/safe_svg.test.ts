import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, type ElementLike } from "../src/parts/safe_svg.ts";

function element(localName: string, attributes: Record<string, string>, ...children: ElementLike[]): ElementLike {
  return { localName, attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })), children };
}
const icon = (...children: ElementLike[]) => element("svg", { viewBox: "0 0 32 32", color: "#0f7c9c" }, ...children);

test("an icon in one colour becomes a drawing; white becomes the cut", () => {
  const drawing = drawingOf(icon(element("title", {}), element("g", {}, element("path", { d: "M3 11h26", stroke: "#fff", "stroke-width": "1.2" })), element("rect", { fill: "currentColor", "fill-opacity": ".16" })));
  assert.deepEqual(drawing, {
    viewBox: "0 0 32 32",
    shapes: [
      { tag: "g", attributes: {}, children: [{ tag: "path", attributes: { d: "M3 11h26", stroke: "var(--cut)", "stroke-width": "1.2" }, children: [] }] },
      { tag: "rect", attributes: { fill: "currentColor", "fill-opacity": ".16" }, children: [] },
    ],
  });
});

test("anything that could run, load, link or colour does not", () => {
  const bad: [string, ElementLike][] = [
    ["script", icon(element("script", {}))],
    ["foreignObject", icon(element("foreignObject", {}))],
    ["image", icon(element("image", { href: "x" }))],
    ["use", icon(element("use", { href: "#a" }))],
    ["handler", icon(element("path", { d: "M0 0", onload: "x" }))],
    ["style", icon(element("path", { d: "M0 0", style: "fill:red" }))],
    ["url", icon(element("path", { fill: "url(#a)" }))],
    ["colour", icon(element("path", { fill: "#f00" }))],
    ["nested", icon(element("g", {}, element("a", { href: "x" })))],
    ["empty", icon()],
    ["no svg", element("html", {})],
    ["no view box", element("svg", {}, element("path", {}))],
    ["too much", icon(...Array.from({ length: 65 }, () => element("path", { d: "M0 0" })))],
  ];
  for (const [name, root] of bad) assert.equal(drawingOf(root), null, name);
});
