// The session page in Firefox, driven by WebDriver BiDi: what differs between engines (keys, paste, canvas, sizes).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { build } from "../../../../apps/session/build.mjs";
import { until } from "./browser.mjs";
import { clipboard } from "./frames.mjs";
import { Platform } from "./platform.mjs";
import { connect } from "./websocket.mjs";

const executable = process.env.ORIEL_FIREFOX ?? ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find((path) => existsSync(path));
if (!executable) {
  console.log("skipped: Firefox is not installed");
  console.log("0 passed, 0 failed, 1 skipped");
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "oriel-firefox-"));
await build({ esbuild, outdir: folder, protocolVersion: 1, production: true });
const profile = mkdtempSync(join(tmpdir(), "oriel-profile-"));
// Nothing but the test's own page is asked for.
writeFileSync(
  join(profile, "user.js"),
  ["app.update.enabled", "browser.safebrowsing.malware.enabled", "datareporting.policy.dataSubmissionEnabled", "network.captive-portal-service.enabled", "network.connectivity-service.enabled", "browser.newtabpage.enabled", "extensions.update.enabled"]
    .map((name) => `user_pref("${name}", false);`)
    .join("\n"),
);
const firefox = spawn(executable, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
let said = "";
firefox.stderr.on("data", (data) => { said += data; });
const address = await until("Firefox", () => /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1], 30000);
const waiting = new Map();
let last = 0;
const socket = await connect(`${address}/session`, {
  message: (data) => {
    const { id, result, error, message } = JSON.parse(data.toString());
    const one = waiting.get(id);
    waiting.delete(id);
    if (error) one?.reject(new Error(`${error}: ${message}`));
    else one?.resolve(result);
  },
});
const call = (method, params = {}) =>
  new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    socket.send(JSON.stringify({ id: last, method, params }));
  });
await call("session.new", { capabilities: {} });
const { context } = await call("browsingContext.create", { type: "tab" });
const evaluate = async (expression) => {
  const { type, result, exceptionDetails } = await call("script.evaluate", { expression: `(async () => JSON.stringify(${expression}))()`, target: { context }, awaitPromise: true, userActivation: false });
  if (type === "exception") throw new Error(exceptionDetails.text);
  return result.type === "string" ? JSON.parse(result.value) : undefined;
};
const control = "\uE009";
const shift = "\uE008";
const keys = (...steps) => call("input.performActions", { context, actions: [{ type: "key", id: "keyboard", actions: steps.map(([type, value]) => ({ type: type === "+" ? "keyDown" : "keyUp", value })) }] });
const pointer = (...actions) => call("input.performActions", { context, actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }] });

async function open(prepare = () => {}) {
  const platform = await new Platform(folder).listen();
  prepare(platform);
  await call("browsingContext.setViewport", { context, viewport: { width: 1280, height: 720 } });
  await call("browsingContext.navigate", { context, url: `${platform.page}?measure=1`, wait: "complete" });
  await until("running", async () => (await evaluate("document.documentElement.dataset.sessionState")) === "running", 8000);
  return platform;
}
const key = (platform) => platform.inputs.filter((input) => input.type === 0x61);

