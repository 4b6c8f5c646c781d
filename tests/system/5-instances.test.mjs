// A second instance comes and goes on the same daemon; the first one and its session do not notice.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { existsSync } from "node:fs";
import { Instance, run, sweep, until } from "../lib/instance.mjs";

const second = { instance: "oriel-two", home: "/var/lib/oriel-two", port: 18444 };
const root = new URL("../..", import.meta.url).pathname;

describe("two instances on one daemon", () => {
  let first;
  let person;
  let session;
  let stream;
  before(async () => {
    first = new Instance();
    person = await first.signIn("user");
    session = await person.launch("Desktop", { width: 1024, height: 768 });
    await person.running(session.id);
    stream = person.stream(session.id);
    await stream.opened;
  });
  after(async () => {
    stream?.close();
    if (session) {
      await person.end(session.id);
      await first.gone({ kasm_id: session.id }, 20);
    }
    await run("build/release/cli/oriel", ["down", "--purge", "--instance", second.instance, "--home", second.home], { cwd: root, tolerate: true });
  });

  test("the second is up beside the first, with users and sessions of its own", async () => {
    await run("./up", ["--instance", second.instance, "--home", second.home, "--port", String(second.port)], { cwd: root, timeout: 180_000 });
    const other = new Instance(second);
    assert.notEqual(other.credentials.admin.password, first.credentials.admin.password);
    const { kasms } = await other.api("get_kasms");
    assert.deepEqual(kasms, []);
    const launched = await other.launch("Desktop");
    await other.running(launched);
    const labels = (await other.inspect(await other.containerOf(launched))).Config.Labels;
    assert.equal(labels["oriel.instance"], second.instance);
    await other.destroy(launched);
    await other.gone(launched, 20);
    assert.deepEqual(await sweep(other), []);
  });

  test("purged, it leaves nothing, and the first one's session goes on", async () => {
    await run("build/release/cli/oriel", ["down", "--purge", "--instance", second.instance, "--home", second.home], { cwd: root });
    assert.equal(existsSync(second.home), false);
    for (const kind of ["ps -a", "volume ls", "network ls"]) {
      const { stdout } = await run("docker", [...kind.split(" "), "-q", "--filter", `label=oriel.instance=${second.instance}`]);
      assert.equal(stdout.trim(), "", kind);
    }
    const tables = (await run("nft", ["list", "tables"])).stdout;
    assert.doesNotMatch(tables, /oriel_oriel_two/);
    assert.match(tables, /oriel_oriel_test/);
    assert.equal(stream.closed, undefined);
    await until("the first session is still running", 5, async () => (await person.session(session.id)).state === "running");
  });
});
