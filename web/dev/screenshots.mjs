// Makes docs/screenshots/ anew: every page of the portal, dark and light, on a desk and on a phone, full, empty, loading and failing.
// `node dev/screenshots.mjs [part of a name …]` makes only those.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "./browser.mjs";
import { createMock, createState } from "./mock-server.mjs";

const out = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
mkdirSync(out, { recursive: true });
const wanted = process.argv.slice(2);
const desk = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const full = createMock(createState("full"));
const empty = createMock(createState("empty"));
const failing = createMock(createState("failing"));
const slow = createMock(createState("slow"));
const signedOut = createMock(createState("full"));
signedOut.state.signedIn = false;
const first = createMock(createState("full"));
first.state.me.must_change_password = true;
const address = new Map();
for (const mock of [full, empty, failing, slow, signedOut, first]) address.set(mock, await mock.listen());

// A list that fails is asked for twice more before that is told.
const failed = (page) => page.getByRole("button", { name: "Try again" }).waitFor();

const shots = [
  ["sign-in", signedOut, "/sign-in"],
  ["sign-in-error", signedOut, "/sign-in", async (page) => {
    signedOut.state.failures = 0;
    await page.getByLabel("Username").fill("mara");
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
  }],
  ["sign-in-paused", signedOut, "/sign-in", async (page) => {
    signedOut.state.failures = 9;
    await page.getByLabel("Username").fill("mara");
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("paused for").waitFor();
  }],
  ["workspaces", full, "/"],
  ["workspaces-search", full, "/", async (page) => page.keyboard.type("brow"), "desk"],
  ["workspaces-empty", empty, "/"],
  ["workspaces-failed", failing, "/", failed],
  ["workspaces-loading", slow, "/", async (page) => page.waitForTimeout(400)],
  ["launch", full, "/", async (page) => {
    await page.getByRole("button", { name: "More for Firefox" }).last().click();
    await page.getByRole("menuitem", { name: "Open a page" }).click();
    await page.getByRole("dialog").waitFor();
  }],
  ["end-session", full, "/", async (page) => {
    await page.getByRole("article", { name: "Desktop", exact: true }).getByRole("button", { name: "End…" }).click();
    await page.getByRole("alertdialog").waitFor();
  }],
  ["account", full, "/", async (page) => page.getByRole("button", { name: "Account" }).click()],
  ["palette", full, "/admin/sessions", async (page) => page.keyboard.press("Control+k"), "desk"],
  ["admin-sessions", full, "/admin/sessions"],
  ["admin-sessions-selected", full, "/admin/sessions?state=running", async (page) => {
    for (const index of [1, 3, 4]) await page.getByRole("checkbox").nth(index).check();
  }],
  ["admin-sessions-history", full, "/admin/sessions?view=history"],
  ["admin-sessions-message", full, "/admin/sessions?state=running", async (page) => {
    await page.getByRole("button", { name: /^More for Drawing/ }).click();
    await page.getByRole("menuitem", { name: "Message…" }).click();
    await page.getByRole("dialog").getByLabel("Message", { exact: true }).fill("The file server is restarted at noon. Save what you have open.");
  }, "desk"],
  ["admin-sessions-details", full, "/admin/sessions?view=history", async (page) => {
    await page.getByRole("button", { name: /^More for/ }).first().click();
    await page.getByRole("menuitem", { name: "Details" }).click();
    await page.getByRole("dialog").getByText("Container").waitFor();
  }],
  ["admin-sessions-refused", full, "/admin/sessions?view=history&state=failed", async (page) => {
    await page.getByRole("button", { name: "More for Modelling" }).click();
    await page.getByRole("menuitem", { name: "Details" }).click();
    await page.getByRole("dialog").waitFor();
  }],
  ["admin-sessions-empty", empty, "/admin/sessions"],
  ["admin-sessions-failed", failing, "/admin/sessions", failed],
  ["admin-sessions-loading", slow, "/admin/sessions", async (page) => page.waitForTimeout(400), "desk"],
  ["admin-servers", full, "/admin/servers"],
  ["admin-servers-details", full, "/admin/servers", async (page) => page.getByRole("button", { name: "Details of atlas-1" }).click()],
  ["admin-servers-log", full, "/admin/servers", async (page) => {
    await page.getByRole("button", { name: "More for boreas" }).click();
    await page.getByRole("menuitem", { name: "Log…" }).click();
    await page.getByText("40 lines").waitFor();
  }],
  ["admin-servers-labels", full, "/admin/servers", async (page) => {
    await page.getByRole("button", { name: "More for eos" }).click();
    await page.getByRole("menuitem", { name: "Labels…" }).click();
    await page.getByRole("dialog").waitFor();
  }, "desk"],
  ["admin-servers-failed", failing, "/admin/servers", failed, "desk"],
  ["admin-servers-empty", empty, "/admin/servers", undefined, "desk"],
  ["admin-workspaces", full, "/admin/workspaces"],
  ["account-dialog", full, "/", async (page) => {
    await page.getByRole("button", { name: "Account" }).click();
    await page.getByRole("menuitem", { name: "Your account" }).click();
    await page.getByText("This device").waitFor();
  }],
  ["first-password", first, "/"],
  ["admin-users", full, "/admin/users"],
  ["admin-users-no-match", full, "/admin/users?q=nobody", undefined, "desk"],
  ["admin-users-failed", failing, "/admin/users", failed],
  ["admin-users-create", full, "/admin/users", async (page) => {
    await page.getByRole("button", { name: "New user" }).click();
    await page.getByLabel("User name", { exact: true }).fill("mara");
    await page.getByRole("button", { name: "Create user" }).click();
    await page.getByText("This name is taken").waitFor();
  }],
  ["admin-users-password", full, "/admin/users", async (page) => {
    await page.getByRole("button", { name: "More for amira" }).first().click();
    await page.getByRole("menuitem", { name: "Reset password" }).click();
    await page.getByRole("button", { name: "Reset password" }).click();
    await page.getByTestId("password").waitFor();
  }],
  ["admin-users-delete", full, "/admin/users", async (page) => {
    await page.getByRole("button", { name: "More for amira" }).first().click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("alertdialog").waitFor();
  }],
  ["admin-user", full, "/admin/users", async (page) => {
    await page.getByRole("searchbox").fill("kofi");
    await page.getByText("of 6").first().waitFor();
    await page.getByRole("link", { name: "kofi", exact: true }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    await page.waitForTimeout(200);
  }],
  ["admin-audit", full, "/admin/audit"],
  ["admin-audit-filtered", full, "/admin/audit?since=day&result=refused", undefined, "desk"],
  ["admin-audit-details", full, "/admin/audit?action=user.edit", async (page) => {
    await page.getByRole("button", { name: "Details of" }).first().click();
    await page.getByRole("dialog").waitFor();
  }],
  ["admin-audit-empty", empty, "/admin/audit", undefined, "desk"],
  ["admin-audit-failed", failing, "/admin/audit", failed],
  ["admin-diagnostics", full, "/admin/diagnostics"],
  ["admin-diagnostics-good", empty, "/admin/diagnostics", undefined, "desk"],
  ["admin-diagnostics-failed", failing, "/admin/diagnostics", failed, "desk"],
  ["not-found", full, "/nothing/here", undefined, "desk"],
];

const browser = await launchBrowser();
let count = 0;
for (const [name, mock, path, act, only] of shots) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  for (const [device, options] of [["desk", desk], ["phone", phone]]) {
    if (only && only !== device) continue;
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ ...options, colorScheme, locale: "en-GB", reducedMotion: "reduce" });
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error(name, error));
      await page.goto(address.get(mock) + path);
      await page.locator("main").first().waitFor();
      await page.waitForTimeout(350);
      if (act) await act(page);
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(150);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) console.error(`${name} ${device}: ${wide} px wider than the window`);
      await page.screenshot({ path: join(out, `${name}${device === "phone" ? "-phone" : ""}-${colorScheme}.png`) });
      count++;
      await context.close();
    }
  }
}
await browser.close();
for (const mock of address.keys()) await mock.close();
console.log(`${count} pictures in docs/screenshots`);
