// The session page against the real display server on an X server of its own: `ORIEL_DISPLAY=…/oriel-display node real.mjs [name …]`.
// Needs Xvfb, xterm, xclip, imagemagick. Prints what was measured.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { build } from "../../../../apps/session/build.mjs";
import { openBrowser, until } from "./browser.mjs";
import { Platform } from "./platform.mjs";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const server =
  process.env.ORIEL_DISPLAY ??
  readdirSync(join(root, "build"))
    .map((name) => join(root, "build", name, "display/oriel-display"))
    .find((path) => existsSync(path));
if (!server) {
  console.log("skipped: oriel-display is not built");
  console.log("0 passed, 0 failed, 1 skipped");
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "oriel-real-"));
const number = 200 + (process.pid % 300);
const display = `:${number}`;
const children = [];
const start = (command, parameters, options = {}) => {
  const child = spawn(command, parameters, { stdio: ["ignore", "ignore", process.env.VERBOSE ? "inherit" : "ignore"], env: { ...process.env, DISPLAY: display, XAUTHORITY: "" }, ...options });
  children.push(child);
  return child;
};
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const percentile = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];

await build({ esbuild, outdir: folder, protocolVersion: 1, production: true });
start("Xvfb", [display, "-screen", "0", "2560x1600x24", "-nolisten", "tcp", "-ac", "-noreset"]);
await until("the X server", () => existsSync(`/tmp/.X11-unix/X${number}`), 5000);
const socket = join(folder, "display.sock");
start(server, ["--display", display, "--listen", socket, "--ready", "window", "--log", "warning"]);
await until("the display server", () => existsSync(socket), 5000);
const { browser, close } = await openBrowser();

async function open(options = {}) {
  const platform = await new Platform(folder, { socket }).listen();
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const began = performance.now();
  await page.goto(`${platform.page}?measure=1`, { waitUntil: "commit" });
  return {
    platform, context, page, began,
    running: () => page.waitForSelector('html[data-session-state="running"]', { state: "attached", timeout: 8000 }),
    state: () => page.evaluate(() => window.orielMeasure.state()),
    async done() {
      await context.close();
      platform.close();
      assert.deepEqual(errors, []);
    },
  };
}
/** The screen of the X server as RGB, and the canvas. */
function screenRgb(x, y, width, height) {
  const ppm = execFileSync("sh", ["-c", `import -display ${display} -window root miff:- | convert miff:- -crop ${width}x${height}+${x}+${y} +repage -depth 8 rgb:-`], { maxBuffer: 1 << 26 });
  return ppm;
}

