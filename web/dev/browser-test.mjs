// The portal in Chromium against the mock API: what a person does, with mouse, keyboard and phone; axe on every page, both themes;
// no violation of the content security policy anywhere. Needs `npm run build` first.
import assert from "node:assert/strict";
import { after, before, test as nodeTest } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { launchBrowser } from "./browser.mjs";
import { createMock, createState } from "./mock-server.mjs";

const test = (name, run) => nodeTest(name, { timeout: 240_000 }, run);
let browser;
let faults = [];
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

async function visit(path, { shape = "full", signedIn = true, change, ...options } = {}) {
  const mock = createMock(createState(shape));
  mock.state.signedIn = signedIn;
  change?.(mock.state);
  const address = await mock.listen();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
  });
  await page.goto(address + path);
  await page.locator("main").first().waitFor();
  return {
    page,
    mock,
    state: mock.state,
    address,
    close: async () => {
      await context.close();
      await mock.close();
      assert.deepEqual(faults, []);
    },
  };
}

const path = (page) => new URL(page.url()).pathname + new URL(page.url()).search + new URL(page.url()).hash;
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("aria-label") || document.activeElement?.tagName);

test("signed out: any page leads to sign-in and back; wrong entries tell nothing and stay", async () => {
  const { page, close } = await visit("/admin/servers?x=1", { signedIn: false });
  await page.waitForURL("**/sign-in?next=*");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(await page.getByText("Enter your username").isVisible(), true);
  await page.getByLabel("Username").fill("mara");
  await page.getByLabel("Password", { exact: true }).fill("nonsense");
  await page.keyboard.press("Enter");
  await page.getByText("That username and password do not match.").waitFor();
  assert.equal(await page.getByLabel("Username").inputValue(), "mara");
  assert.equal(await focused(page), "INPUT");
  await page.getByLabel("Password", { exact: true }).fill("oriel");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Servers", level: 1 }).waitFor();
  assert.equal(path(page), "/admin/servers?x=1");
  assert.equal(await page.title(), "Servers · Oriel");
  await close();
});

test("throttled sign-in counts the seconds and keeps the entries", async () => {
  const { page, close, state } = await visit("/sign-in", { signedIn: false, change: (each) => (each.failures = 9) });
  await page.getByLabel("Username").fill("mara");
  await page.getByLabel("Password", { exact: true }).fill("oops");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(/Sign-in is paused for 4[0-2] seconds/).waitFor();
  await page.getByText("Sign-in is paused for 40 seconds").waitFor();
  assert.equal(await page.getByLabel("Username").inputValue(), "mara");
  const before = state.requests.filter((each) => each.includes("sign-in")).length;
  await page.keyboard.press("Enter");
  assert.equal(state.requests.filter((each) => each.includes("sign-in")).length, before);
  await close();
});

test("one click on a tile starts and goes to the session; the request names this browser", async () => {
  const { page, close, state } = await visit("/");
  await page.getByRole("button", { name: "Chromium", exact: true }).click();
  await page.waitForURL("**/sessions/*");
  const posts = state.requests.filter((each) => each === "POST /api/v1/sessions");
  assert.equal(posts.length, 1);
  assert.equal(state.lastRequest.width, 1440);
  assert.equal(state.lastRequest.locale, "en-GB");
  await close();
});

test("from the click's end to the session's page: the answer was asked for while the button was down", async () => {
  const { page, close } = await visit("/");
  const tile = page.getByRole("button", { name: "Terminal", exact: true });
  await tile.hover();
  await page.waitForTimeout(200);
  await page.mouse.down();
  await page.waitForTimeout(90);
  const gone = page.waitForRequest((request) => request.isNavigationRequest() && request.url().includes("/sessions/"));
  const start = performance.now();
  await page.mouse.up();
  await gone;
  const spent = performance.now() - start;
  console.log(`click to navigation: ${spent.toFixed(1)} ms`);
  await page.waitForURL("**/sessions/*");
  assert.ok(spent < 150, `${spent} ms`);
  await close();
});

