import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// WCAG contrast of the tokens' pairs, both themes, measured from the file that the pages use.
const css = readFileSync("packages/ui/src/styles/tokens.css", "utf8");
const raw = new Map([...css.matchAll(/(--[\w-]+):\s*((?:light-dark\([^;]+\)|var\([^;]+\)|oklch\([^;]+\)))\s*;/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
type Colour = [lightness: number, chroma: number, hue: number];

function value(name: string, dark: 0 | 1): Colour {
  const text = raw.get(name);
  assert.ok(text, `${name} is not in tokens.css`);
  const reference = /^var\((--[\w-]+)\)$/.exec(text);
  if (reference?.[1]) return value(reference[1], dark);
  const colours = [...text.matchAll(/oklch\(([^)]+)\)/g)].map((match) => match[1] ?? "");
  const parts = (colours[Math.min(dark, colours.length - 1)] ?? "").trim().split(/[ /]+/).map(Number);
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}

function luminance([lightness, chroma, hue]: Colour): number {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clamp = (x: number) => Math.min(1, Math.max(0, x));
  const red = clamp(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  const green = clamp(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  const blue = clamp(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(first: Colour, second: Colour): number {
  const [low, high] = [luminance(first), luminance(second)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const text = 4.5;
const shape = 3;
const pairs: [string, string, number][] = [
  ["--text", "--page", text], ["--text", "--surface", text], ["--text-2", "--surface", text], ["--text-2", "--page", text], ["--text-3", "--surface", text], ["--text-3", "--page", text],
  ["--text-3", "--sunken", text], ["--text-3", "--raised", text], ["--accent-on", "--accent", text], ["--accent-on", "--accent-hover", text], ["--accent-on", "--bad-solid", text], ["--accent-text", "--surface", text],
  ["--accent-text", "--accent-tint", text], ["--accent-text", "--raised", text], ["--text-2", "--accent-tint", text], ["--text", "--accent-tint", text], ["--ok-text", "--surface", text], ["--ok-text", "--ok-tint", text],
  ["--warn-text", "--surface", text], ["--warn-text", "--page", text], ["--warn-text", "--warn-tint", text], ["--text-2", "--warn-tint", text], ["--text-2", "--bad-tint", text], ["--bad-text", "--surface", text],
  ["--bad-text", "--bad-tint", text], ["--bad-text", "--raised", text], ["--bad-text", "--sunken", text], ["--line-control", "--surface", shape], ["--line-control", "--page", shape], ["--line-control", "--raised", shape],
  ["--focus", "--surface", shape], ["--focus", "--page", shape], ["--ok", "--surface", shape], ["--warn", "--surface", shape], ["--bad", "--surface", shape], ["--idle", "--surface", shape],
  ["--chart-1", "--surface", shape], ["--chart-2", "--surface", shape], ["--level", "--surface", shape],
];

test("every pair of tokens that is used together has its contrast in both themes", () => {
  for (const [front, back, bar] of pairs) {
    for (const dark of [0, 1] as const) {
      const found = ratio(value(front, dark), value(back, dark));
      assert.ok(found >= bar, `${front} on ${back} ${dark ? "dark" : "light"}: ${found.toFixed(2)} < ${bar}`);
    }
  }
});

test("workspace glyphs and initials keep their contrast at every hue", () => {
  const hues = new Map([...css.matchAll(/(--(?:hue|who)-\w+):\s*(light-dark.*);/g)].map((match) => [match[1] ?? "", [...(match[2] ?? "").matchAll(/oklch\(([\d.]+) ([\d.]+) var/g)]]));
  const at = (name: string, hue: number, dark: number): Colour => {
    const match = hues.get(name)?.[dark];
    assert.ok(match, name);
    return [Number(match[1]), Number(match[2]), hue];
  };
  for (const [front, back, bar] of [["--hue-glyph", "--hue-tint", shape], ["--who-text", "--who-tint", text]] as const)
    for (const dark of [0, 1])
      for (let hue = 0; hue < 360; hue += 5) {
        const found = ratio(at(front, hue, dark), at(back, hue, dark));
        assert.ok(found >= bar, `${front} on ${back} at hue ${hue}: ${found.toFixed(2)} < ${bar}`);
      }
});
