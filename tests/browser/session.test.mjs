// What a person does: sign in, launch Firefox, open a page, click and type into it, paste in and out, resize, lose the network, end.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, run, sleep, sweep, until } from "../lib/instance.mjs";
import { Internet } from "../lib/internet.mjs";
import { Visitor } from "../lib/browser.mjs";

const blue = [12, 34, 210];
const green = [10, 180, 60];
const orange = [240, 120, 10];
const page = `<!doctype html><title>Test page</title>
<style>body{margin:0;background:rgb(${blue})} button{position:fixed;left:100px;top:100px;width:200px;height:80px;border:0;background:rgb(${orange});color:rgb(${orange})}
textarea{position:fixed;left:100px;top:240px;width:400px;height:60px;font:20px monospace}</style>
<button id=b>press</button><textarea id=t></textarea>
<script>
b.onclick=()=>{document.body.style.background='rgb(${green})'; t.focus()};
t.oninput=()=>{document.title='typed:'+t.value};
</script>`;

describe("Firefox in a browser", () => {
  let oriel;
  let internet;
  let visitor;
  let id;
  before(async () => {
    oriel = new Instance();
    internet = await Internet.create();
    await internet.serve({ "/": page });
    visitor = await Visitor.open(oriel);
  });
  after(async () => {
    await visitor?.picture("browser-firefox-last").catch(() => undefined);
    await visitor?.leaves();
    await internet?.remove();
  });

  test("a wrong password tells nothing", async () => {
    await visitor.goes(`${oriel.origin}/`);
    await visitor.page.getByLabel("Username").fill("user@oriel.local");
    await visitor.page.getByLabel("Password", { exact: true }).fill("not the password");
    await visitor.page.getByRole("button", { name: "Sign in" }).click();
    await visitor.page.getByRole("alert").first().waitFor();
    assert.doesNotMatch(await visitor.page.getByRole("alert").first().innerText(), /exist|unknown user/i);
  });

  test("signs in and launches Firefox", async () => {
    await visitor.signsIn();
    const start = Date.now();
    id = await visitor.launches("Firefox");
    console.log(`# Firefox running ${Date.now() - start} ms after the click`);
    await until("the session starts in the window's size", 1, async () => (await visitor.size()).height === 900, 50);
    await visitor.measures();
  });

  test("the canvas has the window's pixels", async () => {
    await until("1440×900", 5, async () => {
      const size = await visitor.size();
      return size.width === 1440 && size.height === 900;
    });
  });

  const types = (keys) => visitor.page.keyboard.type(keys, { delay: 15 });

  test("opens a page by typing its address, and its pixels are exact", async () => {
    await visitor.canvas.click({ position: { x: 700, y: 500 } });
    await sleep(500);
    await visitor.page.keyboard.press("Control+l");
    await sleep(200);
    await types(`http://${internet.address}/`);
    await visitor.page.keyboard.press("Enter");
    await visitor.sees(blue, "the page's blue", 15, 300_000);
  });

  test("a click reaches the page", async () => {
    const button = await visitor.sees(orange, "the orange button");
    await visitor.page.mouse.click(button.x, button.y);
    await visitor.sees(green, "the page turned green", 5, 300_000);
  });

  test("typed text reaches the page, shifted and other characters too", async () => {
    await types("Hello, World! a@b #1 [x] {y} ~z");
    await remoteText("Hello, World! a@b #1 [x] {y} ~z");
  });

  /** The field's text as the remote clipboard gives it: proves typing, and copying out. */
  async function remoteText(expected) {
    await visitor.page.keyboard.press("Control+a");
    await sleep(100);
    await visitor.page.keyboard.press("Control+c");
    await until(`local clipboard is ${expected}`, 5, async () => (await visitor.page.evaluate(() => navigator.clipboard.readText())) === expected);
  }

  test("pasted text reaches the page", async () => {
    await visitor.page.evaluate(() => navigator.clipboard.writeText("Grüße, 你好 — pasted"));
    await visitor.page.keyboard.press("Control+a");
    await visitor.page.keyboard.press("Control+v");
    await sleep(600);
    await visitor.page.evaluate(() => navigator.clipboard.writeText("something else"));
    await sleep(200);
    await remoteText("Grüße, 你好 — pasted");
  });

  test("follows the window's size within 1 s", async () => {
    await visitor.page.setViewportSize({ width: 1100, height: 700 });
    const start = Date.now();
    await until("1100×700", 3, async () => {
      const size = await visitor.size();
      return size.width === 1100 && size.height === 700;
    }, 20);
    assert.ok(Date.now() - start < 1000, `${Date.now() - start} ms`);
    await visitor.sees(green, "the page in the new size", 5, 200_000);
  });

  test("comes back by itself after the network was cut", async () => {
    const pid = await oriel.crash("proxy");
    await visitor.becomes("reconnecting", 5);
    await visitor.becomes("running", 6);
    assert.notEqual(await oriel.servicePid("proxy"), pid);
    await visitor.sees(green, "the same picture", 3, 200_000);
  });

  test("a second browser takes the session over by giving input", async () => {
    const second = await Visitor.open(oriel, { width: 900, height: 620 });
    try {
      await second.signsIn();
      await second.goes(`${oriel.origin}/sessions/${id}?measure=1`);
      await second.becomes("running");
      await second.canvas.click({ position: { x: 450, y: 400 } });
      await until("900×620", 4, async () => {
        const size = await second.size();
        return size.width === 900 && size.height === 620;
      });
      await second.sees(green, "the page in the second browser", 5, 100_000);
    } finally {
      await second.leaves();
    }
  });

  test("Firefox closed by hand starts again", async () => {
    await visitor.canvas.click({ position: { x: 700, y: 500 } });
    await visitor.page.keyboard.press("Control+q");
    await until("the page is gone", 10, async () => (await visitor.countColour(green)) < 1000);
    const container = await oriel.containerOf({ id });
    await until("Firefox is back", 15, async () => (await run("docker", ["exec", container, "sh", "-c", "ls -d /proc/[0-9]* | while read p; do tr '\\0' ' ' < $p/cmdline; echo; done"])).stdout.includes("firefox"), 300);
  });

  test("ends from the panel, and nothing is left", async () => {
    await visitor.page.getByRole("button", { name: /control panel|panel/i }).first().click();
    await visitor.page.getByRole("button", { name: /^End/ }).first().click();
    const dialog = visitor.page.getByRole("dialog").or(visitor.page.getByRole("alertdialog"));
    const confirm = dialog.getByRole("button", { name: /^End/ });
    if (await confirm.count()) await confirm.first().click();
    await visitor.becomes("ended", 10);
    await oriel.gone({ kasm_id: id }, 15);
    await until("clean sweep", 10, async () => (await sweep(oriel)).length === 0);
    assert.deepEqual(visitor.problems, []);
  });
});

