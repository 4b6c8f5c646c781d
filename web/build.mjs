// Builds web/dist: the portal, the session client of the current display protocol, licence notices and .gz files.
// Fails when the portal's first load exceeds its budget.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = join(here, "dist");
// Built beside and moved in place when whole: a server that runs on dist never sees half of one.
const dist = join(here, `build/dist-${process.pid}`);
const production = !process.argv.includes("--development");
/** Script a person waits for before the first page works, gzipped. */
const firstLoadBudget = 200_000;
const compressible = /\.(js|css|html|svg|wasm|txt|json)$/;

const version = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).version ?? "0.1.0";
const displaySource = readFileSync(join(here, "packages/protocol/src/display.ts"), "utf8");
const protocolVersion = /export const protocolVersion = (\d+)/.exec(displaySource)?.[1];
if (!protocolVersion) throw new Error("packages/protocol/src/display.ts does not export protocolVersion");

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "assets"), { recursive: true });
const inputs = new Set();
const remember = (metafile) => {
  for (const input of Object.keys(metafile?.inputs ?? {})) inputs.add(input);
};

// The session client first: the portal prefetches its files by name.
const clientFolder = join(dist, "client", protocolVersion);
const sessionBuild = join(here, "apps/session/build.mjs");
if (existsSync(sessionBuild)) {
  mkdirSync(clientFolder, { recursive: true });
  const { build } = await import(pathToFileURL(sessionBuild).href);
  const result = await build({ esbuild, outdir: clientFolder, protocolVersion: Number(protocolVersion), production });
  remember(result?.metafile);
}
const clientFiles = existsSync(clientFolder)
  ? readdirSync(clientFolder)
      .filter((file) => /\.(js|css|wasm|woff2)$/.test(file))
      .map((file) => `/client/${protocolVersion}/${file}`)
  : [];

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: production,
  target: ["chrome123", "firefox120", "safari17.5"],
  jsx: "automatic",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  outdir: join(dist, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  publicPath: "/assets/",
  loader: { ".woff2": "file" },
  define: {
    "process.env.NODE_ENV": production ? '"production"' : '"development"',
    __CLIENT_FILES__: JSON.stringify(clientFiles),
    __VERSION__: JSON.stringify(version),
  },
};
const portal = await esbuild.build({
  ...shared,
  format: "esm",
  splitting: true,
  sourcemap: production ? false : "linked",
  entryPoints: { portal: "apps/portal/src/main.tsx", style: "apps/portal/src/styles/portal.css" },
});
const theme = await esbuild.build({ ...shared, format: "iife", entryPoints: { theme: "packages/ui/src/theme_boot.ts" } });
remember(portal.metafile);
remember(theme.metafile);

const outputOf = (result, name, extension) => {
  const path = Object.keys(result.metafile.outputs).find((file) => new RegExp(`/${name}-[A-Z0-9]+\\${extension}$`).test(file));
  if (!path) throw new Error(`no output ${name}${extension}`);
  return path;
};
const portalScript = outputOf(portal, "portal", ".js");
const themeScript = outputOf(theme, "theme", ".js");
const styleSheet = outputOf(portal, "style", ".css");
const font = outputOf(portal, "inter-latin-wght-normal", ".woff2");

/** The scripts reachable from the entry by static imports: what the browser needs before the first page works. */
function staticClosure(entry) {
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const item of portal.metafile.outputs[path].imports) if (item.kind === "import-statement") visit(item.path);
  };
  visit(entry);
  return [...seen];
}
const firstLoad = [themeScript, ...staticClosure(portalScript)];

const href = (path) => `/assets/${basename(path)}`;
const page = readFileSync(join(here, "apps/portal/index.html"), "utf8")
  .replace("%THEME%", href(themeScript))
  .replace("%STYLE%", href(styleSheet))
  .replace("%FONT%", href(font))
  .replace("%SCRIPT%", href(portalScript))
  .replace(
    "%MODULES%",
    firstLoad
      .filter((path) => path !== themeScript && path !== portalScript)
      .map((path) => `<link rel="modulepreload" href="${href(path)}">`)
      .join("\n"),
  );
if (/%[A-Z]+%/.test(page) || /<script(?![^>]*\bsrc=)|<style|\sstyle=/i.test(page)) throw new Error("index.html has a hole or something inline");
writeFileSync(join(dist, "index.html"), page);
writeFileSync(join(dist, "favicon.svg"), readFileSync(join(here, "apps/portal/favicon.svg")));

writeFileSync(join(dist, "licenses.txt"), licenceNotices());

const rows = [];
for (const path of walk(dist)) {
  if (!compressible.test(path)) continue;
  const bytes = readFileSync(path);
  const packed = gzipSync(bytes, { level: 9 });
  writeFileSync(`${path}.gz`, packed);
  rows.push([relative(dist, path), bytes.length, packed.length]);
}
for (const [name, raw, packed] of rows.sort((a, b) => b[2] - a[2])) {
  console.log(`${name.padEnd(44)} ${String(raw).padStart(8)} B  ${String(packed).padStart(7)} B gzip`);
}
mkdirSync(target, { recursive: true });
const previous = `${dist}-previous`;
renameSync(target, previous);
renameSync(dist, target);
rmSync(previous, { recursive: true, force: true });

const total = firstLoad.reduce((sum, path) => sum + statSync(`${join(target, relative(dist, join(here, path)))}.gz`).size, 0);
console.log(`first load of script: ${total} B gzip in ${firstLoad.length} files (budget ${firstLoadBudget})`);
if (total > firstLoadBudget) {
  console.error("the portal's first load is over its budget");
  process.exit(1);
}

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

/** The licence text of every npm package whose code or files went into dist. */
function licenceNotices() {
  const packages = new Map();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.set(match[1], true);
  }
  const parts = [...packages.keys()].sort().map((folder) => {
    const root = join(here, folder);
    const about = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const file = readdirSync(root).find((name) => /^licen[cs]e/i.test(name));
    if (!file) throw new Error(`${about.name} has no licence file`);
    return `${about.name} ${about.version} (${about.license})\n\n${readFileSync(join(root, file), "utf8").trim()}\n`;
  });
  return `Oriel's web pages contain these works of others.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}
