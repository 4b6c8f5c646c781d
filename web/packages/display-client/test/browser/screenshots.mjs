// Pictures of the session page in its states: `node screenshots.mjs FOLDER` (default docs/screenshots).
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { build } from "../../../../apps/session/build.mjs";
import { openBrowser } from "./browser.mjs";
import { clipboard, fill } from "./frames.mjs";
import { Platform } from "./platform.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../../../../docs/screenshots/", import.meta.url));
mkdirSync(folder, { recursive: true });
const out = mkdtempSync(join(tmpdir(), "oriel-session-page-"));
await build({ esbuild, outdir: out, protocolVersion: 1, production: true });
const { browser, close } = await openBrowser();

const running = (page) => page.waitForSelector('html[data-session-state="running"]', { state: "attached" });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const notStarted = { state: "starting", started_at: null, progress: 60 };
const scenes = {
  async session(page, platform) {
    await running(page);
    for (const connection of platform.clipboards) connection.send(clipboard(1, "gates.csv\n23:58,east,open,1.84"));
    await page.click(".handle");
    await page.click(".ph:has-text('Display')");
    await pause(120);
    await page.click(".lamp");
    for (let i = 0; i < 30; i++) {
      platform.draw(fill(80 + i * 4, 300, 4, 40, [62, 111, 181]));
      await pause(40);
    }
    await pause(1100);
  },
  async "session-keys"(page) {
    await running(page);
    await page.click(".handle");
    await page.click(".ph:has-text('Clipboard')");
    await page.click(".ph:has-text('Keys')");
    await page.click(".quick button:has-text('Statistics')");
    await pause(1200);
  },
  async "session-starting"(page, platform) {
    await page.waitForSelector("text=Container started");
    void platform;
    await pause(300);
  },
  async "session-first-picture"(page, platform) {
    await page.waitForSelector("text=Container started");
    platform.displayUp = true;
    platform.tell({ step: "application" });
    await page.waitForSelector("html.has-picture", { state: "attached" });
    await pause(400);
  },
  async "session-reconnecting"(page, platform) {
    await running(page);
    platform.displayUp = false;
    for (const display of platform.displays) display.cut();
    await pause(900);
  },
  async "session-end"(page) {
    await running(page);
    await page.click(".handle");
    await page.click("text=End…");
    await pause(250);
  },
  async "session-failed"(page) {
    await page.waitForSelector("text=could not start");
  },
  async "session-refused"(page) {
    await page.waitForSelector("text=No server can take");
  },
  async "session-ended"(page) {
    await page.waitForSelector("text=has ended");
  },
};
const prepare = {
  "session-starting": (platform) => {
    platform.displayUp = false;
    Object.assign(platform.session, { ...notStarted, step: "display" });
    platform.session.workspace.friendly_name = "Firefox";
    platform.session.workspace.hue = 45;
  },
  "session-first-picture": (platform) => {
    platform.displayUp = false;
    platform.ready = false;
    Object.assign(platform.session, { ...notStarted, step: "display" });
  },
  "session-failed": (platform) => {
    platform.displayUp = false;
    Object.assign(platform.session, {
      ...notStarted,
      state: "failed",
      reason: "The application stopped 1.2 seconds after its start. None of your files were changed.",
      log_tail: "oriel-init: starting session user program\noriel-init: /usr/local/bin/start-app: line 14\nstart-app: firefox-esr: command not found\n",
    });
  },
  "session-refused": (platform) => {
    platform.displayUp = false;
    const no = (server, message) => ({ server, checks: [{ check: "cores", ok: false, message }] });
    Object.assign(platform.session, {
      ...notStarted,
      state: "failed",
      reason: "It needs 4 cores, 8 GiB of memory and its image on the server.",
      placement: { servers: [no("atlas-1", "1.5 cores free, 4 needed"), no("atlas-2", "5 GiB of memory free, 8 needed"), no("boreas", "Its image is being pulled: 62 %, about 50 s left"), no("cirrus", "Disabled by an administrator")] },
    });
    platform.session.workspace.friendly_name = "Desktop Deluxe";
    platform.session.workspace.hue = 310;
  },
  "session-ended": (platform) => Object.assign(platform.session, { state: "ended", reason: "You ended it." }),
};

const sizes = { "": { viewport: { width: 1440, height: 900 } }, "-phone": { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true } };
for (const [name, scene] of Object.entries(scenes)) {
  for (const [suffix, size] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const platform = await new Platform(out).listen();
      prepare[name]?.(platform);
      const context = await browser.newContext({ ...size, colorScheme });
      const page = await context.newPage();
      await page.goto(platform.page);
      await scene(page, platform);
      await page.screenshot({ path: join(folder, `${name}${suffix}-${colorScheme}.png`) });
      await context.close();
      platform.close();
    }
  }
}
await close();
rmSync(out, { recursive: true, force: true });
