// Limits, refusals that say why, expiry, and an image that exists only in a registry.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, run, sleep, sweep, until } from "../lib/instance.mjs";

describe("life cycle", () => {
  let oriel;
  let person;
  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
  });
  after(async () => {
    const { json } = await person.request("GET", "/api/v1/sessions");
    for (const session of json?.sessions ?? []) await person.end(session.id);
  });

  test("a workspace that fits nowhere is refused server by server", async () => {
    await oriel.sql("UPDATE images SET memory_bytes = 900000000000000 WHERE name = 'firefox'");
    try {
      const session = await person.launch("Firefox");
      const failed = await until("refused", 10, async () => {
        const now = await person.session(session.id);
        return now.state === "failed" ? now : undefined;
      });
      assert.equal(failed.reason_code, "no_capacity");
      const failing = failed.placement.servers[0].checks.filter((check) => !check.ok);
      assert.deepEqual(failing.map((check) => check.check), ["memory"]);
      assert.match(failing[0].message, /\d/);
    } finally {
      await oriel.sql("UPDATE images SET memory_bytes = 2147483648 WHERE name = 'firefox'");
    }
  });

  test("the limit per user holds for simultaneous launches", async () => {
    await oriel.sql("UPDATE groups SET session_limit = 2 WHERE name = 'All Users'");
    try {
      const workspaces = (await person.request("GET", "/api/v1/workspaces")).json.workspaces;
      const desktop = workspaces.find((workspace) => workspace.friendly_name === "Desktop");
      const answers = await Promise.all(Array.from({ length: 6 }, () => person.request("POST", "/api/v1/sessions", { body: { workspace_id: desktop.id } })));
      const accepted = answers.filter((answer) => answer.status === 201);
      assert.equal(accepted.length, 2, answers.map((answer) => answer.status).join(" "));
      for (const answer of answers.filter((candidate) => candidate.status !== 201)) {
        assert.equal(answer.status, 409);
        assert.match(answer.json.error.message, /2/);
      }
      for (const answer of accepted) await person.end(answer.json.id);
      for (const answer of accepted) await oriel.gone({ kasm_id: answer.json.id }, 30);
    } finally {
      await oriel.sql("UPDATE groups SET session_limit = NULL WHERE name = 'All Users'");
    }
  });

  test("a session that nobody keeps alive expires", async () => {
    const session = await person.launch("Desktop");
    await person.running(session.id);
    await oriel.sql(`UPDATE sessions SET expires_at = now() - interval '1 second', keepalive_at = now() - interval '2 hours' WHERE id = '${session.id}'`);
    const ended = await until("expired", 15, async () => {
      const now = await person.session(session.id);
      return now.state === "ended" ? now : undefined;
    });
    assert.match(`${ended.reason_code} ${ended.reason}`, /expire/i);
    await oriel.gone({ kasm_id: session.id });
  });

  test("somebody else's session and an absent one answer alike", async () => {
    const admin = await oriel.signIn("admin");
    const session = await admin.launch("Desktop");
    try {
      const foreign = await person.request("GET", `/api/v1/sessions/${session.id}`);
      const absent = await person.request("GET", `/api/v1/sessions/${"0".repeat(32)}`);
      assert.equal(foreign.status, 404);
      const anonymous = (answer) => ({ status: answer.status, code: answer.json.error.code, message: answer.json.error.message.replace(/[0-9a-f]{32}/g, "id") });
      assert.deepEqual(anonymous(foreign), anonymous(absent));
      const stream = person.stream(session.id);
      await assert.rejects(stream.opened, /40[34]/);
    } finally {
      await admin.end(session.id);
      await oriel.gone({ kasm_id: session.id }, 30);
    }
  });

  test("nothing is left", async () => {
    await until("clean sweep", 20, async () => (await sweep(oriel)).length === 0);
  });
});

describe("an image that exists only in a registry", () => {
  let oriel;
  let registry;
  const port = 15000 + (process.pid % 1000);
  before(async () => {
    oriel = new Instance();
  });
  after(async () => {
    registry?.kill();
    await oriel.sql("DELETE FROM image_groups WHERE image_id IN (SELECT id FROM images WHERE name = 'from-registry')");
    await oriel.sql("DELETE FROM images WHERE name = 'from-registry' AND NOT EXISTS (SELECT 1 FROM sessions WHERE image_id = images.id)");
  });

  test("is pulled by digest by the agent by itself, and shown as present", async () => {
    const { mkdtempSync, writeFileSync } = await import("node:fs");
    const { spawn } = await import("node:child_process");
    const directory = mkdtempSync("/var/tmp/oriel-registry-");
    writeFileSync(`${directory}/config.yml`, `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${directory}/data\nhttp:\n  addr: 127.0.0.1:${port}\n`);
    registry = spawn("docker-registry", ["serve", `${directory}/config.yml`], { stdio: "ignore" });
    await until("registry answers", 10, async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok);
    const reference = `127.0.0.1:${port}/oriel-test/small`;
    await run("bash", ["-c", `tar c -C ${directory} config.yml | docker import - ${reference}:1`]);
    const pushed = await run("docker", ["push", `${reference}:1`]);
    const digest = pushed.stdout.match(/digest: (sha256:[0-9a-f]{64})/)[1];
    await run("docker", ["rmi", `${reference}:1`]);
    await oriel.sql(`INSERT INTO images (id, name, friendly_name, reference, digest) VALUES (gen_random_uuid(), 'from-registry', 'From registry', '${reference}', '${digest}')`);
    const admin = await oriel.signIn("admin");
    const image = await until("present on the server", 60, async () => {
      const { servers } = (await admin.request("GET", "/api/v1/admin/servers")).json;
      return servers[0].images.find((candidate) => candidate.reference.startsWith(reference) && candidate.state === "present");
    }, 500);
    assert.ok(image.size_bytes > 0);
    const { stdout } = await run("docker", ["image", "inspect", `${reference}@${digest}`]);
    assert.ok(JSON.parse(stdout)[0].RepoDigests.some((entry) => entry.endsWith(digest)));
    await oriel.sql("UPDATE images SET enabled = false WHERE name = 'from-registry'");
    await run("docker", ["rmi", "-f", JSON.parse(stdout)[0].Id], { tolerate: true });
    await run("rm", ["-rf", directory]);
  });
});