test("pressing a tile and releasing elsewhere takes the start back", async () => {
  const { page, close, state } = await visit("/");
  await page.getByRole("button", { name: "Terminal", exact: true }).hover();
  await page.mouse.down();
  await page.waitForTimeout(100);
  await page.mouse.move(700, 880);
  await page.mouse.up();
  await page.waitForTimeout(800);
  assert.equal(state.requests.filter((each) => each.startsWith("DELETE /api/v1/sessions/")).length, 1);
  assert.equal(path(page), "/");
  assert.equal([...state.sessions.values()].some((session) => session.workspace.friendly_name === "Terminal" && session.owner.username === "mara" && session.desired === "running"), false);
  await close();
});

test("the limit is told and nothing starts", async () => {
  const { page, close } = await visit("/", { change: (each) => (each.limit = 3) });
  await page.getByRole("button", { name: "Terminal", exact: true }).click();
  await page.getByRole("alert").getByText("Your session limit is reached").waitFor();
  assert.equal(path(page), "/");
  await close();
});

test("the session client is fetched ahead", async () => {
  const { page, close } = await visit("/");
  await page.locator('link[rel="prefetch"][href*="/client/1/"]').first().waitFor({ state: "attached", timeout: 4000 });
  assert.ok((await page.locator('link[rel="prefetch"]').count()) >= 2);
  await close();
});

