// Each service killed once while a session streams: the table of ARCHITECTURE.md ("What a failure may cost") holds.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { Instance, run, sleep, sweep, until } from "../lib/instance.mjs";

/** A clock in a terminal: something new on the screen ten times a second, so that a live stream must bring frames. */
function start_ticking(container) {
  const clock = "while :; do date +%T.%N; sleep 0.1; done";
  const environment = ["-e", "DISPLAY=:0", "-e", "XAUTHORITY=/run/user/1000/Xauthority", "-e", "HOME=/home/user"];
  return run("docker", ["exec", "-d", "-u", "1000", ...environment, container, "xfce4-terminal", "--disable-server", "-x", "sh", "-c", clock]);
}

async function paints(stream, what, seconds = 5) {
  const frames = stream.frames;
  await until(`${what}: a new frame`, seconds, async () => {
    if (stream.closed) throw new Error(`closed ${JSON.stringify(stream.closed)}`);
    return stream.frames > frames;
  });
}

describe("a failure costs what the table says", () => {
  let oriel;
  let person;
  let session;
  let container;
  let before_start;

  const connect = async () => {
    const stream = person.stream(session.id);
    await stream.opened;
    streams.push(stream);
    await until("first frame", 10, () => stream.frames > 0);
    return stream;
  };
  const streams = [];
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close();
  });

  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
    session = await person.launch("Desktop", { width: 1280, height: 720 });
    await person.running(session.id);
    container = await oriel.containerOf(session);
    await start_ticking(container);
    before_start = (await oriel.inspect(container)).State.StartedAt;
  });
  after(async () => {
    if (session) await person.end(session.id);
  });

  for (const service of ["api", "manager", "agent", "broker", "db", "redis"]) {
    test(`${service} killed: no stream closes, same container, manageable within 10 s of its return`, async () => {
      const stream = await connect();
      const pid = await oriel.crash(service);
      await sleep(300);
      await paints(stream, `after ${service} was killed`);
      await until(`${service} is back`, 20, async () => {
        const next = await oriel.servicePid(service);
        return next && next !== pid;
      });
      await until("healthy again", 15, async () => (await oriel.oriel(["status", "--json"], { tolerate: true })).code === 0);
      await until("manageable: the API answers for the session", 10, async () => (await person.session(session.id))?.state === "running");
      const another = await until("manageable: a launch is accepted", 10, () => person.launch("Desktop").catch(() => undefined), 300);
      await person.running(another.id, 30);
      await person.end(another.id);
      await oriel.gone({ kasm_id: another.id }, 15);
      await paints(stream, `after ${service} came back`);
      assert.equal(stream.closed, undefined);
      assert.equal((await oriel.inspect(container)).State.StartedAt, before_start);
    });
  }

  test("nginx killed: back within 3 s, session running", async () => {
    const stream = await connect();
    await oriel.crash("proxy");
    const start = Date.now();
    await until("stream closes", 5, () => stream.closed);
    const again = await until("reconnected", 5, () => connect().catch(() => undefined), 100);
    console.log(`# proxy: streaming again after ${Date.now() - start} ms`);
    assert.ok(Date.now() - start < 3000 + 1000, "3 s, one of tolerance for the test's own polling");
    assert.equal((await oriel.inspect(container)).State.StartedAt, before_start);
  });

  test("display server killed: back within 1 s, same container", async () => {
    const stream = await connect();
    const { stdout } = await run("docker", ["top", container, "-eo", "pid,uid"]);
    const pid = Number(stdout.split("\n").map((line) => line.trim().split(/\s+/)).find(([, uid]) => uid === "64010")[0]);
    process.kill(pid, "SIGKILL");
    const start = Date.now();
    await until("stream closes", 3, () => stream.closed);
    const again = await until("reconnected", 5, () => connect().catch(() => undefined), 50);
    const took = Date.now() - start;
    console.log(`# display server: picture back after ${took} ms`);
    assert.ok(took < 2000, `${took} ms`);
    assert.equal((await oriel.inspect(container)).State.StartedAt, before_start);
  });

  test("agent silent: suspect after 15 s, unreachable after 30 s, and no session is ended for it", async () => {
    const admin = await oriel.signIn("admin");
    const state = async () => (await admin.request("GET", "/api/v1/admin/servers")).json.servers[0].state;
    assert.equal(await state(), "online");
    const pid = await oriel.servicePid("agent");
    process.kill(pid, "SIGSTOP");
    const start = Date.now();
    try {
      await until("suspect", 22, async () => (await state()) === "suspect", 500);
      const suspect = (Date.now() - start) / 1000;
      assert.ok(suspect >= 9 && suspect <= 21, `suspect after ${suspect} s`);
      await until("unreachable", 20, async () => (await state()) === "unreachable", 500);
      const unreachable = (Date.now() - start) / 1000;
      assert.ok(unreachable >= 24 && unreachable <= 36, `unreachable after ${unreachable} s`);
      assert.equal((await person.session(session.id)).state, "running");
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await until("online again", 15, async () => (await state()) === "online", 500);
    assert.equal((await person.session(session.id)).state, "running");
  });

  test("PID 1 killed: failed with a reason within 5 s", async () => {
    const stream = await connect();
    const { State } = await oriel.inspect(container);
    process.kill(State.Pid, "SIGKILL");
    const start = Date.now();
    const failed = await until("failed", 8, async () => {
      const now = await person.session(session.id);
      return now.state === "failed" ? now : undefined;
    });
    const took = Date.now() - start;
    assert.ok(took < 5000, `${took} ms`);
    assert.ok(failed.reason.length > 10, failed.reason);
    await until("stream closes", 3, () => stream.closed);
    await oriel.gone({ kasm_id: session.id }, 20);
    session = undefined;
  });

  test("after all of it nothing is left", async () => {
    await until("clean sweep", 20, async () => (await sweep(oriel)).length === 0);
    assert.deepEqual(await sweep(oriel), []);
  });
});
