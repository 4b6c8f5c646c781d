// The session page in a real browser against the test platform: `node run.mjs [name …]`.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import * as esbuild from "esbuild";
import { build } from "../../../../apps/session/build.mjs";
import { openBrowser, until } from "./browser.mjs";
import { clipboard, fill } from "./frames.mjs";
import { Platform } from "./platform.mjs";

const out = mkdtempSync(join(tmpdir(), "oriel-session-page-"));
mkdirSync(out, { recursive: true });
await build({ esbuild, outdir: out, protocolVersion: 1, production: true });
const { browser, close } = await openBrowser();

/** A page on a platform of its own; every error of the page and every broken rule of the policy fails the test. */
async function open({ prepare = () => {}, viewport = { width: 1280, height: 720 }, measure = true, ...options } = {}) {
  const platform = await new Platform(out).listen();
  prepare(platform);
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (entry) => {
    if (entry.type() === "error" && !/Failed to load resource|WebSocket connection to/.test(entry.text())) errors.push(entry.text());
  });
  await page.goto(platform.page + (measure ? "?measure=1" : ""), { waitUntil: "commit" });
  return {
    platform,
    page,
    context,
    state: () => page.evaluate(() => document.documentElement.dataset.sessionState),
    running: () => page.waitForSelector('html[data-session-state="running"]', { state: "attached", timeout: 5000 }),
    async done() {
      await context.close();
      platform.close();
      assert.deepEqual(errors, []);
    },
  };
}

/** Nothing that a screen reader or a keyboard stumbles over. */
async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  assert.deepEqual(violations.map((one) => `${what}: ${one.id} ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`), []);
}