test("keyboard: typing searches, arrow goes to the tile, Enter starts", async () => {
  const { page, close } = await visit("/");
  await page.getByRole("button", { name: "Chromium", exact: true }).waitFor();
  await page.keyboard.type("terminal");
  await page.getByRole("button", { name: "Chromium", exact: true }).waitFor({ state: "detached" });
  assert.equal(await page.getByRole("searchbox").first().inputValue(), "terminal");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sessions/*");
  await close();
});

test("category in the address; a tile that cannot start says why", async () => {
  const { page, close, state } = await visit("/?category=Office");
  await page.getByRole("button", { name: "Mail", exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Firefox", exact: true }).count(), 0);
  await page.getByRole("button", { name: "Modelling", exact: true }).click();
  await page.getByRole("dialog", { name: "Modelling cannot start now" }).getByText("8 cores and 16 GiB").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(state.requests.includes("POST /api/v1/sessions"), false);
  await close();
});

test("launch dialog: a page to open, refused when it is none", async () => {
  const { page, close, state } = await visit("/");
  await page.getByRole("button", { name: "More for Chromium" }).click();
  await page.getByRole("menuitem", { name: "Open a page in it…" }).click();
  const field = page.getByLabel("Page to open");
  assert.equal(await field.evaluate((element) => element === document.activeElement), true);
  await field.fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Launch" }).click();
  await page.getByText("This is not an address").waitFor();
  await field.fill("example.net/path");
  await page.getByRole("radio", { name: "1920 × 1080" }).click();
  await page.getByRole("button", { name: "Launch" }).click();
  await page.waitForURL("**/sessions/*");
  assert.equal(state.lastRequest.open_url, "https://example.net/path");
  assert.deepEqual([state.lastRequest.width, state.lastRequest.height], [1920, 1080]);
  await close();
});

test("ending names what is lost, keeps on Escape, and the tile leaves by itself", async () => {
  const { page, close } = await visit("/");
  const tile = page.getByRole("article", { name: "Firefox", exact: true });
  await tile.getByRole("button", { name: "End…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "End Firefox?" });
  await dialog.getByText("is lost").waitFor();
  assert.equal(await focused(page), "Keep it");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await focused(page), "End…");
  await tile.getByRole("button", { name: "End…" }).click();
  await dialog.getByRole("button", { name: "End session" }).click();
  await page.getByText("Firefox is ending").waitFor();
  await tile.waitFor({ state: "detached" });
  await page.getByText("2 of 5 allowed").waitFor();
  await close();
});

test("sessions live: one that starts elsewhere appears and moves through its states", async () => {
  const { page, close, mock, state } = await visit("/");
  await page.getByText("3 of 5 allowed").waitFor();
  const session = state.add("mail", "mara", 0, { state: "starting", step: "Container started", progress: 50, viewers: 0 });
  mock.tellSession(session);
  const tile = page.getByRole("article", { name: "Mail" });
  await tile.getByText("Container started").waitFor();
  Object.assign(session, { state: "failed", reason: "Exit code 127", log_tail: "start-app: not found" });
  mock.tellSession(session);
  await tile.getByRole("button", { name: "Details" }).click();
  await page.getByRole("dialog", { name: "Mail could not start" }).getByText("start-app: not found").waitFor();
  await close();
});

test("a broken stream is told and mends itself", async () => {
  const { page, close, state } = await visit("/");
  await page.getByText("3 of 5 allowed").waitFor();
  for (const stream of state.streams) stream.response.destroy();
  await page.getByText("Connection lost. Reconnecting").waitFor();
  state.add("mail", "mara", 5);
  await page.getByText("4 of 5 allowed").waitFor();
  await page.getByText("Connection lost. Reconnecting").waitFor({ state: "detached" });
  await close();
});

test("an expired sign-in leads to sign-in and back to where one was", async () => {
  const { page, close, state } = await visit("/?category=Office");
  await page.getByRole("button", { name: "Mail", exact: true }).waitFor();
  state.signedIn = false;
  await page.getByRole("button", { name: "Mail", exact: true }).click();
  await page.getByText("Your sign-in has ended").waitFor();
  await page.getByLabel("Username").fill("mara");
  await page.getByLabel("Password", { exact: true }).fill("oriel");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Mail", exact: true }).waitFor();
  assert.equal(path(page), "/?category=Office");
  await close();
});

test("account menu by keyboard: theme changes at once and lasts; sign out", async () => {
  const { page, close } = await visit("/");
  await page.getByRole("button", { name: "Account: Mara" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Account: Mara");
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.getByRole("button", { name: "Account: Mara" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Oriel" }).waitFor();
  assert.equal(path(page), "/sign-in");
  await close();
});

test("palette: Ctrl K, type, Enter; focus goes to the new page's heading", async () => {
  const { page, close } = await visit("/");
  await page.getByRole("button", { name: "Mail", exact: true }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("admin serv");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Servers", level: 1 }).waitFor();
  assert.equal(await focused(page), "Servers");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("start docum");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sessions/*");
  await close();
});

test("administration of sessions: filters live in the address, select many, end them with one reason", async () => {
  const { page, close, state } = await visit("/admin/sessions?state=running&server=atlas-1");
  await page.getByRole("row").nth(1).waitFor();
  const count = (await page.getByRole("row").count()) - 1;
  assert.ok(count >= 3 && count < 12);
  await page.getByRole("button", { name: "Remove filter Server" }).click();
  assert.equal(path(page), "/admin/sessions?state=running");
  await page.getByRole("searchbox").fill("sven");
  await page.getByText("2 sessions", { exact: true }).waitFor();
  await page.getByRole("checkbox", { name: "Select all" }).check();
  await page.getByRole("toolbar", { name: "2 sessions selected" }).getByRole("button", { name: "End 2…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "End 2 sessions?" });
  await dialog.getByText("Drawing").waitFor();
  await dialog.getByLabel("Reason, shown to the user").fill("The host is replaced");
  await dialog.getByRole("button", { name: "End 2 sessions" }).click();
  await page.getByText("2 sessions are ending").waitFor();
  assert.equal(state.requests.filter((each) => each === "POST /api/v1/admin/sessions/end").length, 1);
  assert.equal([...state.sessions.values()].filter((session) => session.reason === "An administrator ended it: The host is replaced").length, 2);
  await page.getByRole("searchbox").fill("nobody at all");
  await page.getByText("No session matches these filters").waitFor();
  await page.getByRole("button", { name: "Remove all filters" }).click();
  await page.getByRole("row").nth(5).waitFor();
  assert.equal(path(page), "/admin/sessions");
  await close();
});

test("order by a column is the server's and in the address; keyboard reaches the row's menu; details say why", async () => {
  const { page, close } = await visit("/admin/sessions");
  await page.getByRole("button", { name: "Memory" }).click();
  await page.getByRole("button", { name: "Memory" }).click();
  assert.equal(path(page), "/admin/sessions?order=-memory");
  await page.waitForFunction(() => /5\.\d GiB/.test(document.querySelector("tbody tr")?.textContent ?? ""));
  await page.getByRole("radio", { name: "History" }).click();
  await page.getByRole("searchbox").fill("modelling");
  await page.waitForURL("**/admin/sessions?view=history&q=modelling");
  await page.getByRole("button", { name: /More for Modelling/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Details" }).waitFor();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Modelling of jonas" });
  await dialog.getByText("1.5 cores free, 8 needed").waitFor();
  await dialog.getByText("No log was kept").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await close();
});

