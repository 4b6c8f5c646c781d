// What axe finds on a page as it stands, in both themes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Every violation of WCAG 2.2 A and AA as a line: the place, the theme, the rule, the first elements. Empty when there is none. */
export async function violations(page, place, themes = ["light", "dark"]) {
  const found = [];
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // The page's policy forbids foreign scripts; what the debugger evaluates is not one.
    await page.evaluate(`${source}; undefined`);
    const result = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] }), tags);
    if (result.passes.length < 5) found.push(`${place} ${colorScheme}: axe saw next to nothing`);
    for (const each of result.violations) {
      const nodes = each.nodes.slice(0, 3).map((node) => `${node.target} (${node.any[0]?.message ?? node.all[0]?.message ?? node.none[0]?.message ?? ""})`);
      found.push(`${place} ${colorScheme}: ${each.id}: ${nodes.join(" | ")}`);
    }
  }
  return found;
}
