// Bundles every test/*.test.ts(x) of the packages and applications with esbuild and runs them with node:test.
// Arguments narrow the choice: `npm test -- router` runs the files whose path contains "router".
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "build/tests");
const wanted = process.argv.slice(2);
const files = ["packages", "apps"]
  .flatMap((group) => readdirSync(join(here, group)).map((name) => join(here, group, name, "test")))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((file) => /\.test\.(ts|tsx|mjs)$/.test(file))
  .filter((file) => wanted.length === 0 || wanted.some((word) => relative(here, file).includes(word)));
if (files.length === 0) throw new Error("no test file matches");

rmSync(out, { recursive: true, force: true });
await esbuild.build({
  absWorkingDir: here,
  entryPoints: files.map((file) => ({ in: file, out: relative(here, file).replace(/[\\/]/g, "-").replace(/\.tsx?$|\.mjs$/, "") })),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  jsx: "automatic",
  sourcemap: "inline",
  // Browsers have it; Debian 12's Node 18 does not.
  banner: { js: 'import { webcrypto as browserCrypto } from "node:crypto"; globalThis.crypto ??= browserCrypto;' },
  loader: { ".css": "empty", ".woff2": "empty" },
  packages: "external",
  // Our own packages are bundled; everything else is resolved by node when the test runs.
  alias: Object.fromEntries(
    readdirSync(join(here, "packages")).map((name) => [`@oriel/${name}`, join(here, "packages", name, "src")]),
  ),
  define: { "import.meta.dirname": JSON.stringify(here), __CLIENT_FILES__: "[]", __VERSION__: '"test"' },
  logLevel: "warning",
});
const compiled = readdirSync(out).filter((file) => file.endsWith(".mjs")).map((file) => join(out, file));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=tap", ...compiled], { stdio: "inherit", cwd: here });
process.exit(run.status ?? 1);