test("history is read page by page, each session once", async () => {
  const { page, close, state } = await visit("/admin/sessions?view=history");
  await page.getByText("100 of 232 shown").waitFor();
  assert.ok((await page.getByRole("row").count()) < 200);
  await page.getByRole("button", { name: "Show 100 more" }).click();
  await page.getByText("200 of 232 shown").waitFor();
  await page.getByRole("button", { name: "Show 100 more" }).click();
  await page.getByText("232 sessions").waitFor();
  assert.equal(await page.getByRole("button", { name: "Show 100 more" }).count(), 0);
  assert.equal(state.requests.filter((each) => each === "GET /api/v1/admin/sessions").length >= 3, true);
  await page.getByRole("button", { name: "State" }).first().click();
  await page.getByRole("menuitemradio", { name: "Failed" }).click();
  await page.getByText("2 sessions", { exact: true }).waitFor();
  await close();
});

test("arrows move between rows, keys act on the selection, all of them are listed", async () => {
  const { page, close, state } = await visit("/admin/sessions?state=running");
  await page.getByRole("checkbox").nth(1).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.getByRole("toolbar", { name: "2 sessions selected" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest("tr").rowIndex), 2);
  await page.keyboard.press("End");
  assert.equal(await page.evaluate(() => document.activeElement.closest("tr").rowIndex === document.querySelectorAll("tbody tr").length), true);
  await page.keyboard.press("m");
  const dialog = page.getByRole("dialog", { name: "Message to 2 sessions" });
  await dialog.getByRole("button", { name: "Send message" }).click();
  await dialog.getByText("Write what they shall read.").waitFor();
  await dialog.getByLabel("Message", { exact: true }).fill("Back up at noon");
  await page.keyboard.press("Control+Enter");
  await page.getByText("2 sessions have the message").waitFor();
  assert.equal([...state.sessions.values()].filter((session) => session.messages[0]?.text === "Back up at noon").length, 2);
  await page.getByRole("checkbox").nth(1).focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).getByText("Message to the selected sessions").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.type), "search");
  await close();
});

test("a list that cannot be read again keeps what it shows and says so", async () => {
  const { page, close, state } = await visit("/admin/sessions");
  await page.getByRole("row").nth(1).waitFor();
  state.shape = "failing";
  await page.getByText("What is shown may be out of date").waitFor({ timeout: 20_000 });
  assert.ok((await page.getByRole("row").count()) > 5);
  await close();
});

test("ten thousand sessions: a page is a page", async () => {
  const { page, close } = await visit("/admin/sessions", {
    change: (state) => {
      for (let index = 0; index < 10_000; index++) state.add("firefox", "lin", index);
    },
  });
  await page.getByText("more than 10,000", { exact: true }).or(page.getByText("10,018", { exact: true })).waitFor();
  assert.ok((await page.getByRole("row").count()) < 200);
  for (let pages = 2; pages <= 5; pages++) {
    await page.getByRole("button", { name: "Show 100 more" }).click();
    await page.getByText(`${pages * 100} of `).waitFor();
  }
  // Processor time of the page's thread, so that a busy machine does not decide.
  const tools = await page.context().newCDPSession(page);
  await tools.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => (await tools.send("Performance.getMetrics")).metrics.find((each) => each.name === "TaskDuration").value * 1000;
  const start = await spent();
  await page.evaluate(async () => {
    for (let step = 0; step < 40; step++) {
      scrollBy(0, step < 20 ? -800 : 800);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    }
  });
  const each = ((await spent()) - start) / 40;
  console.log(`processor time of scrolling 20 rows: ${each.toFixed(1)} ms`);
  assert.ok(each < 100);
  assert.ok((await page.getByRole("row").count()) < 200);
  await close();
});