describe("Desktop in a browser", () => {
  let oriel;
  let visitor;
  before(async () => {
    oriel = new Instance();
    visitor = await Visitor.open(oriel, { width: 1280, height: 800, scheme: "light" });
    await visitor.signsIn();
  });
  after(async () => {
    await visitor?.picture("browser-desktop-last").catch(() => undefined);
    await visitor?.leaves();
  });

  test("is running, is not black, and a terminal can be used", async () => {
    const id = await visitor.launches("Desktop");
    await visitor.measures();
    const distinct = await visitor.page.evaluate(() => {
      const data = new Uint32Array(window.orielMeasure.readPixels(0, 0, 1280, 800).buffer);
      return new Set(data).size;
    });
    assert.ok(distinct > 50, `${distinct} colours`);
    const container = await oriel.containerOf({ id });
    await run("docker", ["exec", "-d", "-u", "1000", "-e", "DISPLAY=:0", "-e", "XAUTHORITY=/run/user/1000/Xauthority", "-e", "HOME=/home/user", container, "xfce4-terminal", "--disable-server"]);
    await sleep(2500);
    await visitor.page.keyboard.type("echo typed-$((40+2)) > /home/user/proof\n", { delay: 15 });
    await until("the command ran", 8, async () => (await run("docker", ["exec", "-u", "1000", container, "cat", "/home/user/proof"], { tolerate: true })).stdout.trim() === "typed-42");
    await visitor.picture("browser-desktop");
    await visitor.goes(`${oriel.origin}/`);
    await visitor.page.getByRole("button", { name: /^End/ }).first().click();
    const dialog = visitor.page.getByRole("dialog").or(visitor.page.getByRole("alertdialog"));
    await dialog.getByRole("button", { name: /^End/ }).first().click({ timeout: 3000 }).catch(() => undefined);
    await oriel.gone({ kasm_id: id }, 15);
  });

  test("the administrator sees servers, sessions and workspaces", async () => {
    const admin = await Visitor.open(oriel);
    try {
      await admin.signsIn("admin");
      for (const [path, expected] of [["servers", /Ready/], ["sessions", /session/i], ["workspaces", /Firefox/]]) {
        await admin.goes(`${oriel.origin}/admin/${path}`);
        await admin.page.getByText(expected).first().waitFor({ timeout: 10_000 });
        await admin.picture(`browser-admin-${path}`);
      }
      assert.deepEqual(admin.problems, []);
    } finally {
      await admin.leaves();
    }
  });

  test("a user does not get the administrator's pages", async () => {
    const answer = await (await oriel.signIn("user")).request("GET", "/api/v1/admin/servers");
    assert.ok([403, 404].includes(answer.status));
  });
});
