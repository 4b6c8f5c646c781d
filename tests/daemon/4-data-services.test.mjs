// PostgreSQL that is slow, Redis that is empty, silent or gone: requests are answered, nobody is signed out, no session is lost.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { run, sleep, until } from "../lib/instance.mjs";
import { Neighbour } from "../lib/neighbour.mjs";
import { SlowRelay } from "../lib/slow_relay.mjs";
import { healthy, long, open, swept, works } from "./engine.mjs";

describe("a data service is ill", () => {
  let oriel;
  let person;
  let clean;
  let neighbour;
  before(async () => {
    ({ oriel, person, before: clean } = await open());
    neighbour = await Neighbour.moveIn(oriel, person);
  });
  after(async () => {
    await neighbour.undisturbed();
    await neighbour.movesOut();
    await swept(oriel, clean);
  });

  test("PostgreSQL slow by 2 s: answered or 503 with Retry-After, nobody idle in a transaction, well again at once", { timeout: 120_000 }, async () => {
    const relay = new SlowRelay(`${oriel.home}/run/db/.s.PGSQL.5432`, 0);
    const answers = [];
    let longest = 0;
    let asking = true;
    await relay.start();
    try {
      // Past the relay, by a link of the container's own; who is connected already would not come through the relay, and comes anew.
      await run("docker", ["exec", `${oriel.name}-db`, "sh", "-c", `mkdir -p /tmp/direct; ln -sfn ${relay.real} /tmp/direct/.s.PGSQL.5432`]);
      const password = (await import("node:fs")).readFileSync(`${oriel.home}/secrets/setup/database.password`, "utf8").trim();
      const direct = (statement) => run("docker", ["exec", "-e", "PGPASSWORD", `${oriel.name}-db`, "psql", "-h", "/tmp/direct", "-U", "postgres", "-d", "oriel", "-tA", "-c", statement], { env: { ...process.env, PGPASSWORD: password }, tolerate: true });
      await direct("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'oriel%'");
      await until("connected through the relay", 20, async () => (await person.request("GET", "/api/v1/sessions")).status === 200 && (await healthy(oriel, 15)));
      relay.milliseconds = 2000;
      const watcher = (async () => {
        while (asking) {
          // Measured by the server's clock, so that the relay's delay does not count.
          const { stdout } = await direct("SELECT coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'");
          longest = Math.max(longest, Number(stdout.trim() || 0));
        }
      })();
      const end = Date.now() + (long ? 40_000 : 15_000);
      const ask = async (path, headers = {}) => {
        while (Date.now() < end) {
          const begun = Date.now();
          const answer = await oriel.request("GET", path, { headers: { Cookie: person.cookie, ...headers } }).catch((error) => ({ status: 0, headers: {}, text: error.message }));
          answers.push({ path, status: answer.status, retry: answer.headers["retry-after"], took: Date.now() - begun });
          await sleep(50);
        }
      };
      await Promise.all([ask("/api/v1/sessions"), ask("/api/v1/workspaces"), ask("/api/v1/sessions"), neighbour.lives(15)]);
      asking = false;
      await watcher;
    } finally {
      asking = false;
      await relay.stop();
    }
    const slowest = Math.max(...answers.map((one) => one.took));
    console.log(`# PostgreSQL slow: ${answers.length} answers, slowest ${(slowest / 1000).toFixed(1)} s, ${answers.filter((one) => one.status === 503).length} of 503, longest idle in transaction ${longest.toFixed(2)} s`);
    for (const one of answers) {
      assert.ok([200, 503].includes(one.status), JSON.stringify(one));
      if (one.status === 503) assert.ok(Number(one.retry) > 0, JSON.stringify(one));
    }
    assert.ok(answers.some((one) => one.status === 200), "slow is not gone");
    assert.ok(slowest < 20_000);
    // Between two statements of a transaction lies one delay, and no wait for anything else.
    assert.ok(longest < 2 + 1, `${longest} s idle in a transaction`);
    await neighbour.undisturbed();
    await healthy(oriel, 30);
    await works(oriel, person);
  });

  test("PostgreSQL killed: requests get 503 with Retry-After and come back by themselves", async () => {
    await oriel.crash("db");
    const seen = [];
    await until("answered again", 30, async () => {
      const answer = await person.request("GET", "/api/v1/sessions");
      seen.push(answer);
      return seen.length > 3 && answer.status === 200;
    }, 20);
    for (const answer of seen) {
      assert.ok([200, 503].includes(answer.status), `${answer.status} ${answer.text}`);
      if (answer.status === 503) assert.ok(Number(answer.headers["retry-after"]) > 0, "Retry-After");
    }
    console.log(`# PostgreSQL killed: ${seen.filter((answer) => answer.status === 503).length} of ${seen.length} answers were 503`);
    await healthy(oriel, 30);
    await neighbour.undisturbed();
  });

  test("Redis flushed, silent and gone: nobody is signed out, sign-in works, and guessing is still slowed down", async () => {
    const { readFileSync } = await import("node:fs");
    const acl = readFileSync(`${oriel.home}/secrets/redis/users.acl`, "utf8");
    assert.match(acl, /user api/);
    const guess = () => oriel.request("POST", "/api/v1/sign-in", { body: { username: "nobody-here", password: "wrong" }, headers: { Origin: oriel.origin } });
    const pid = await oriel.servicePid("redis");
    process.kill(pid, "SIGSTOP");
    try {
      assert.equal((await person.request("GET", "/api/v1/sessions")).status, 200, "not signed out");
      await oriel.signIn("user");
      const codes = [];
      for (let n = 0; n < 30 && !codes.includes(429); n += 1) codes.push((await guess()).status);
      assert.ok(codes.includes(429), `without Redis each instance counts by itself: ${codes}`);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await oriel.crash("redis"); // it keeps nothing on disk: as good as FLUSHALL
    await healthy(oriel, 30);
    assert.equal((await person.request("GET", "/api/v1/sessions")).status, 200, "not signed out");
    await neighbour.undisturbed();
    await works(oriel, person);
  });
});
