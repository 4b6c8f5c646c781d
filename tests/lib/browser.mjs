// A person at a browser, in product verbs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./instance.mjs";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--ignore-certificate-errors"];

export class Visitor {
  static async open(oriel, { width = 1440, height = 900, scheme = "dark" } = {}) {
    const visitor = new Visitor();
    visitor.oriel = oriel;
    visitor.profile = mkdtempSync(join(tmpdir(), "oriel-browser-"));
    visitor.context = await chromium.launchPersistentContext(visitor.profile, {
      executablePath: "/usr/bin/chromium",
      headless: true,
      args: flags,
      viewport: { width, height },
      colorScheme: scheme,
      ignoreHTTPSErrors: true,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    visitor.page = visitor.context.pages()[0] ?? (await visitor.context.newPage());
    visitor.problems = [];
    visitor.page.on("pageerror", (error) => visitor.problems.push(error.message));
    visitor.page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text())) visitor.problems.push(message.text());
    });
    return visitor;
  }

  /**
   * Opens an address; a container's network that comes or goes makes Chromium abort what it loads: it is asked again. The page does
   * that by itself for all but its very first script.
   */
  async goes(address) {
    let aborted = false;
    const notice = (request) => {
      aborted ||= request.resourceType() === "script" && request.failure()?.errorText === "net::ERR_NETWORK_CHANGED";
    };
    this.page.on("requestfailed", notice);
    try {
      for (let attempt = 1; ; attempt += 1) {
        aborted = false;
        try {
          const response = await this.page.goto(address);
          if (!aborted || attempt === 5) return response;
        } catch (error) {
          if (attempt === 5 || !/ERR_NETWORK_CHANGED|chrome-error:/.test(error.message)) throw error;
        }
      }
    } finally {
      this.page.off("requestfailed", notice);
    }
  }

  async signsIn(who = "user") {
    const { username, password } = this.oriel.credentials[who];
    await this.goes(`${this.oriel.origin}/`);
    await this.page.getByLabel("Username").fill(username);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    const inside = this.page.getByRole("button", { name: "Desktop", exact: true });
    const cut = this.page.getByText("The server cannot be reached.");
    for (let attempt = 1; ; attempt += 1) {
      await this.page.getByRole("button", { name: "Sign in" }).click();
      await inside.or(cut).first().waitFor({ timeout: 15_000 });
      // As in goes(): a network that came or went cut the request; the entries are still there.
      if (attempt === 5 || !(await cut.isVisible())) break;
    }
    await inside.waitFor({ timeout: 15_000 });
  }

  /** Clicks a workspace's tile and waits until the session is running; answers its id. */
  async launches(name, seconds = 40) {
    await this.page.getByRole("button", { name, exact: true }).click();
    await this.page.waitForURL(/\/sessions\/[0-9a-f]{32}/, { timeout: 10_000 });
    await this.becomes("running", seconds);
    return this.sessionId();
  }

  sessionId() {
    return new URL(this.page.url()).pathname.split("/").pop();
  }

  state() {
    return this.page.evaluate(() => document.documentElement.dataset.sessionState);
  }

  becomes(state, seconds = 20) {
    return until(`data-session-state is ${state}`, seconds, async () => (await this.state()) === state, 50);
  }

  get canvas() {
    return this.page.getByLabel("Remote screen");
  }

  size() {
    return this.canvas.evaluate((canvas) => ({ width: canvas.width, height: canvas.height }));
  }

  /** Adds measuring to the session page by reloading it with ?measure=1. */
  async measures() {
    await this.goes(`${this.oriel.origin}/sessions/${this.sessionId()}?measure=1`);
    await this.becomes("running");
    await until("orielMeasure", 5, () => this.page.evaluate(() => Boolean(window.orielMeasure)));
  }

  /** RGBA of a rectangle of the client's frame buffer. */
  pixels(x, y, width, height) {
    return this.page.evaluate(([a, b, c, d]) => Array.from(window.orielMeasure.readPixels(a, b, c, d)), [x, y, width, height]);
  }

  /** How many pixels of the whole remote screen have exactly this colour. */
  countColour([red, green, blue]) {
    return this.page.evaluate(
      ([r, g, b]) => {
        const canvas = document.querySelector('canvas[aria-label="Remote screen"]');
        const data = window.orielMeasure.readPixels(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] === r && data[at + 1] === g && data[at + 2] === b) count += 1;
        return count;
      },
      [red, green, blue],
    );
  }

  /** Centre of all pixels of exactly this colour, in page coordinates; undefined when there are none. */
  locateColour([red, green, blue]) {
    return this.page.evaluate(
      ([r, g, b]) => {
        const canvas = document.querySelector('canvas[aria-label="Remote screen"]');
        const data = window.orielMeasure.readPixels(0, 0, canvas.width, canvas.height);
        let count = 0;
        let sumX = 0;
        let sumY = 0;
        for (let at = 0, pixel = 0; at < data.length; at += 4, pixel += 1) {
          if (data[at] === r && data[at + 1] === g && data[at + 2] === b) {
            count += 1;
            sumX += pixel % canvas.width;
            sumY += Math.floor(pixel / canvas.width);
          }
        }
        if (count === 0) return undefined;
        const box = canvas.getBoundingClientRect();
        return { x: box.x + (sumX / count / canvas.width) * box.width, y: box.y + (sumY / count / canvas.height) * box.height, count };
      },
      [red, green, blue],
    );
  }

  async sees(colour, what, seconds = 15, atLeast = 100) {
    return until(`sees ${what}`, seconds, async () => {
      const found = await this.locateColour(colour);
      return found && found.count >= atLeast ? found : undefined;
    }, 150);
  }

  picture(name) {
    return this.page.screenshot({ path: `build/test-logs/${name}.png` });
  }

  async leaves() {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
