// A disk is full: Docker's, which holds images, containers, homes and the database, then that of our own home, then a service's own scratch.
// What runs goes on, what cannot be done is refused in words, nothing that was there is lost, and room alone mends it.
import assert from "node:assert/strict";
import { readdirSync, rmSync, statfsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { run, sleep, until } from "../lib/instance.mjs";
import { Neighbour } from "../lib/neighbour.mjs";
import { brokenFiles, daemon, healthy, open, orielUp, swept, works } from "./engine.mjs";

const space = (path) => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

/** Takes all room below `directory`; answers a function that gives it back. */
async function fill(directory) {
  const file = `${directory}/filler`;
  for (let round = 0; round < 12 && space(directory) > 0; round += 1) {
    await run("fallocate", ["-l", String(space(directory)), `${file}${round}`], { tolerate: true });
    await run("dd", ["if=/dev/zero", `of=${file}-last${round}`, "bs=4k", "status=none"], { tolerate: true }); // to the last block, whatever the file system counts
  }
  assert.ok(space(directory) < 1 << 20, `${directory} still has ${space(directory)} bytes`);
  return () => {
    for (const name of readdirSync(directory)) if (name.startsWith("filler")) rmSync(`${directory}/${name}`);
  };
}

describe("a disk is full", () => {
  let oriel;
  let person;
  let admin;
  let clean;
  let neighbour;
  before(async () => {
    ({ oriel, person, admin, before: clean } = await open());
    neighbour = await Neighbour.moveIn(oriel, person);
  });
  after(async () => {
    await neighbour.undisturbed();
    await neighbour.movesOut();
    await swept(oriel, clean);
  });

  /** Asks for a session; answers it, or the words of the refusal. */
  const ask = async () => {
    const { json } = await person.request("GET", "/api/v1/workspaces");
    const workspace = json.workspaces.find((one) => one.friendly_name === "Small");
    const answer = await person.request("POST", "/api/v1/sessions", { body: { workspace_id: workspace.id } });
    if (answer.status === 201) return { id: answer.json.id };
    return { status: answer.status, words: answer.json?.detail ?? answer.json?.message ?? answer.text };
  };
  /** How a launch ended: that it runs (it is ended then), or why not. */
  const outcome = async (launch, seconds) => {
    if (!launch.id) return launch;
    const now = await until("an end of the launch", seconds, async () => {
      const row = await person.session(launch.id);
      return ["running", "failed", "ended"].includes(row?.state) ? row : undefined;
    }, 300);
    if (now.state === "running") await person.end(launch.id);
    return { status: now.state, words: now.reason ?? "" };
  };
  const tile = async () => (await person.request("GET", "/api/v1/workspaces")).json.workspaces.find((one) => one.friendly_name === "Small");
  const rows = async (table) => Number((await oriel.sql(`SELECT count(*) FROM ${table}`)).stdout.trim());

  test("Docker's: streams go on, tiles and diagnostics name the disk, no launch begins, and nothing is lost", { timeout: 240_000 }, async () => {
    const before = { audit: await rows("audit"), users: await rows("users"), sessions: await rows("sessions") };
    const give = await fill(daemon.data);
    let launch;
    try {
      await until("the tile says that there is no room on the disk", 60, async () => {
        const { available, reason } = await tile();
        return !available && /disk/.test(reason);
      }, 300);
      await neighbour.lives();
      launch = await ask();
      await sleep(5000);
      const now = launch.id ? await person.session(launch.id) : launch;
      console.log(`# Docker's disk is full: ${now.state ?? now.status}: ${now.reason ?? now.words}`);
      assert.notEqual(now.state, "running");
      const diagnostics = (await admin.request("GET", "/api/v1/admin/diagnostics")).json;
      assert.ok(diagnostics.checks.some((check) => check.check === "disk" && check.state === "problem" && check.mend.length > 10), JSON.stringify(diagnostics.checks));
      // The database lies there, too: it writes or refuses, and says which.
      const answers = [];
      for (let n = 0; n < 4; n += 1) answers.push((await oriel.request("POST", "/api/v1/sign-in", { body: { username: `nobody-${n}`, password: "wrong" }, headers: { Origin: oriel.origin } })).status);
      console.log(`# sign-ins meanwhile: ${[...new Set(answers)].join(" ")}`);
      for (const status of answers) assert.ok([401, 429, 503].includes(status), `sign-in: ${status}`);
      await neighbour.lives();
    } finally {
      give();
    }
    await healthy(oriel, 60);
    const ended = await outcome(launch, 60);
    console.log(`# with room again that launch is ${ended.status}: ${ended.words}`);
    if (ended.status !== "running") assert.match(ended.words, /\bdisk\b|[Nn]o space left on device/);
    for (const [table, count] of Object.entries(before)) assert.ok((await rows(table)) >= count, `${table} lost rows`);
    await until("the tile can be started again", 60, async () => (await tile()).available, 300);
    console.log(`# a new one took ${(await works(oriel, person)).toFixed(1)} s`);
    await neighbour.undisturbed();
  });

  test("Docker's, when the database can write no more: requests are answered or get 503 and their reason, and all comes back by itself", { timeout: 240_000 }, async () => {
    const kept = await rows("audit");
    await oriel.sql("DROP TABLE IF EXISTS filler; CREATE TABLE filler (text text)");
    const give = await fill(daemon.data);
    const seen = new Set();
    let launch;
    try {
      // Rows of its own, until the server has used up what it had set aside.
      const refused = await until("the database is full", 60, async () => oriel.sql("INSERT INTO filler SELECT repeat(md5(random()::text), 60) FROM generate_series(1, 20000)").then(() => undefined, (error) => error), 10);
      assert.match(refused.message, /space|terminated|connection/);
      for (let n = 0; n < 20; n += 1) {
        for (const path of ["/api/v1/sessions", "/api/v1/workspaces", "/api/v1/me"]) {
          const answer = await person.request("GET", path);
          seen.add(answer.status);
          assert.ok([200, 503].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
          if (answer.status === 503) assert.ok(Number(answer.headers["retry-after"]) > 0, "Retry-After");
        }
        await sleep(100);
      }
      launch = await ask();
      if (!launch.id) assert.ok(launch.status === 503 && launch.words.length > 20, JSON.stringify(launch));
      await neighbour.lives();
    } finally {
      give();
    }
    console.log(`# PostgreSQL cannot write: reading answers ${[...seen].join(" ")}; a launch: ${launch.id ? "taken" : `${launch.status} ${launch.words}`}`);
    await healthy(oriel, 60);
    await oriel.sql("DROP TABLE filler");
    const ended = await outcome(launch, 90);
    if (launch.id) console.log(`# with room again that launch is ${ended.status}: ${ended.words}`);
    assert.ok((await rows("audit")) >= kept, "the audit lost rows");
    assert.equal((await person.request("GET", "/api/v1/me")).status, 200, "nobody was signed out");
    await works(oriel, person);
    await neighbour.undisturbed();
  });

  test("our home's: a launch works or is refused with the disk named, `oriel up` breaks no file, and room alone mends it", { timeout: 180_000 }, async () => {
    const give = await fill(`${oriel.home}/run`);
    try {
      await neighbour.lives();
      const ended = await outcome(await ask(), 75);
      console.log(`# our home's disk is full: a launch is ${ended.status}: ${ended.words}`);
      if (ended.status !== "running") assert.match(ended.words, /No space left on device/);
      const up = await orielUp(oriel, ["--port", String(oriel.port)], { tolerate: true });
      console.log(`# oriel up meanwhile: exit ${up.code} ${up.stderr.trim().split("\n").pop()}`);
      if (up.code !== 0) assert.match(up.stderr + up.stdout, /No space left on device/);
      assert.deepEqual(brokenFiles(oriel.home), []);
      const diagnostics = (await admin.request("GET", "/api/v1/admin/diagnostics")).json;
      assert.ok(diagnostics.checks.some((check) => check.check === "disk" && check.state !== "ok"), JSON.stringify(diagnostics.checks));
      await neighbour.lives();
    } finally {
      give();
    }
    assert.deepEqual(brokenFiles(oriel.home), []);
    await orielUp(oriel);
    await healthy(oriel, 60);
    await works(oriel, person);
  });

  test("a service's scratch directory: requests go on", { timeout: 120_000 }, async () => {
    for (const service of ["api", "manager", "agent", "broker", "proxy"]) {
      const give = await fill(`/proc/${await oriel.servicePid(service)}/root/tmp`);
      try {
        await works(oriel, person);
        await neighbour.lives();
      } finally {
        give();
      }
    }
    await healthy(oriel, 30);
  });
});