const tests = {
  async "picture, size, cursor"() {
    const platform = await open();
    await until("the size", async () => (await evaluate("[document.querySelector('canvas').width, document.querySelector('canvas').height].join()")) === "1280,720");
    assert.deepEqual(await evaluate("[...document.querySelector('canvas').getContext('2d').getImageData(100, 90, 1, 1).data]"), [251, 251, 252, 255]);
    assert.match(await evaluate("document.querySelector('canvas').style.cursor"), /^url\(/);
    await call("browsingContext.setViewport", { context, viewport: { width: 1001, height: 603 } });
    await until("the other size", async () => (await evaluate("[document.querySelector('canvas').width, document.querySelector('canvas').height].join()")) === "1001,603", 1000);
    platform.close();
  },
  async "keys and pointer"() {
    const platform = await open();
    await keys(["+", "a"], ["-", "a"], ["+", shift], ["+", "A"], ["-", "A"], ["-", shift], ["+", control], ["+", "c"], ["-", "c"], ["-", control]);
    await until("ten keys", () => key(platform).length >= 10);
    assert.deepEqual(key(platform).map((k) => `${k.down ? "+" : "-"}${k.keysym.toString(16)}`), ["+61", "-61", "+ffe1", "+41", "-41", "-ffe1", "+ffe3", "+63", "-63", "-ffe3"]);
    await pointer({ type: "pointerMove", x: 200, y: 150 }, { type: "pointerDown", button: 0 }, { type: "pointerMove", x: 260, y: 180 }, { type: "pointerUp", button: 0 }, { type: "pointerDown", button: 2 }, { type: "pointerUp", button: 2 });
    await until("the right button", () => platform.inputs.some((input) => input.type === 0x62 && input.buttons === 4));
    const moves = platform.inputs.filter((input) => input.type === 0x62);
    assert.ok(moves.some((move) => move.x === 200 && move.y === 150 && move.buttons === 1));
    assert.ok(moves.some((move) => move.x === 260 && move.y === 180 && move.buttons === 0));
    await call("input.performActions", { context, actions: [{ type: "wheel", id: "wheel", actions: [{ type: "scroll", x: 100, y: 100, deltaX: 0, deltaY: 120 }] }] });
    const wheel = await until("the wheel", () => platform.inputs.find((input) => input.type === 0x63));
    assert.ok(wheel.dy > 0);
    platform.close();
  },
  async "paste before the V key, without a question"() {
    const platform = await open();
    await until("the clipboard route", () => platform.clipboards.size > 0);
    // Copied on this side: a field of the page, selected and copied by the browser's own key.
    await evaluate("(() => { const f = document.createElement('textarea'); f.id = 'scratch'; f.value = 'from firefox é'; document.querySelector('#controls').append(f); f.focus(); f.select(); return 1; })()");
    await keys(["+", control], ["+", "c"], ["-", "c"], ["-", control]);
    await evaluate("(() => { document.querySelector('#scratch').remove(); return 1; })()");
    await pointer({ type: "pointerMove", x: 600, y: 400 }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 });
    await keys(["+", control], ["+", "v"], ["-", "v"], ["-", control]);
    await until("V", () => key(platform).some((k) => k.keysym === 0x76 && !k.down));
    assert.deepEqual(platform.clipboardTexts.map((one) => one.text), ["from firefox é"]);
    const v = key(platform).find((k) => k.keysym === 0x76);
    assert.ok(v.at > platform.clipboardTexts[0].at, "the text is there before the key");
    platform.close();
  },
  async "a copy in the session reaches the local clipboard with the next key"() {
    const platform = await open();
    await until("the clipboard route", () => platform.clipboards.size > 0);
    for (const connection of platform.clipboards) connection.send(clipboard(1, "from the session"));
    await until("the panel's text", async () => (await evaluate("document.querySelector('#clipboard-text').value")) === "from the session");
    await keys(["+", "x"], ["-", "x"]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Read back by pasting into a field, which asks nobody.
    await evaluate("(() => { const f = document.createElement('textarea'); f.id = 'scratch'; document.querySelector('#controls').append(f); f.focus(); return 1; })()");
    await keys(["+", control], ["+", "v"], ["-", "v"], ["-", control]);
    assert.equal(await evaluate("document.querySelector('#scratch').value"), "from the session");
    platform.close();
  },
  async "reconnects"() {
    const platform = await open();
    for (const display of platform.displays) display.cut();
    await until("a second connection", () => platform.queries.length >= 2);
    await until("running", async () => (await evaluate("document.documentElement.dataset.sessionState")) === "running");
    platform.close();
  },
};

let failed = 0;
let passed = 0;
try {
  for (const [name, test] of Object.entries(tests)) {
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
  await call("session.end").catch(() => {});
  firefox.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const path of [folder, profile]) rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed === 0 ? 0 : 1);
