// An upgrade changes no running session: one of runtime A goes on, with A's client, after the host has got runtime B.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { Instance, run, until } from "../lib/instance.mjs";

describe("runtime trees", () => {
  let oriel;
  let person;
  let first;
  let second;
  let newest;
  let hash;
  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
    newest = readFileSync(`${oriel.home}/runtime/newest`, "utf8").trim();
  });
  after(async () => {
    writeFileSync(`${oriel.home}/runtime/newest`, `${newest}\n`);
    for (const session of [first, second]) if (session) await person.end(session.id);
    for (const session of [first, second]) if (session) await oriel.gone({ kasm_id: session.id }, 20);
    if (hash && hash !== newest) await run("rm", ["-rf", `${oriel.home}/runtime/${hash}`]);
  });

  const runtimeOf = async (session) => (await oriel.inspect(await oriel.containerOf(session))).Config.Labels["oriel.runtime"];

  test("a session of A keeps A, its stream and its client after B has come; a new one gets B", async () => {
    first = await person.launch("Desktop", { width: 1024, height: 768 });
    await person.running(first.id);
    assert.equal(await runtimeOf(first), newest);
    const stream = person.stream(first.id);
    await stream.opened;
    await until("frames", 10, () => stream.frames > 0);

    const directory = mkdtempSync("/var/tmp/oriel-runtime-");
    for (const name of ["oriel-display", "oriel-init"]) {
      copyFileSync(`${oriel.home}/runtime/${newest}/bin/${name}`, `${directory}/${name}`);
      chmodSync(`${directory}/${name}`, 0o755);
    }
    writeFileSync(`${directory}/difference`, "another build");
    await run("objcopy", ["--add-section", `.oriel_test=${directory}/difference`, `${directory}/oriel-display`]); // a section that is not loaded
    const root = new URL("../..", import.meta.url).pathname;
    hash = (await run("images/runtime.sh", [`${directory}/oriel-display`, `${directory}/oriel-init`, `${oriel.home}/runtime`], { cwd: root })).stdout.trim().split("\n").pop();
    rmSync(directory, { recursive: true });
    assert.notEqual(hash, newest);
    writeFileSync(`${oriel.home}/runtime/newest`, `${hash}\n`);

    second = await until("a session on B", 20, async () => {
      const session = await person.launch("Desktop", { width: 1024, height: 768 });
      await person.running(session.id);
      if ((await runtimeOf(session)) === hash) return session;
      await person.end(session.id);
      await oriel.gone({ kasm_id: session.id }, 20);
      return undefined;
    });
    assert.equal(await runtimeOf(first), newest, "the first session's runtime");
    assert.equal(stream.closed, undefined);
    const { client_protocol } = await person.session(first.id);
    const page = await person.request("GET", `/sessions/${first.id}`);
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(`/client/${client_protocol}/`));
    const again = person.stream(first.id);
    await again.opened;
    await until("frames of A again", 10, () => again.frames > 0);
    again.close();
    stream.close();
  });
});