test("a server is drained and enabled by its row, labelled, limited and removed by dialogs that say what happens", async () => {
  const { page, close, state } = await visit("/admin/servers");
  const atlas = page.getByRole("article", { name: "atlas-1" });
  await atlas.getByRole("button", { name: "Drain" }).click();
  await atlas.getByText("Draining", { exact: true }).waitFor();
  await atlas.getByText("6 sessions left").waitFor();
  await page.getByText("6 sessions go on until they end by themselves.").waitFor();
  await atlas.getByRole("button", { name: "Stop draining" }).click();
  await atlas.getByText("Ready", { exact: true }).waitFor();
  await page.getByRole("article", { name: "cirrus" }).getByRole("button", { name: "Enable" }).click();
  await page.getByText("cirrus is enabled").waitFor();

  await atlas.getByRole("button", { name: "More for atlas-1" }).click();
  await page.getByRole("menuitem", { name: "Labels…" }).click();
  const labels = page.getByRole("dialog", { name: "Labels of atlas-1" });
  await labels.getByRole("button", { name: "Add a label" }).click();
  await labels.getByLabel("Key").nth(1).fill("Owner");
  await labels.getByLabel("Value").nth(1).fill("research");
  await labels.getByRole("button", { name: "Save" }).click();
  await labels.getByText("begins and ends with a letter or digit").waitFor();
  await labels.getByLabel("Key").nth(1).fill("owner");
  await labels.getByRole("button", { name: "Save" }).click();
  await labels.waitFor({ state: "detached" });
  assert.deepEqual(state.servers[0].labels, { rack: "b12", owner: "research" });
  await page.getByRole("button", { name: "Label" }).click();
  await page.getByRole("menuitemradio", { name: "owner=research", exact: true }).click();
  assert.equal(path(page), "/admin/servers?label=owner%3Dresearch");
  assert.equal(await page.getByRole("article").count(), 1);
  await page.getByRole("button", { name: "Remove filter Label" }).click();

  await atlas.getByRole("button", { name: "More for atlas-1" }).click();
  assert.equal(await page.getByRole("menuitem", { name: "Remove…" }).count(), 0, "it answers");
  await page.getByRole("menuitem", { name: "Limits…" }).click();
  const limits = page.getByRole("dialog", { name: "Limits of atlas-1" });
  await limits.getByLabel("Cores").fill("none");
  await limits.getByText("A number above 0, or nothing.").waitFor();
  await limits.getByLabel("Cores").fill("12");
  await limits.getByRole("button", { name: "Save" }).click();
  await limits.waitFor({ state: "detached" });
  assert.equal(state.servers[0].cores_override, 12);

  const fenrir = page.getByRole("article", { name: "fenrir" });
  await fenrir.getByRole("button", { name: "More for fenrir" }).click();
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  const remove = page.getByRole("alertdialog", { name: "Remove fenrir?" });
  await remove.getByText("2 sessions were on it: they are shown as failed").waitFor();
  await remove.getByRole("button", { name: "Remove server" }).click();
  await fenrir.waitFor({ state: "detached" });
  await close();
});

test("a server's log streams as text", async () => {
  const { page, close } = await visit("/admin/servers");
  await page.getByRole("article", { name: "atlas-1" }).getByRole("button", { name: "More for atlas-1" }).click();
  await page.getByRole("menuitem", { name: "Log…" }).click();
  const dialog = page.getByRole("dialog", { name: "Log of atlas-1" });
  await dialog.getByText("40 lines").waitFor();
  await dialog.getByText("41 lines").waitFor({ timeout: 10_000 });
  await dialog.getByRole("radio", { name: "Warnings and errors" }).click();
  assert.equal(await dialog.locator(".log-line.is-info").count(), 0);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await close();
});

test("servers live: a pull's progress and a changed state come by the stream", async () => {
  const { page, close, mock, state } = await visit("/admin/servers");
  const boreas = page.getByRole("article", { name: "boreas" });
  await boreas.getByText("1.9 of 3.1 GiB").waitFor();
  const server = state.servers.find((each) => each.hostname === "boreas");
  server.images[1].progress = 90;
  server.state = "unreachable";
  mock.tell("server", server, true);
  await boreas.getByText("2.8 of 3.1 GiB").waitFor();
  await boreas.getByText("Unreachable").waitFor();
  assert.equal(await boreas.getByRole("progressbar").getAttribute("aria-valuenow"), "90");
  await page.getByRole("button", { name: "Details of atlas-1" }).click();
  await page.getByText("6.1.0-28-amd64").waitFor();
  await close();
});