const tests = {
  async "first picture, then ready with the first window"() {
    const t = await open();
    await until("a picture", () => t.page.evaluate(() => document.documentElement.classList.contains("has-picture")), 8000);
    console.log(`    first picture ${(performance.now() - t.began).toFixed(0)} ms after navigation`);
    start("xterm", ["-geometry", "80x24+100+80", "-e", "cat"]);
    await t.running();
    await t.done();
  },
  async "resizes within a second"() {
    const t = await open();
    await t.running();
    for (const [width, height] of [[1000, 700], [1440, 900], [1281, 723]]) {
      await t.page.setViewportSize({ width, height });
      const began = performance.now();
      await until(`${width}x${height}`, () => t.page.evaluate(([w, h]) => { const c = document.querySelector("canvas"); return c.width === w && c.height === h; }, [width, height]), 1000);
      console.log(`    ${width}x${height} after ${(performance.now() - began).toFixed(0)} ms`);
    }
    await t.done();
  },
  async "keys reach the window and their picture comes back"() {
    const t = await open();
    await t.running();
    await t.page.mouse.click(300, 200);
    await wait(300);
    await t.page.evaluate(() => {
      window.applied = [];
      window.downs = new Set();
      addEventListener("keydown", (event) => window.downs.add(event.timeStamp), { capture: true });
      window.orielMeasure.on("applied", (one) => window.downs.has(one.inputTime) && window.applied.push(one));
    });
    for (let i = 0; i < 60; i++) {
      await t.page.keyboard.down("x");
      await wait(20 + Math.random() * 20);
      await t.page.keyboard.up("x");
      await wait(30 + Math.random() * 20);
    }
    const applied = await t.page.evaluate(() => window.applied);
    const times = applied.map((one) => one.appliedTime - one.inputTime);
    console.log(`    ${times.length} keys, key to picture p50 ${percentile(times, 0.5).toFixed(1)} ms, p95 ${percentile(times, 0.95).toFixed(1)} ms`);
    assert.ok(times.length >= 59);
    await t.done();
  },
  async "the picture is exact"() {
    const t = await open();
    await t.running();
    await wait(1200);
    const { width, height } = await t.state();
    const ours = Buffer.from(await t.page.evaluate(([w, h]) => { let s = ""; const p = window.orielMeasure.readPixels(0, 0, w, h); for (let i = 0; i < p.length; i += 4) s += String.fromCharCode(p[i], p[i + 1], p[i + 2]); return btoa(s); }, [width, height]), "base64");
    const canvas = Buffer.from(await t.page.evaluate(() => { const c = document.querySelector("canvas"); let s = ""; const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; for (let i = 0; i < p.length; i += 4) s += String.fromCharCode(p[i], p[i + 1], p[i + 2]); return btoa(s); }), "base64");
    const theirs = screenRgb(0, 0, width, height);
    assert.ok(ours.equals(canvas), "canvas and frame buffer");
    let different = 0;
    for (let i = 0; i < theirs.length; i += 3) if (theirs[i] !== ours[i] || theirs[i + 1] !== ours[i + 1] || theirs[i + 2] !== ours[i + 2]) different++;
    assert.equal(theirs.length, ours.length);
    console.log(`    ${different} of ${width * height} pixels differ`);
    assert.ok(different < 200, "at most a blinking caret");
    await t.done();
  },
  async "comes back after the network was gone"() {
    const t = await open();
    await t.running();
    await wait(300);
    const before = await t.state();
    for (const connection of t.platform.displays) connection.cut();
    await t.page.waitForSelector('html[data-session-state="reconnecting"]', { state: "attached" });
    const began = performance.now();
    await t.running();
    console.log(`    back after ${(performance.now() - began).toFixed(0)} ms, ${(await t.state()).received - before.received} bytes`);
    await t.done();
  },
  async "clipboard both ways"() {
    const t = await open({ permissions: ["clipboard-read", "clipboard-write"] });
    await t.running();
    await until("the clipboard route", async () => (await t.state()).clipboard);
    const copier = spawn("sh", ["-c", `printf 'from the session' | xclip -selection clipboard -display ${display}`], { stdio: "ignore" });
    await t.page.bringToFront();
    await until("the local clipboard", () => t.page.evaluate(async () => (await navigator.clipboard.readText()) === "from the session"), 3000);
    await t.page.evaluate(() => navigator.clipboard.writeText("from the browser é"));
    await t.page.mouse.click(300, 200);
    await t.page.keyboard.press("Control+v");
    await until("the remote clipboard", () => execFileSync("xclip", ["-o", "-selection", "clipboard", "-display", display], { timeout: 2000 }).toString() === "from the browser é", 3000);
    copier.kill();
    await t.done();
  },
};

let failed = 0;
let passed = 0;
const wanted = process.argv.slice(2);
try {
  for (const [name, test] of Object.entries(tests)) {
    if (wanted.length > 0 && !wanted.some((word) => name.includes(word)) && name !== Object.keys(tests)[0]) continue;
    try {
      await test();
      passed++;
      console.log(`ok   ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}\n     ${error?.stack ?? error}`);
    }
  }
} finally {
  await close();
  for (const child of children.reverse()) child.kill();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed === 0 ? 0 : 1);
