// Docker's answers are lost, broken or late: one container for one session, nothing left behind, and words when it fails.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { run, sleep, until } from "../lib/instance.mjs";
import { EngineRelay } from "../lib/engine_relay.mjs";
import { Neighbour } from "../lib/neighbour.mjs";
import { daemon, long, newBroker, open, swept, works } from "./engine.mjs";

const asked = { create: /^POST .*\/containers\/create\?name=.*-session-/, start: /^POST .*\/containers\/[0-9a-f]{64}\/start/ };

describe("an answer of the container engine is lost", () => {
  let oriel;
  let person;
  let clean;
  let relay;
  let neighbour;
  before(async () => {
    ({ oriel, person, before: clean } = await open());
    neighbour = await Neighbour.moveIn(oriel, person);
    relay = new EngineRelay(daemon.socket);
    await relay.start();
    process.env.DOCKER_HOST = `unix://${relay.real}`; // the tests' own questions are never spoiled
    await newBroker(oriel);
  });
  after(async () => {
    await relay.stop();
    process.env.DOCKER_HOST = `unix://${daemon.socket}`;
    await newBroker(oriel);
    await neighbour.undisturbed();
    await neighbour.movesOut();
    await swept(oriel, clean);
  });

  const containers = async (id) => (await run("docker", ["ps", "-aq", "--filter", `label=oriel.session=${id}`])).stdout.split("\n").filter(Boolean);
  const over = (id, seconds) => until("failed", seconds, async () => {
    const now = await person.session(id);
    if (now.state === "running") throw new Error("it runs");
    return now.state === "failed" ? now : undefined;
  }, 300);

  for (const step of Object.keys(asked)) {
    for (const fault of long ? ["drop", "fail", "reset", "truncate"] : step === "create" ? ["drop", "truncate"] : ["fail"]) {
      test(`${step}: ${fault} after it was done: the session runs, in one container`, async () => {
        relay.spoiled.length = 0;
        relay.spoil(asked[step], fault);
        const session = await person.launch("Small");
        await person.running(session.id, 60);
        assert.equal(relay.spoiled.length, 1, "the fault happened");
        assert.equal((await containers(session.id)).length, 1);
        await neighbour.lives();
        await person.end(session.id);
        await oriel.gone({ kasm_id: session.id }, 30);
      });
    }
  }

  test("create never answers: failed within its deadline, with the step that hung; the next launch runs", { skip: !long && "over a minute: ./test long daemon" }, async () => {
    relay.spoil(asked.create, "hang");
    const session = await person.launch("Small");
    const begun = Date.now();
    const failed = await over(session.id, 90);
    console.log(`# create hangs: after ${((Date.now() - begun) / 1000).toFixed(0)} s ${failed.reason}`);
    assert.match(failed.reason, /container|server/i);
    relay.heal();
    await neighbour.lives();
    await oriel.gone({ kasm_id: session.id }, 60);
    await works(oriel, person);
  });

  test("create is refused each time: failed with Docker's words, nothing left", async () => {
    relay.spoil(asked.create, "refuse", { times: 100, message: "no space left on device" });
    const session = await person.launch("Small");
    const failed = await over(session.id, 30);
    relay.heal();
    assert.match(failed.reason, /no space left on device/);
    await oriel.gone({ kasm_id: session.id }, 30);
    await neighbour.lives();
  });

  test("a container that cannot be killed: said so, not counted twice, a new session starts, and it goes when it can", async () => {
    const session = await person.launch("Small");
    await person.running(session.id, 60);
    const id = await oriel.containerOf(session);
    const stuck = new RegExp(`^(POST .*/containers/${id}/(stop|kill)|DELETE .*/containers/${id})`);
    relay.spoil(stuck, "refuse", { times: 1000, message: "cannot kill container: tried to kill container, but did not receive an exit event" });
    await person.end(session.id);
    await sleep(long ? 35_000 : 3_000);
    const now = await person.session(session.id);
    assert.equal(now.state, "ending", "not lost from sight");
    if (long) assert.ok(now.reason?.length > 10, "after its deadline the person reads why it takes so long");
    const held = (await oriel.sql(`SELECT count(*) FROM sessions WHERE id::text = '${session.id.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5")}' AND released_at IS NULL`)).stdout.trim();
    assert.equal(held, "1", "what it holds is still counted, once");
    await works(oriel, person);
    await neighbour.lives();
    relay.heal();
    await oriel.gone({ kasm_id: session.id }, 60);
    await until("ended", 30, async () => ["ended", undefined].includes((await person.session(session.id))?.state));
  });

  test("a stop that hangs: neither the neighbour nor a new session waits for it", async () => {
    const session = await person.launch("Small");
    await person.running(session.id, 60);
    relay.spoil(new RegExp(`^POST .*/containers/${await oriel.containerOf(session)}/stop`), "hang");
    await person.end(session.id);
    await works(oriel, person);
    await neighbour.lives();
    await oriel.gone({ kasm_id: session.id }, 60);
    relay.heal();
  });
});