test("no administrator: no administration, and its pages say so", async () => {
  const { page, close } = await visit("/admin/sessions", { change: (state) => (state.me.administrator = false) });
  await page.getByRole("heading", { name: "This page is for administrators" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Administration" }).count(), 0);
  await close();
});

test("links of the compatible API: the token leaves the address, is traded once, and the session opens", async () => {
  const id = "9f3c07e1aa5e4c53a8a1f0c2b7d91e44";
  const { page, close, state } = await visit(`/#/connect/kasm/${id}/u/good-token`, { signedIn: false });
  await page.waitForURL(`**/sessions/${id}`);
  assert.equal(state.requests.filter((each) => each === "POST /api/v1/exchange").length, 1);
  assert.equal(await page.evaluate(() => [...performance.getEntriesByType("navigation")].some((entry) => entry.name.includes("token"))), false);
  await close();

  const used = await visit(`/#/connect/kasm/${id}/u/used-token`, { signedIn: false });
  await used.page.getByRole("heading", { name: "This link does not open a session" }).waitFor();
  assert.equal(path(used.page), "/");
  await used.close();

  const cast = await visit("/#/cast/key");
  await cast.page.getByRole("heading", { name: "This kind of link is not supported" }).waitFor();
  await cast.page.getByRole("button", { name: "Go to workspaces" }).click();
  await cast.page.getByRole("button", { name: "Mail", exact: true }).waitFor();
  await cast.close();

  const plain = await visit("/");
  await plain.page.goto(`${plain.address}/#/session/${id}`);
  await plain.page.waitForURL(`**/sessions/${id}`);
  await plain.close();
});

test("an address that leads nowhere says so", async () => {
  const { page, close } = await visit("/admin/nothing");
  await page.getByRole("heading", { name: "Page not found" }).waitFor();
  await close();
});

test("failing lists say why and try again", async () => {
  for (const place of ["/", "/admin/sessions", "/admin/servers", "/admin/workspaces"]) {
    const { page, close, state } = await visit(place, { shape: "failing" });
    await page.getByText("The database does not answer").waitFor();
    state.shape = "full";
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("The database does not answer").waitFor({ state: "detached" });
    await close();
  }
});

test("phone: nothing is wider than the window, touch starts, navigation is reachable", async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  for (const place of ["/sign-in", "/", "/admin/sessions", "/admin/servers", "/admin/workspaces"]) {
    const { page, close } = await visit(place, { ...phone, signedIn: place !== "/sign-in" });
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, place);
    await close();
  }
  const { page, close, state } = await visit("/", phone);
  await page.getByRole("button", { name: "Open navigation" }).tap();
  await page.getByRole("menuitem", { name: "Administration: Servers" }).tap();
  await page.getByRole("heading", { name: "Servers", level: 1 }).waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Terminal", exact: true }).tap();
  await page.waitForURL("**/sessions/*");
  assert.equal(state.requests.filter((each) => each === "POST /api/v1/sessions").length, 1);
  await close();
});

test("axe finds nothing on any page, in both themes, on desk and phone", async () => {
  const pages = [
    ["/sign-in", { signedIn: false }, async (page) => {
      await page.getByRole("button", { name: "Sign in" }).click();
    }],
    ["/"],
    ["/", { shape: "empty" }],
    ["/", {}, async (page) => {
      await page.getByRole("button", { name: "More for Chromium" }).click();
      await page.getByRole("menuitem").first().click();
      await page.getByRole("dialog").waitFor();
    }],
    ["/", {}, async (page) => page.getByRole("button", { name: "Account" }).click()],
    ["/", {}, async (page) => {
      await page.getByRole("button", { name: "End…" }).first().click();
    }],
    ["/admin/sessions", {}, async (page) => page.getByRole("checkbox").nth(2).check()],
    ["/admin/sessions", {}, async (page) => page.keyboard.press("Control+k")],
    ["/admin/sessions?view=history", {}, async (page) => {
      await page.getByRole("button", { name: /^More for/ }).first().click();
      await page.getByRole("menuitem", { name: "Details" }).click();
      await page.getByRole("dialog").getByText("Container").waitFor();
    }],
    ["/admin/servers", {}, async (page) => page.getByRole("button", { name: "Details of atlas-1" }).click()],
    ["/admin/servers", { shape: "failing" }],
    ["/admin/workspaces"],
    ["/nothing"],
  ];
  const found = [];
  for (const [place, options = {}, act] of pages) {
    for (const colorScheme of ["light", "dark"]) {
      for (const size of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
        const { page, close } = await visit(place, { ...options, colorScheme, viewport: size, reducedMotion: "reduce" });
        await page.waitForTimeout(300);
        if (act) await act(page);
        const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
        for (const each of violations) found.push(`${place} ${colorScheme} ${size.width}: ${each.id} ${each.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).slice(0, 2).join(" | ")}`);
        await close();
      }
    }
  }
  assert.deepEqual(found, []);
});
