// What an administrator does with people, in Chromium on a living installation: make, hand over, reset, disable, delete, look it up.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, until } from "../lib/instance.mjs";
import { Visitor } from "../lib/browser.mjs";

describe("users, the audit and diagnostics", () => {
  const username = `mara.${Date.now().toString(36)}`;
  let oriel;
  let admin;
  let mara;
  let made;
  before(async () => {
    oriel = new Instance();
    admin = await Visitor.open(oriel);
    mara = await Visitor.open(oriel);
    await admin.signsIn("admin");
  });
  after(async () => {
    await admin?.leaves();
    await mara?.leaves();
  });

  const signsIn = async (password) => {
    await mara.goes(`${oriel.origin}/sign-in`);
    await mara.page.getByLabel("Username").fill(username);
    await mara.page.getByLabel("Password", { exact: true }).fill(password);
    await mara.page.getByRole("button", { name: "Sign in" }).click();
  };
  const act = async (name) => {
    await admin.page.getByRole("button", { name: `More for ${username}` }).click();
    await admin.page.getByRole("menuitem", { name }).click();
  };

  test("a user is made by keyboard alone; what is wrong stands beside its field, the password is shown once", async () => {
    const { page } = admin;
    await admin.goes(`${oriel.origin}/admin/users`);
    await page.getByRole("button", { name: "New user" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "New user" });
    await dialog.waitFor();
    await page.keyboard.type(oriel.credentials.user.username.toUpperCase());
    await page.keyboard.press("Enter");
    await dialog.getByText("This name is taken").waitFor();
    await dialog.getByLabel("User name").fill(username);
    await dialog.getByLabel("First name").fill("Mara");
    await page.keyboard.press("Enter");
    const shown = page.getByTestId("password");
    await shown.waitFor();
    made = (await shown.innerText()).trim();
    assert.ok(made.length >= 16, made);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("searchbox").fill(username);
    await page.getByRole("link", { name: username }).waitFor();
    await until("the search is in the address", 3, () => new URL(page.url()).searchParams.get("q") === username);
    assert.equal((await page.content()).includes(made), false, "the password is still in the page");
  });

  test("the user chooses an own password before anything else", async () => {
    await signsIn(made);
    const { page } = mara;
    await page.getByRole("heading", { name: "Choose a password" }).waitFor();
    await page.getByLabel("Present password", { exact: true }).fill(made);
    await page.getByLabel("New password", { exact: true }).fill("password123");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("guessed first").waitFor();
    await page.getByLabel("New password", { exact: true }).fill("a sentence of her own");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("heading", { name: "Workspaces", level: 1 }).waitFor();
  });

  test("one's account shows this device", async () => {
    const { page } = mara;
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Your account" }).click();
    await page.getByText("This device").waitFor();
    await page.keyboard.press("Escape");
  });

  test("a reset signs the user out, a disabled user stays out, and an enabled one comes back", async () => {
    await act("Reset password");
    const dialog = admin.page.getByRole("dialog");
    await dialog.getByRole("radio", { name: "Give one" }).click();
    await dialog.getByLabel("New password", { exact: true }).fill("given by an administrator");
    await dialog.getByRole("checkbox", { name: "Must choose" }).uncheck();
    await dialog.getByRole("button", { name: "Reset password" }).click();
    await admin.page.getByText("is changed").waitFor();
    await mara.goes(`${oriel.origin}/`);
    await mara.page.getByRole("heading", { name: "Sign in to Oriel" }).waitFor();
    await signsIn("given by an administrator");
    await mara.page.getByRole("heading", { name: "Workspaces", level: 1 }).waitFor();

    await act("Disable");
    await admin.page.getByRole("alertdialog").getByRole("button", { name: "Disable" }).click();
    await admin.page.getByRole("row").getByText("Disabled").waitFor();
    await mara.goes(`${oriel.origin}/`);
    await mara.page.getByRole("heading", { name: "Sign in to Oriel" }).waitFor();
    await signsIn("given by an administrator");
    await mara.page.getByText("do not match").waitFor();
    await act("Enable");
    await admin.page.getByRole("row").getByText("Active").waitFor();
    await signsIn("given by an administrator");
    await mara.page.getByRole("heading", { name: "Workspaces", level: 1 }).waitFor();
  });

  test("the user's page shows and ends the device", async () => {
    const { page } = admin;
    await page.getByRole("link", { name: username }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    await page.getByRole("button", { name: /^End Chrome/ }).first().click();
    await page.getByText("Signed in nowhere.").waitFor();
    await mara.goes(`${oriel.origin}/`);
    await mara.page.getByRole("heading", { name: "Sign in to Oriel" }).waitFor();
  });

  test("the audit of this user tells all of it, by links and filters in the address", async () => {
    const { page } = admin;
    await page.getByRole("link", { name: "Audit of this user" }).click();
    for (const words of ["User created", "Password changed", "Password reset", "User disabled", "User enabled", "Devices ended"]) {
      await page.getByRole("cell", { name: words, exact: true }).first().waitFor();
    }
    await page.getByRole("button", { name: /^Result/ }).click();
    await page.getByRole("menuitemradio", { name: "Refused", exact: true }).click();
    await page.getByText("disabled", { exact: false }).first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get("result"), "refused");
    await page.getByRole("button", { name: /^Details of/ }).first().click();
    await page.getByRole("dialog").getByText(/^[0-9a-f]{32}$/).first().waitFor();
    await page.keyboard.press("Escape");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "Lines of JSON" }).click();
    assert.equal((await download).suggestedFilename(), "oriel-audit.jsonl");
  });

  test("deleting names what goes and wants the name typed", async () => {
    const { page } = admin;
    await admin.goes(`${oriel.origin}/admin/users?q=${username}`);
    await act("Delete");
    const dialog = page.getByRole("alertdialog");
    await dialog.getByRole("button", { name: "Delete user" }).click();
    await dialog.getByText("This is not the user's name").waitFor();
    await dialog.getByLabel(/^Type/).fill(username);
    await dialog.getByRole("button", { name: "Delete user" }).click();
    await page.getByText("No user matches").waitFor();
  });

  test("diagnostics say what is seen, and copy it without a secret", async () => {
    const { page } = admin;
    await admin.goes(`${oriel.origin}/admin/diagnostics`);
    for (const check of ["database", "redis", "manager", "agents", "certificate"]) await page.locator(".checks").getByText(check, { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Copy as text" }).click();
    const text = await until("the clipboard has it", 5, async () => {
      const found = await page.evaluate(() => navigator.clipboard.readText());
      return found.startsWith("Oriel ") ? found : undefined;
    });
    assert.match(text, /Servers\n {2}\S+ {2}online/);
    for (const secret of [oriel.credentials.admin.password, oriel.credentials.api_key.secret]) assert.equal(text.includes(secret), false);
    assert.deepEqual(admin.problems, []);
    assert.deepEqual(mara.problems, []);
  });
});
