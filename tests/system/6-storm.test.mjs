// Two API instances: launches that come all at once never pass a limit, and an instance that dies is not missed.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, run, sleep, sweep, until } from "../lib/instance.mjs";
import { useSmallImage } from "../lib/small.mjs";

const launches = 200;
const people = 20;
const perPerson = 2;
const capacity = 10;
const root = new URL("../..", import.meta.url).pathname;

describe("two API instances", () => {
  let oriel;
  let image;
  const users = Array.from({ length: people }, (_, number) => `storm${number}`);
  const ours = "(SELECT id FROM users WHERE username LIKE 'storm%')";
  before(async () => {
    oriel = new Instance();
    await oriel.oriel(["up", "--scale", "api=2"], { cwd: root });
    await useSmallImage();
    image = await oriel.image("Small");
    await oriel.sql(`INSERT INTO users (id, username, username_key) SELECT gen_random_uuid(), name, name FROM unnest(ARRAY['${users.join("','")}']) name;
      INSERT INTO user_groups SELECT u.id, g.id FROM users u, groups g WHERE u.username LIKE 'storm%' AND g.name = 'All Users';
      UPDATE groups SET session_limit = ${perPerson} WHERE name = 'All Users';
      UPDATE agents SET cores_override = ${capacity / 4}`); // cores are given away four times
    await until("the image is on the server", 30, async () => (await oriel.sql(`SELECT count(*) FROM agents WHERE images::text LIKE '%${image.name ?? "oriel/small"}%'`)).stdout.trim() !== "0");
  });
  after(async () => {
    await oriel.sql(`UPDATE agents SET cores_override = NULL; UPDATE groups SET session_limit = NULL WHERE name = 'All Users';
      UPDATE sessions SET desired = 'ended', generation = generation + 1 WHERE user_id IN ${ours} AND desired = 'running' AND state NOT IN ('ended', 'failed')`);
    await until("nothing is left", 40, async () => (await sweep(oriel)).length === 0);
    await oriel.sql(`DELETE FROM sessions WHERE user_id IN ${ours}; DELETE FROM users WHERE username LIKE 'storm%'; UPDATE images SET enabled = false WHERE name = 'small'`);
    await oriel.oriel(["up", "--scale", "api=1"], { cwd: root });
    const { stdout } = await run("docker", ["ps", "-aq", "--filter", `name=^${oriel.name}-api-2$`]);
    assert.equal(stdout.trim(), "", "the second instance is gone");
  });

  test("200 launches at once: never an 11th session, never a third of one user, every refusal says why", async () => {
    const answered = async (service) => {
      const { stdout, stderr } = await run("docker", ["logs", `${oriel.name}-${service}`]);
      return `${stdout}${stderr}`.split("request_kasm").length;
    };
    const before = [await answered("api"), await answered("api-2")];
    const ids = (await oriel.sql(`SELECT replace(id::text, '-', '') FROM users WHERE username LIKE 'storm%'`)).stdout.trim().split("\n");
    assert.equal(ids.length, people);

    // One statement sees one moment: what lives per user, and what is held on servers.
    const most = { ofOne: 0, held: 0, looks: 0 };
    let watching = true;
    const watcher = (async () => {
      while (watching) {
        const { stdout } = await oriel.sql(`SELECT (SELECT coalesce(max(n), 0) FROM (SELECT count(*) n FROM sessions WHERE state NOT IN ('ended', 'failed') AND user_id IN ${ours} GROUP BY user_id) each),
          (SELECT count(*) FROM sessions WHERE agent_id IS NOT NULL AND released_at IS NULL)`);
        const [ofOne, held] = stdout.trim().split("|").map(Number);
        most.ofOne = Math.max(most.ofOne, ofOne);
        most.held = Math.max(most.held, held);
        most.looks += 1;
      }
    })();
    let answers;
    let accepted;
    let placed;
    try {
      answers = await Promise.all(Array.from({ length: launches }, (_, number) => oriel.api("request_kasm", { user_id: ids[number % people], image_id: image.image_id })));
      accepted = answers.filter((answer) => answer.kasm_id);
      const refused = answers.filter((answer) => !answer.kasm_id);
      for (const answer of refused) assert.match(answer.error_message, /\b2\b.*session|No server can start.*core/, JSON.stringify(answer));
      assert.ok(refused.some((answer) => !/No server/.test(answer.error_message)), "some were refused by the limit of their user");

      placed = await until("everything that was accepted runs or was refused", 60, async () => {
        const { stdout } = await oriel.sql(`SELECT state, reason_code, count(*), min(reason), bool_and(placement IS NOT NULL) FROM sessions WHERE user_id IN ${ours} GROUP BY 1, 2`);
        const rows = stdout.trim().split("\n").map((line) => line.split("|"));
        return rows.every(([state]) => state === "running" || state === "failed") ? rows : undefined;
      });
    } finally {
      watching = false;
      await watcher;
    }
    const of = (state) => placed.filter((row) => row[0] === state);
    assert.deepEqual(of("running").map((row) => Number(row[2])), [capacity], JSON.stringify(placed));
    // What found no room has failed and says why, server by server.
    for (const [, code, , reason, explained] of of("failed")) assert.ok(code === "no_capacity" && /core/.test(reason) && explained === "t", JSON.stringify(placed));
    assert.equal(accepted.length, capacity, "who was told yes has a session");
    assert.equal(most.ofOne, perPerson, JSON.stringify(most));
    assert.equal(most.held, capacity, JSON.stringify(most));

    const { stdout: containers } = await run("docker", ["ps", "-q", "--filter", `label=oriel.instance=${oriel.name}`, "--filter", "label=oriel.session"]);
    assert.equal(containers.trim().split("\n").length, capacity);
    const taken = [(await answered("api")) - before[0], (await answered("api-2")) - before[1]];
    assert.ok(Math.min(...taken) >= launches / 4, `both took part: ${taken}`);
  });

  test("an instance that is killed is passed over: no request fails", async () => {
    const person = await oriel.signIn("user");
    const codes = [];
    let asking = true;
    const asker = (async () => {
      while (asking) codes.push((await person.request("GET", "/api/v1/sessions")).status);
    })();
    try {
      await sleep(100);
      const killed = await oriel.crash("api-2");
      await until("Docker started it anew", 20, async () => {
        const next = await oriel.servicePid("api-2");
        return next > 0 && next !== killed;
      });
      await sleep(100);
    } finally {
      asking = false;
    }
    await asker;
    assert.ok(codes.length > 20, `${codes.length} requests`);
    assert.deepEqual(codes.filter((code) => code !== 200), []);
  });
});
