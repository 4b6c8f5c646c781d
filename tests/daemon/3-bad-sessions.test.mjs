// Images that exit, hang or never show a picture, and sessions that take all they can get: each fails alone, with words.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { run, until } from "../lib/instance.mjs";
import { Neighbour } from "../lib/neighbour.mjs";
import { daemon, long, open, swept, works } from "./engine.mjs";

describe("a session that goes wrong", () => {
  let oriel;
  let person;
  let clean;
  let neighbour;
  let quiet;
  before(async () => {
    ({ oriel, person, before: clean } = await open());
    neighbour = await Neighbour.moveIn(oriel, person);
    quiet = await neighbour.longestPause(5);
  });
  after(async () => {
    await neighbour.undisturbed();
    await neighbour.movesOut();
    await swept(oriel, clean);
  });

  const failed = (id, seconds) => until("failed", seconds, async () => {
    const now = await person.session(id);
    if (now.state === "running") throw new Error("it runs");
    return now.state === "failed" ? now : undefined;
  }, 300);
  const within = async (session, ...command) => run("docker", ["exec", "-d", "-u", "1000", await oriel.containerOf(session), ...command]);
  const started = async () => {
    const session = await person.launch("Small");
    await person.running(session.id, 60);
    return session;
  };
  const ends = async (session, seconds = 10) => {
    const begun = Date.now();
    await person.end(session.id);
    await oriel.gone({ kasm_id: session.id }, seconds);
    return ((Date.now() - begun) / 1000).toFixed(1);
  };

  /** Its stream goes on beside what is done to another session: the longest pause, beside that of a quiet host. */
  const unharmed = async (what) => {
    const pause = await neighbour.longestPause(5);
    console.log(`# ${what}: the neighbour's longest pause between frames ${pause} ms, ${quiet} ms when all is quiet`);
    assert.ok(pause < quiet + 2000, `${pause} ms without a frame`);
  };

  test("images that exit, hang, or show nothing: failed within the start deadline, with the log's tail, and removed", { timeout: 150_000 }, async () => {
    const names = long ? ["exits", "hangs", "blank"] : ["exits"]; // the others take the whole start deadline, a minute
    const begun = Date.now();
    await Promise.all(names.map(async (name) => {
      const session = await person.launch(name);
      const now = await failed(session.id, 75);
      console.log(`# ${name}: after ${((Date.now() - begun) / 1000).toFixed(1)} s: ${now.reason}`);
      assert.ok(now.reason.length > 20, now.reason);
      const tail = now.log_tail ?? (await oriel.sql(`SELECT log_tail FROM sessions WHERE replace(id::text, '-', '') = '${session.id}'`)).stdout;
      assert.ok(tail.trim().length > 20, `the log's tail of ${name}: ${tail}`);
      await oriel.gone({ kasm_id: session.id }, 30);
    }));
    await neighbour.lives();
  });

  test("a fork storm: the neighbour goes on, and it ends within 10 s", async () => {
    const session = await started();
    await within(session, "perl", "-e", "while (1) { fork }");
    const container = await oriel.containerOf(session);
    const { HostConfig: { PidsLimit: limit } } = await oriel.inspect(container);
    const pids = () => Number(readFileSync(`/sys/fs/cgroup/pids/${daemon.name}/${container}/pids.current`, "utf8"));
    await until("it is at its limit", 20, () => pids() >= limit * 0.9, 20);
    await unharmed("a fork storm");
    const took = await ends(session);
    console.log(`# a fork storm of ${limit} processes ended in ${took} s`);
  });

  test("a memory hog: only its process dies, the session runs on", async () => {
    const session = await started();
    const container = await oriel.containerOf(session);
    const { StartedAt } = (await oriel.inspect(container)).State;
    const hog = run("docker", ["exec", "-u", "1000", container, "perl", "-e", "for (1..6) { last if fork == 0 } my @a; push @a, 'x' x (1 << 20) while 1"], { tolerate: true, timeout: 60_000 });
    await unharmed("a memory hog");
    assert.notEqual((await hog).code, 0, "the kernel ended it");
    assert.equal((await oriel.inspect(container)).State.StartedAt, StartedAt);
    assert.equal((await person.session(session.id)).state, "running");
    await ends(session);
  });

  test("PID 1 of a session is ended for memory: failed, and the reason says memory", async () => {
    const session = await started();
    const container = await oriel.containerOf(session);
    const { Pid: first } = (await oriel.inspect(container)).State;
    // The kernel takes the largest process, which PID 1 never is: it is told to prefer it.
    await within(session, "perl", "-e", "sleep 3; my @a; push @a, 'x' x (1 << 20) while 1");
    writeFileSync(`/proc/${first}/oom_score_adj`, "1000");
    const now = await until("failed", 30, async () => {
      const row = await person.session(session.id);
      return row.state === "failed" ? row : undefined;
    }, 200);
    console.log(`# out of memory: ${now.reason}`);
    assert.match(now.reason, /memory/);
    await oriel.gone({ kasm_id: session.id }, 30);
    await neighbour.lives();
  });

  test("a file-descriptor hog: the neighbour and new sessions do not notice", async () => {
    const session = await started();
    const hold = "my @f; for (1..200000) { open(my $f, '<', '/dev/null') or last; push @f, $f } sleep 100";
    for (let n = 0; n < 8; n += 1) await within(session, "perl", "-e", hold);
    await unharmed("a file-descriptor hog");
    await works(oriel, person);
    await ends(session);
  });
});
