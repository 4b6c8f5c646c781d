// Where the time between a key and its picture goes, against a server that answers each key with a small frame at once.
// `node latency.mjs`: prints medians and 95th percentiles in milliseconds. The server runs in a process of its own.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fill } from "./frames.mjs";
import { Platform } from "./platform.mjs";

if (process.argv[2] === "serve") {
  const platform = await new Platform(process.argv[3]).listen();
  platform.onInput = (input) => {
    if (input.type === 0x61) platform.draw(fill(10 + (input.sequence % 50) * 8, 100, 8, 16, [input.sequence & 255, 0, 0]));
  };
  process.send(platform.page);
} else {
  const esbuild = await import("esbuild");
  const { build } = await import("../../../../apps/session/build.mjs");
  const { openBrowser } = await import("./browser.mjs");
  const out = mkdtempSync(join(tmpdir(), "oriel-latency-"));
  await build({ esbuild, outdir: out, protocolVersion: 1, production: true });
  const child = fork(fileURLToPath(import.meta.url), ["serve", out]);
  const address = await new Promise((resolve) => child.once("message", resolve));
  const { browser, close } = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  await page.addInitScript(() => {
    window.sent = [];
    window.got = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (bytes) {
      send.call(this, bytes);
      if (bytes[0] === 0x61) window.sent.push(performance.now());
    };
    const Original = WebSocket;
    window.WebSocket = class extends Original {
      constructor(...rest) {
        super(...rest);
        super.addEventListener("message", (event) => {
          if (new Uint8Array(event.data)[0] === 3) window.got.push([performance.now(), event.timeStamp]);
        });
      }
    };
  });
  await page.goto(`${address}?measure=1`);
  await page.waitForSelector('html[data-session-state="running"]', { state: "attached" });
  await page.evaluate(() => {
    window.applied = [];
    window.orielMeasure.on("applied", (one) => window.applied.push(one));
    window.sent.length = 0;
    window.got.length = 0;
  });
  for (let i = 0; i < 100; i++) {
    await page.keyboard.down("k");
    await page.waitForTimeout(25 + Math.random() * 15);
    await page.keyboard.up("k");
    await page.waitForTimeout(25 + Math.random() * 15);
  }
  const data = await page.evaluate(() => ({ applied: window.applied, sent: window.sent, got: window.got }));
  const line = (name, values) => {
    const sorted = values.sort((a, b) => a - b);
    console.log(`${name.padEnd(34)} p50 ${sorted[sorted.length >> 1].toFixed(2)}  p95 ${sorted[Math.floor(sorted.length * 0.95)].toFixed(2)}`);
  };
  line("key event to send", data.applied.map((one, i) => data.sent[i] - one.inputTime));
  line("send to message event", data.applied.map((_, i) => data.got[i][0] - data.sent[i]));
  line("message event to painted", data.applied.map((one, i) => one.appliedTime - data.got[i][0]));
  line("key event to painted", data.applied.map((one) => one.appliedTime - one.inputTime));
  await close();
  child.kill();
  rmSync(out, { recursive: true, force: true });
}