const key = (platform) => platform.inputs.filter((input) => input.type === 0x61);
const tests = {
  async "shows the first picture, says running, acknowledges"() {
    const t = await open();
    await t.running();
    const seen = await t.page.evaluate(() => {
      const canvas = document.querySelector('canvas[aria-label="Remote screen"]');
      const pixel = canvas.getContext("2d").getImageData(100, 90, 1, 1).data;
      return { width: canvas.width, height: canvas.height, box: canvas.getBoundingClientRect().width, pixel: [...pixel], read: [...window.orielMeasure.readPixels(100, 90, 1, 1)], title: document.title };
    });
    assert.deepEqual(seen, { width: 1280, height: 720, box: 1280, pixel: [251, 251, 252, 255], read: [251, 251, 252, 255], title: "Desktop · Oriel" });
    await until("an ACK", () => t.platform.acks.length > 0);
    assert.equal(t.platform.acks[0].frame, 1);
    await t.done();
  },

  async "follows the window's size within a second"() {
    const t = await open();
    await t.running();
    for (const [width, height] of [[1000, 700], [901, 603], [1440, 900]]) {
      await t.page.setViewportSize({ width, height });
      const began = performance.now();
      await until(`${width}x${height}`, async () => {
        const canvas = await t.page.evaluate(() => {
          const { width, height } = document.querySelector("canvas");
          const box = document.querySelector("canvas").getBoundingClientRect();
          return [width, height, box.width, box.height, box.left, box.top];
        });
        return canvas.join() === [width, height, width, height, 0, 0].join();
      }, 1000);
      console.log(`    resize to ${width}x${height}: ${(performance.now() - began).toFixed(0)} ms`);
    }
    await t.done();
  },

  async "one remote pixel is one device pixel at any density"() {
    for (const [density, width, height] of [[1.25, 1250, 875], [1.5, 1500, 1050], [2, 2000, 1400]]) {
      const t = await open({ viewport: { width: 1000, height: 700 }, deviceScaleFactor: density });
      await t.running();
      const box = await until(`density ${density}`, () => t.page.evaluate(([w, h]) => {
        const canvas = document.querySelector("canvas");
        const box = canvas.getBoundingClientRect();
        return canvas.width === w && canvas.height === h && Math.abs(box.width - 1000) < 0.01 ? [box.width, box.height, canvas.style.cursor] : null;
      }, [width, height]));
      assert.ok(Math.abs(box[1] - 700) < 0.01);
      assert.match(box[2], /image-set/);
      const size = t.platform.inputs.find((input) => input.type === 0x66);
      assert.deepEqual([size.width, size.height, size.scale], [width, height, density * 100]);
      await t.page.mouse.move(500, 350);
      const move = await until("a move", () => t.platform.inputs.find((input) => input.type === 0x62));
      assert.deepEqual([move.x, move.y], [width / 2, height / 2].map(Math.floor));
      await t.done();
    }
  },

  async "sends keys with keysym, code and modifiers"() {
    const t = await open();
    await t.running();
    await t.page.keyboard.press("a");
    await t.page.keyboard.press("Shift+A");
    await t.page.keyboard.press("Enter");
    await t.page.keyboard.press("Control+c");
    await until("all keys", () => key(t.platform).length >= 12);
    const keys = key(t.platform).map((k) => [k.down ? "+" : "-", k.keysym.toString(16), k.code, k.modifiers & ~48].join(" "));
    assert.deepEqual(keys, ["+ 61 30 0", "- 61 30 0", "+ ffe1 42 1", "+ 41 30 1", "- 41 30 1", "- ffe1 42 0", "+ ff0d 28 0", "- ff0d 28 0", "+ ffe3 29 2", "+ 63 46 2", "- 63 46 2", "- ffe3 29 0"]);
    const sequences = t.platform.inputs.map((input) => input.sequence);
    assert.deepEqual(sequences, sequences.map((_, index) => index + 1), "sequences grow by one");
    await t.done();
  },

  async "reports inputs as applied"() {
    const t = await open();
    t.platform.onInput = (input) => {
      if (input.type === 0x61) t.platform.draw(fill(10, 10, 8, 8, [input.sequence & 255, 0, 0]));
    };
    await t.running();
    await t.page.evaluate(() => {
      window.applied = [];
      window.orielMeasure.on("applied", (one) => window.applied.push(one));
    });
    for (let i = 0; i < 40; i++) {
      await t.page.keyboard.press("k");
      await new Promise((resolve) => setTimeout(resolve, 12));
    }
    const applied = await until("80 reports", () => t.page.evaluate(() => (window.applied.length >= 80 ? window.applied : null)));
    const times = applied.map((one) => one.appliedTime - one.inputTime).sort((a, b) => a - b);
    assert.ok(times[0] >= 0 && times[times.length >> 1] < 50, `median ${times[times.length >> 1]}`);
    console.log(`    key to picture with a server that draws at once: p50 ${times[40].toFixed(2)} ms, p95 ${times[76].toFixed(2)} ms`);
    await t.done();
  },

  async "pointer: places, buttons at once, moves at most one a frame, wheel"() {
    const t = await open();
    await t.running();
    await t.page.mouse.move(100, 100);
    await t.page.mouse.down();
    await t.page.mouse.move(300, 200, { steps: 20 });
    await t.page.mouse.up();
    await t.page.mouse.click(50, 60, { button: "right" });
    await t.page.mouse.wheel(0, 240);
    await until("the wheel", () => t.platform.inputs.some((input) => input.type === 0x63));
    const pointers = t.platform.inputs.filter((input) => input.type === 0x62);
    assert.deepEqual([pointers[0].x, pointers[0].y, pointers[0].buttons], [100, 100, 0]);
    assert.deepEqual([pointers[1].x, pointers[1].y, pointers[1].buttons], [100, 100, 1]);
    const up = pointers.findIndex((p, i) => i > 1 && p.buttons === 0);
    assert.deepEqual([pointers[up].x, pointers[up].y], [300, 200]);
    assert.ok(pointers.some((p) => p.x === 50 && p.y === 60 && p.buttons === 4));
    const wheel = t.platform.inputs.filter((input) => input.type === 0x63).reduce((sum, input) => sum + input.dy, 0);
    assert.equal(wheel, 288, "more than two notches, told by the distance");
    await t.done();
  },

  async "reconnects over the last picture and goes on from it"() {
    const t = await open({ prepare: (platform) => { platform.resumes = true; } });
    await t.running();
    await until("an ACK", () => t.platform.acks.length > 0);
    await t.page.evaluate(() => {
      window.states = [];
      new MutationObserver(() => window.states.push(document.documentElement.dataset.sessionState)).observe(document.documentElement, { attributes: true });
    });
    t.platform.displayUp = false;
    for (const display of t.platform.displays) display.cut();
    await t.page.waitForSelector('html[data-session-state="reconnecting"]', { state: "attached" });
    const pixel = await t.page.evaluate(() => [...document.querySelector("canvas").getContext("2d").getImageData(100, 90, 1, 1).data]);
    assert.deepEqual(pixel, [251, 251, 252, 255]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    t.platform.displayUp = true;
    const began = performance.now();
    await t.page.waitForSelector('html[data-session-state="running"]', { state: "attached", timeout: 5000 });
    console.log(`    back after ${(performance.now() - began).toFixed(0)} ms`);
    const query = t.platform.queries.at(-1);
    assert.deepEqual([query.get("epoch"), query.get("frame")], ["1", "1"]);
    assert.equal(query.get("viewer"), t.platform.queries[0].get("viewer"));
    // The stream goes on where it was.
    t.platform.draw(fill(0, 0, 10, 10, [1, 2, 3]));
    await until("the next frame", () => t.page.evaluate(() => document.querySelector("canvas").getContext("2d").getImageData(5, 5, 1, 1).data[2] === 3));
    await t.done();
  },

  async "waits in starting until the display is there, then until it is ready"() {
    const t = await open({
      prepare: (platform) => {
        platform.displayUp = false;
        platform.ready = false;
        Object.assign(platform.session, { state: "requested", step: "", progress: 0, started_at: null });
      },
    });
    await t.page.waitForSelector("text=Starting Desktop");
    t.platform.tell({ state: "placed", step: "", progress: 20 });
    await t.page.waitForSelector("text=Server chosen");
    t.platform.tell({ state: "starting", step: "container", progress: 50 });
    await t.page.waitForSelector("text=Creating the container");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.ok(t.platform.attempts <= 3, `${t.platform.attempts} attempts before anything announced the socket`);
    t.platform.displayUp = true;
    const began = performance.now();
    t.platform.tell({ step: "x", progress: 60 });
    await until("a picture", () => t.page.evaluate(() => document.documentElement.classList.contains("has-picture")));
    console.log(`    picture ${(performance.now() - began).toFixed(0)} ms after the socket appeared`);
    assert.equal(await t.state(), "starting");
    t.platform.ready = true;
    t.platform.draw(fill(0, 0, 10, 10, [9, 9, 9]));
    await t.running();
    await t.done();
  },

  async "tells why a start failed and why it was refused"() {
    const t = await open({ prepare: (platform) => { platform.displayUp = false; Object.assign(platform.session, { state: "starting", step: "display", started_at: null }); } });
    await t.page.waitForSelector("text=Container started");
    t.platform.tell({ state: "failed", reason: "The application stopped 1.2 seconds after its start.", log_tail: "start-app: firefox-esr: command not found\n" });
    await t.page.waitForSelector("text=Desktop could not start");
    await t.page.waitForSelector("text=command not found");
    assert.equal(await t.state(), "failed");
    await t.done();
    const r = await open({
      prepare: (platform) => {
        platform.displayUp = false;
        Object.assign(platform.session, {
          state: "failed",
          started_at: null,
          reason: "It needs 4 cores and 8 GiB of memory.",
          placement: { servers: [{ server: "atlas-1", checks: [{ check: "cores", ok: false, message: "1.5 cores free, 4 needed" }, { check: "memory", ok: true, message: "" }] }] },
        });
      },
    });
    await r.page.waitForSelector("text=No server can take Desktop now");
    await r.page.waitForSelector("text=1.5 cores free, 4 needed");
    await r.done();
  },

  async "ends on 4001 and on request"() {
    const t = await open();
    await t.running();
    await t.page.keyboard.down("Control");
    await t.page.keyboard.down("Alt");
    await t.page.keyboard.down("Shift");
    await t.page.keyboard.up("Shift");
    await t.page.keyboard.up("Alt");
    await t.page.keyboard.up("Control");
    await t.page.waitForSelector('aside[aria-label="Control panel"]');
    await t.page.click("text=End…");
    await t.page.click("text=End session");
    await t.page.waitForSelector("text=Desktop has ended");
    assert.equal(await t.state(), "ended");
    assert.equal(t.platform.deleted, 1);
    await t.done();
    const u = await open();
    await u.running();
    for (const display of u.platform.displays) display.close(4001, "The administrator ended it.");
    await u.page.waitForSelector("text=The administrator ended it.");
    assert.equal(await u.state(), "ended");
    await u.done();
  },

  async "asks to sign in when the cookie is gone"() {
    const t = await open({ prepare: (platform) => { platform.signedIn = false; platform.displayUp = false; } });
    const link = await t.page.waitForSelector('a:has-text("Sign in")');
    assert.match(await link.getAttribute("href"), /^\/sign-in\?next=%2Fsessions%2F/);
    await t.done();
  },

  async "clipboard: paste before the V key, copies come out, no question asked"() {
    const t = await open({ permissions: ["clipboard-write"] });
    await t.running();
    await until("the clipboard route", () => t.platform.clipboards.size > 0);
    for (const connection of t.platform.clipboards) connection.send(clipboard(1, "from the session"));
    await t.page.bringToFront();
    await t.page.click("canvas", { position: { x: 600, y: 500 } });
    await until("text in the local clipboard", async () => {
      await t.context.grantPermissions(["clipboard-read", "clipboard-write"]);
      return (await t.page.evaluate(() => navigator.clipboard.readText())) === "from the session";
    });
    await t.page.evaluate(() => navigator.clipboard.writeText("from here"));
    await t.context.clearPermissions();
    const before = t.platform.inputs.length;
    await t.page.keyboard.press("Control+v");
    await until("V", () => key(t.platform).some((k) => k.keysym === 0x76 && !k.down));
    assert.deepEqual(t.platform.clipboardTexts.map((one) => one.text), ["from here"]);
    const v = t.platform.inputs.slice(before).find((input) => input.keysym === 0x76);
    assert.ok(v.at > t.platform.clipboardTexts[0].at, "the text is there before the key");
    // The same again: nothing to send, nothing to wait for.
    await t.page.keyboard.press("Control+v");
    await until("V again", () => key(t.platform).filter((k) => k.keysym === 0x76 && !k.down).length === 2);
    assert.equal(t.platform.clipboardTexts.length, 1);
    await t.done();
  },

  async "text that no key carries is typed as text"() {
    const t = await open();
    await t.running();
    await t.page.keyboard.insertText("日本語");
    const text = await until("TEXT", () => t.platform.inputs.find((input) => input.type === 0x65));
    assert.equal(text.text, "日本語");
    await t.done();
  },

  async "releases everything when the focus goes"() {
    const t = await open();
    await t.running();
    await t.page.keyboard.down("Shift");
    await until("the key", () => key(t.platform).length === 1);
    await t.page.evaluate(() => window.dispatchEvent(new Event("blur")));
    await until("RELEASE", () => t.platform.inputs.some((input) => input.type === 0x64));
    await t.done();
  },

  async "shows the remote cursor as its own"() {
    const t = await open();
    await t.running();
    const cursor = await t.page.evaluate(() => document.querySelector("canvas").style.cursor);
    assert.match(cursor, /^url\("data:image\/png;base64,.+"\) 0 0, default$/);
    await t.done();
  },

  async "a hidden page gets no frames"() {
    const t = await open();
    await t.running();
    await t.page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await until("VIEW without the flag", () => t.platform.views.at(-1) === 0);
    await t.done();
  },

  async "fingers: a tap clicks, two scroll"() {
    const t = await open({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
    await t.running();
    await until("the phone's size", () => t.platform.size.width === 520);
    await t.page.touchscreen.tap(195, 422);
    const moves = await until("a click", () => {
      const found = t.platform.inputs.filter((input) => input.type === 0x62);
      return found.length >= 3 ? found : null;
    });
    assert.deepEqual(moves.slice(-3).map((move) => [move.x, move.y, move.buttons]), [[260, 562, 0], [260, 562, 1], [260, 562, 0]]);
    const client = await t.context.newCDPSession(t.page);
    const touch = (type, points) => client.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
    await touch("touchStart", [[100, 400]]);
    await touch("touchStart", [[100, 400], [200, 400]]);
    for (let y = 390; y >= 300; y -= 10) await touch("touchMove", [[100, y], [200, y]]);
    await touch("touchEnd", []);
    await until("the wheel", () => t.platform.inputs.some((input) => input.type === 0x63 && input.dy > 0));
    assert.ok(t.platform.inputs.filter((input) => input.type === 0x62).slice(3).every((move) => move.buttons === 0), "no click while scrolling");
    await t.done();
  },

  async "pages and panel are accessible in both themes"() {
    for (const colorScheme of ["light", "dark"]) {
      const t = await open({ colorScheme });
      await t.running();
      await t.page.click(".handle");
      for (const section of ["Clipboard", "Keys", "Display", "Session"]) await t.page.click(`.ph:has-text("${section}")`);
      await t.page.click(".lamp");
      await t.page.waitForTimeout(1300);
      await accessible(t.page, `panel, ${colorScheme}`);
      await t.page.click("text=End…");
      await t.page.waitForTimeout(200);
      await accessible(t.page, `end, ${colorScheme}`);
      await t.page.keyboard.press("Escape");
      await t.page.keyboard.press("Escape");
      await until("the panel to close", () => t.page.evaluate(() => document.querySelector("#panel").hidden));
      assert.equal(await t.page.evaluate(() => document.activeElement.id), "keys", "the focus is back at the picture");
      await t.done();
      for (const session of [{ state: "starting", step: "display", started_at: null }, { state: "failed", started_at: null, reason: "It stopped.", log_tail: "line" }, { state: "ended" }]) {
        const u = await open({ colorScheme, prepare: (platform) => { platform.displayUp = false; Object.assign(platform.session, session); } });
        await u.page.waitForSelector("h1:has-text('Desktop')");
        await u.page.waitForTimeout(200);
        await accessible(u.page, `${session.state}, ${colorScheme}`);
        await u.done();
      }
    }
  },

  async "an unreadable stream is left with 4003 and opened anew"() {
    const t = await open();
    await t.running();
    t.platform.sendDisplay(Buffer.from([0x33, 0, 0, 0, 0]));
    await until("a second connection", () => t.platform.queries.length === 2);
    assert.equal(t.platform.queries[1].get("epoch"), null);
    await t.running();
    await t.done();
  },
};

const wanted = process.argv.slice(2);
let failed = 0;
let passed = 0;
for (const [name, test] of Object.entries(tests)) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  try {
    await test();
    passed++;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n     ${error?.stack ?? error}`);
  }
}
await close();
rmSync(out, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed === 0 ? 0 : 1);
