// An administrator at work on a living installation: writes to a session, looks on it, drains its server, reads the agent's log, ends it.
import assert from "node:assert/strict";
import https from "node:https";
import { after, before, describe, test } from "node:test";
import { Instance, until } from "../lib/instance.mjs";

describe("administration", () => {
  let oriel;
  let admin;
  let user;
  let session;
  let server;
  before(async () => {
    oriel = new Instance();
    admin = await oriel.signIn("admin");
    user = await oriel.signIn("user");
    session = await user.launch("Desktop");
    await user.running(session.id);
    server = (await admin.request("GET", "/api/v1/admin/servers")).json.servers[0];
  });
  after(async () => {
    if (server) await admin.request("PATCH", `/api/v1/admin/servers/${server.id}`, { body: { draining: false, labels: {} } });
    if (session) await user.end(session.id);
    if (session) await oriel.gone({ kasm_id: session.id });
  });
  const audited = async (action) => Number((await oriel.sql(`select count(*) from audit where action = '${action}' and at > now() - interval '10 minutes'`)).stdout);

  /** Server-sent events as they come, until `close()`. */
  const listen = (person, path) => {
    const events = [];
    const request = https.get(`${oriel.origin}${path}`, { ca: oriel.ca, headers: { Cookie: person.cookie } }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const name = /^event: (.*)$/m.exec(block)?.[1];
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (name && data) events.push({ name, data: JSON.parse(data) });
        }
      });
    });
    request.on("error", () => undefined);
    return { events, close: () => request.destroy() };
  };

  test("a message comes by the owner's event stream and goes when it is acknowledged", async () => {
    const stream = listen(user, "/api/v1/events");
    try {
      await until("the stream's snapshot", 10, () => stream.events.some((event) => event.name === "ready"));
      const sent = await admin.request("POST", "/api/v1/admin/sessions/message", { body: { sessions: [session.id], text: "Back up at noon" } });
      assert.equal(sent.json.results[0].ok, true, sent.text);
      const told = await until("the message in an event", 10, () => stream.events.find((event) => event.name === "session" && event.data.messages.length > 0));
      assert.equal(told.data.messages[0].text, "Back up at noon");
      const read = await user.request("POST", `/api/v1/sessions/${session.id}/messages/${told.data.messages[0].id}/read`);
      assert.equal(read.status, 204);
      assert.equal((await user.session(session.id)).messages.length, 0);
      assert.ok((await audited("session.message")) >= 1);
    } finally {
      stream.close();
    }
  });

  test("a view has a picture and nothing else, its owner sees it, and a view that is not renewed is closed", async () => {
    const view = admin.stream(session.id);
    await view.opened;
    await until("a picture", 20, () => view.frames > 0);
    for (const route of ["input", "clipboard"]) await assert.rejects(admin.stream(session.id, route).opened, /403/, route);
    assert.equal((await user.session(session.id)).watchers.length, 1);
    assert.ok((await audited("session.view")) >= 1);
    // As if the viewer's page had been silent for long: the Manager ends the view, then its stream is closed.
    await oriel.sql("update session_watches set renewed_at = now() - interval '1 hour'");
    await until("the stream is closed", 15, () => view.closed);
    await until("the notice is gone", 5, async () => (await user.session(session.id)).watchers.length === 0);
  });

  test("a draining server refuses in words, and goes on draining when agent and manager come back", async () => {
    const drained = await admin.request("PATCH", `/api/v1/admin/servers/${server.id}`, { body: { draining: true, labels: { rack: "b12" } } });
    assert.equal(drained.json.state, "draining", drained.text);
    const { epoch } = JSON.parse((await oriel.sql("select json_build_object('epoch', channel_epoch) from agents where removed_at is null")).stdout);
    await oriel.crash("manager");
    await oriel.crash("agent");
    await until("a new channel", 30, async () => JSON.parse((await oriel.sql("select json_build_object('epoch', channel_epoch) from agents where removed_at is null")).stdout).epoch > epoch);
    const refused = await user.launch("Desktop");
    const failed = await until("the launch is refused", 30, async () => {
      const row = await user.session(refused.id);
      return row.state === "failed" ? row : undefined;
    });
    assert.match(failed.reason, /is draining/);
    assert.equal((await user.session(session.id)).state, "running");
    const { json } = await admin.request("GET", "/api/v1/admin/servers");
    assert.equal(json.servers[0].draining, true);
    assert.deepEqual(json.servers[0].labels, { rack: "b12" });
    const back = await admin.request("PATCH", `/api/v1/admin/servers/${server.id}`, { body: { draining: false } });
    assert.notEqual(back.json.state, "draining");
  });

  test("the agent's log streams while somebody reads it", async () => {
    const log = listen(admin, `/api/v1/admin/servers/${server.id}/log`);
    try {
      const line = await until("the agent's line", 20, () => log.events.find((event) => event.name === "line" && event.data.message === "connected to the manager"));
      assert.equal(line.data.level, "info");
      assert.ok(log.events.some((event) => event.name === "state" && event.data.connected));
    } finally {
      log.close();
    }
    assert.equal((await user.request("GET", `/api/v1/admin/servers/${server.id}/log`)).status, 403);
  });

  test("an end has its reason, for the user and in the history", async () => {
    const ended = await admin.request("POST", "/api/v1/admin/sessions/end", { body: { sessions: [session.id], reason: "The host is replaced" } });
    assert.equal(ended.json.results[0].ok, true, ended.text);
    await until("it has ended", 30, async () => (await user.session(session.id)).state === "ended");
    assert.equal((await user.session(session.id)).reason, "An administrator ended it: The host is replaced");
    const { json } = await admin.request("GET", "/api/v1/admin/sessions?state=ended,failed&order=ended&limit=1");
    assert.equal(json.sessions[0].id, session.id);
    assert.ok(json.total >= 2);
    const details = (await admin.request("GET", `/api/v1/admin/sessions/${session.id}`)).json;
    assert.equal(details.attempt, 1);
    assert.match(details.container_id, /^[0-9a-f]{12}/);
    assert.ok(details.sent_messages[0].read_at);
    await oriel.gone({ kasm_id: session.id });
    session = undefined;
  });
});
