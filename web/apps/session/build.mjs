// Builds the session page into one folder: html, one script, one style sheet, the decoder. Called by web/build.mjs.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const web = join(here, "../..");
const root = join(web, "..");
const wasmFolder = join(web, "packages/display-client/wasm");
/** Everything that the page needs before it shows a picture, gzipped. */
const budget = 80_000;

/** The decoder's bytes; built once for each state of its sources. */
function decoder() {
  const sources = ["display/decode/decoder.cpp", "display/decode/decoder.h", "protocol/display/messages.h"].map((file) => join(root, file));
  sources.push(join(wasmFolder, "oriel.cpp"), join(wasmFolder, "build.sh"));
  const hash = createHash("sha256");
  for (const file of sources) hash.update(readFileSync(file));
  const built = join(root, "build/wasm", `decoder-${hash.digest("hex").slice(0, 16)}.wasm`);
  if (!existsSync(built)) {
    mkdirSync(join(root, "build/wasm"), { recursive: true });
    const partial = `${built}.${process.pid}.tmp`;
    execFileSync("sh", [join(wasmFolder, "build.sh"), partial], { stdio: ["ignore", "ignore", "inherit"] });
    renameSync(partial, built);
  }
  return built;
}

export async function build({ esbuild, outdir, protocolVersion, production }) {
  mkdirSync(outdir, { recursive: true });
  const address = (file) => `/client/${protocolVersion}/${file}`;
  const wasm = decoder();
  const wasmName = `decoder-${createHash("sha256").update(readFileSync(wasm)).digest("hex").slice(0, 8).toUpperCase()}.wasm`;
  writeFileSync(join(outdir, wasmName), readFileSync(wasm));

  const shared = {
    absWorkingDir: web,
    bundle: true,
    minify: production,
    target: ["chrome123", "firefox120", "safari17.5"],
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    sourcemap: production ? false : "inline",
    outdir,
    entryNames: "[name]-[hash]",
    write: false,
  };
  const script = await esbuild.build({
    ...shared,
    format: "esm",
    entryPoints: { session: join(here, "src/main.ts") },
    define: { __WASM__: JSON.stringify(address(wasmName)) },
  });
  const theme = await esbuild.build({ ...shared, format: "iife", entryPoints: { theme: join(web, "packages/ui/src/theme_boot.ts") } });
  // The font is the portal's file under the portal's address: whoever comes from there has it already.
  const style = await esbuild.build({
    ...shared,
    sourcemap: false,
    entryPoints: { session: join(here, "src/session.css") },
    loader: { ".woff2": "file" },
    assetNames: "[name]-[hash]",
    publicPath: "/assets/",
  });

  const names = {};
  const files = [];
  for (const result of [script, theme, style]) {
    for (const file of result.outputFiles) {
      if (file.path.endsWith(".woff2")) continue;
      writeFileSync(file.path, file.contents);
      const name = basename(file.path);
      names[`${name.split("-")[0]}${name.slice(name.lastIndexOf("."))}`] = name;
      files.push([name, file.contents]);
    }
  }
  const page = readFileSync(join(here, "session.html"), "utf8")
    .replace("%THEME%", address(names["theme.js"]))
    .replace("%SCRIPT%", address(names["session.js"]))
    .replace("%STYLE%", address(names["session.css"]))
    .replaceAll("%WASM%", address(wasmName));
  if (/%[A-Z]+%/.test(page) || /<script(?![^>]*\bsrc=)|<style|\sstyle=/i.test(page)) throw new Error("session.html has a hole or something inline");
  writeFileSync(join(outdir, "session.html"), page);
  files.push(["session.html", Buffer.from(page)], [wasmName, readFileSync(wasm)]);

  let total = 0;
  const sizes = files.map(([name, bytes]) => {
    const packed = gzipSync(bytes, { level: 9 }).length;
    total += packed;
    return `${name} ${packed}`;
  });
  console.log(`session page: ${total} B gzip of ${budget} (${sizes.join(", ")})`);
  if (production && total > budget) throw new Error(`the session page is ${total} B gzipped, above its budget of ${budget}`);
  return {
    metafile: { inputs: { ...script.metafile.inputs, ...theme.metafile.inputs, ...style.metafile.inputs } },
    /** What a portal may fetch ahead. */
    total,
  };
}

// On its own: node build.mjs OUTDIR, or node build.mjs --decoder, which prints the path of the decoder (tests read it).
if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === "--decoder") {
  console.log(decoder());
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const esbuild = await import("esbuild");
  await build({ esbuild, outdir: process.argv[2] ?? join(root, "build/session"), protocolVersion: 1, production: true });
}
