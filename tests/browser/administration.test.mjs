// An administrator and a user, each at a browser: a message, a view that its owner sees, a drained server, an end with a reason.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, until } from "../lib/instance.mjs";
import { Visitor } from "../lib/browser.mjs";

describe("administration of sessions and servers", () => {
  let oriel;
  let user;
  let admin;
  let id;
  before(async () => {
    oriel = new Instance();
    user = await Visitor.open(oriel);
    admin = await Visitor.open(oriel);
    await user.signsIn();
    id = await user.launches("Desktop");
    await admin.signsIn("admin");
  });
  after(async () => {
    if (id) {
      const person = await oriel.signIn("user");
      await person.end(id);
      await oriel.gone({ kasm_id: id });
    }
    await user?.leaves();
    await admin?.leaves();
  });
  const row = () => admin.page.getByRole("row").filter({ hasText: id.slice(0, 8) });
  const chooses = async (item) => {
    await row().getByRole("button", { name: /^More for/ }).click();
    await admin.page.getByRole("menuitem", { name: item }).click();
  };

  test("a message stands over the picture until its user has read it", async () => {
    await admin.goes(`${oriel.origin}/admin/sessions?q=${id.slice(0, 8)}`);
    await chooses("Message…");
    const dialog = admin.page.getByRole("dialog");
    await dialog.getByLabel("Message", { exact: true }).fill("Back up at noon <b>");
    await dialog.getByRole("button", { name: "Send message" }).click();
    const notice = user.page.getByRole("region", { name: /^Message from/ });
    await notice.getByText("Back up at noon <b>").waitFor({ timeout: 10_000 });
    await user.picture("session-message").catch(() => undefined);
    await notice.getByRole("button", { name: "Got it" }).click();
    await notice.waitFor({ state: "detached" });
    await chooses("Details");
    await admin.page.getByRole("dialog").getByText(/acknowledged/).waitFor();
    await admin.page.keyboard.press("Escape");
  });

  test("a view shows the picture and sends nothing; its owner sees who looks, and that it is over", async () => {
    const streams = [];
    admin.page.on("websocket", (socket) => streams.push(new URL(socket.url()).pathname.split("/").pop()));
    await chooses("View, the user sees it");
    await admin.becomes("running", 30);
    await admin.page.getByText("Nothing you type reaches it").waitFor();
    const notice = user.page.getByText(/is viewing this session/);
    await notice.waitFor({ timeout: 10_000 });
    await user.picture("session-watched").catch(() => undefined);
    assert.deepEqual([...new Set(streams)], ["display"]);
    await admin.goes(`${oriel.origin}/admin/sessions?q=${id.slice(0, 8)}`);
    await notice.waitFor({ state: "hidden", timeout: 15_000 });
    assert.equal(await user.state(), "running");
  });

  test("a server is drained and its workspaces say so", async () => {
    await admin.goes(`${oriel.origin}/admin/servers`);
    await admin.page.getByRole("button", { name: "Drain", exact: true }).click();
    await admin.page.getByText(/sessions? left/).waitFor();
    const person = await oriel.signIn("user");
    const { json } = await person.request("GET", "/api/v1/workspaces");
    assert.match(json.workspaces[0].reason, /is draining/);
    await admin.page.getByRole("button", { name: "Stop draining" }).click();
    await admin.page.getByText("Ready", { exact: true }).waitFor();
    await admin.page.getByRole("button", { name: /^More for/ }).click();
    await admin.page.getByRole("menuitem", { name: "Log…" }).click();
    await admin.page.locator(".log-line").first().waitFor({ timeout: 15_000 });
    await admin.page.keyboard.press("Escape");
  });

  test("an end says its reason where the picture was, and in the history", async () => {
    await admin.goes(`${oriel.origin}/admin/sessions?q=${id.slice(0, 8)}`);
    await chooses("End…");
    const dialog = admin.page.getByRole("alertdialog");
    await dialog.getByLabel("Reason, shown to the user").fill("The host is replaced");
    await dialog.getByRole("button", { name: "End session" }).click();
    await user.page.getByText("An administrator ended it: The host is replaced").waitFor({ timeout: 30_000 });
    await until("nothing is left", 30, async () => (await oriel.traces(id)).length === 0);
    await admin.page.getByRole("radio", { name: "History" }).click();
    await row().getByText("An administrator ended it: The host is replaced").waitFor({ timeout: 15_000 });
    id = undefined;
    assert.deepEqual(user.problems, []);
    assert.deepEqual(admin.problems, []);
  });
});
