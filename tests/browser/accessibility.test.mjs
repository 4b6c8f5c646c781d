// WCAG 2.2 AA by axe, on every page and dialog of a living installation, in both themes, on a desk and on a phone.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { violations } from "../lib/axe.mjs";
import { Instance } from "../lib/instance.mjs";
import { Visitor } from "../lib/browser.mjs";

const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };

/** What each page shows when it is whole, by address. */
const administration = [
  ["/admin/sessions", "Sessions"],
  ["/admin/servers", "Servers"],
  ["/admin/workspaces", "Workspaces"],
  ["/admin/users", "Users"],
  ["/admin/audit", "Audit"],
  ["/admin/diagnostics", "Diagnostics"],
];

describe("axe finds nothing", () => {
  let oriel;
  let user;
  let admin;
  let session;
  before(async () => {
    oriel = new Instance();
    user = await Visitor.open(oriel);
    admin = await Visitor.open(oriel);
    session = await oriel.launch("Desktop");
    await oriel.running(session);
  });
  after(async () => {
    await user?.leaves();
    await admin?.leaves();
    if (session) {
      await oriel.destroy(session);
      await oriel.gone(session);
    }
  });

  /** Both themes on a desk, then on a phone. */
  const everywhere = async (visitor, place) => {
    const found = await violations(visitor.page, place);
    await visitor.page.setViewportSize(phone);
    found.push(...(await violations(visitor.page, `${place} on a phone`)));
    await visitor.page.setViewportSize(desk);
    return found;
  };

  test("sign-in, and its errors", async () => {
    await user.goes(`${oriel.origin}/`);
    await user.page.getByRole("button", { name: "Sign in" }).click();
    await user.page.getByText("Enter your username").waitFor();
    assert.deepEqual(await everywhere(user, "sign-in"), []);
  });

  test("workspaces, its menus and its dialogs", async () => {
    await user.signsIn();
    const { page } = user;
    assert.deepEqual(await everywhere(user, "workspaces"), []);
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menu").waitFor();
    assert.deepEqual(await violations(page, "account menu"), []);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await violations(page, "palette"), []);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^End/ }).first().click();
    await page.getByRole("alertdialog").waitFor();
    assert.deepEqual(await everywhere(user, "end dialog"), []);
    await page.keyboard.press("Escape");
    await user.goes(`${oriel.origin}/nothing/here`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.deepEqual(await violations(page, "not found"), []);
  });

  test("a session, its panel", async () => {
    await user.goes(`${oriel.origin}/sessions/${session.kasm_id}`);
    await user.becomes("running");
    const { page } = user;
    assert.deepEqual(await violations(page, "session"), []);
    await page.getByRole("button", { name: /panel/i }).first().click();
    await page.locator("#panel").waitFor();
    assert.deepEqual(await everywhere(user, "session panel"), []);
  });

  test("administration", async () => {
    await admin.signsIn("admin");
    for (const [path, heading] of administration) {
      await admin.goes(oriel.origin + path);
      await admin.page.getByRole("heading", { name: heading, level: 1 }).waitFor();
      await admin.page.locator(".list-loading").waitFor({ state: "detached" });
      assert.deepEqual(await everywhere(admin, path), []);
    }
  });

  test("dialogs of users, the audit and one's own account", async () => {
    const { page } = admin;
    const dialog = async (name, open) => {
      await open();
      await page.locator("dialog[open]").waitFor();
      assert.deepEqual(await violations(page, name), []);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
    };
    await admin.goes(`${oriel.origin}/admin/users`);
    await dialog("new user", () => page.getByRole("button", { name: "New user" }).click());
    for (const act of ["Edit", "Reset password", "Disable", "Delete"]) {
      await dialog(act, async () => {
        await page.getByRole("button", { name: `More for ${oriel.credentials.user.username}` }).click();
        await page.getByRole("menuitem", { name: act }).click();
      });
    }
    await page.getByRole("link", { name: oriel.credentials.user.username }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    assert.deepEqual(await everywhere(admin, "one user"), []);
    await admin.goes(`${oriel.origin}/admin/audit`);
    await dialog("audit entry", () => page.getByRole("button", { name: /^Details of/ }).first().click());
    await dialog("own account", async () => {
      await page.getByRole("button", { name: /^Account/ }).click();
      await page.getByRole("menuitem", { name: "Your account" }).click();
    });
  });

  test("the check itself finds what is wrong", async () => {
    await admin.page.evaluate(() => {
      const button = document.createElement("button");
      button.className = "planted";
      document.querySelector("main").append(button);
    });
    const found = await violations(admin.page, "planted", ["light"]);
    assert.match(found.join("\n"), /button-name/);
  });
});
