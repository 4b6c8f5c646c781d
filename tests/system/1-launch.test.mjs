// Launch, look, end through the public API: two sessions at once, what their containers are, and that nothing is left.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, run, sweep, until, sleep } from "../lib/instance.mjs";
import { Internet } from "../lib/internet.mjs";

describe("public API", () => {
  let oriel;
  before(() => (oriel = new Instance()));

  test("a wrong key is refused and says no more than that", async () => {
    const { key } = oriel.credentials.api_key;
    const answer = await oriel.request("POST", "/api/public/get_users", { body: { api_key: key, api_key_secret: "wrong" } });
    assert.ok([401, 403].includes(answer.status), `HTTP ${answer.status}`);
    assert.match(answer.text, /error_message/);
  });

  test("users, images and zones are listed in the compatible shape", async () => {
    const { users } = await oriel.api("get_users");
    assert.ok(users.some((user) => user.username === "user@oriel.local"));
    for (const user of users) assert.match(user.user_id, /^[0-9a-f]{32}$/);
    const { images } = await oriel.api("get_images");
    assert.ok(images.some((image) => image.friendly_name === "Desktop"));
    assert.ok(images.some((image) => image.friendly_name === "Firefox"));
    const { zones } = await oriel.api("get_zones");
    assert.ok(zones.length >= 1);
  });

  test("what does not exist is an error message, not a crash", async () => {
    const user = await oriel.user();
    const answer = await oriel.api("get_kasm_status", { kasm_id: "0".repeat(32), user_id: user.user_id });
    assert.equal(typeof answer.error_message, "string");
  });
});

describe("Firefox and Desktop at the same time", () => {
  let oriel;
  let firefox;
  let desktop;
  before(async () => {
    oriel = new Instance();
    [firefox, desktop] = await Promise.all([oriel.launch("Firefox"), oriel.launch("Desktop")]);
  });
  after(async () => {
    await Promise.allSettled([oriel.destroy(firefox), oriel.destroy(desktop)]);
  });

  test("both become running", async () => {
    const [a, b] = await Promise.all([oriel.running(firefox), oriel.running(desktop)]);
    assert.equal(a.kasm.kasm_id, firefox.kasm_id);
    assert.equal(b.kasm.image.friendly_name, "Desktop");
  });

  test("get_kasms lists both and keepalive moves the expiry", async () => {
    const { kasms } = await oriel.api("get_kasms");
    for (const session of [firefox, desktop]) assert.ok(kasms.some((kasm) => kasm.kasm_id === session.kasm_id && kasm.user_id));
    const before = (await oriel.status(firefox)).kasm.expiration_date;
    await sleep(1100);
    assert.equal((await oriel.api("keepalive", { kasm_id: firefox.kasm_id })).usage_reached, false);
    const later = (await oriel.status(firefox)).kasm.expiration_date;
    assert.ok(later > before, `${before} -> ${later}`);
  });

  test("the container is as designed", async () => {
    const container = await oriel.inspect(await oriel.containerOf(firefox));
    const host = container.HostConfig;
    assert.deepEqual(host.CapDrop, ["ALL"]);
    assert.deepEqual([...host.CapAdd].map((name) => name.replace("CAP_", "")).sort(), ["KILL", "SETGID", "SETUID"]);
    assert.equal(host.ReadonlyRootfs, true);
    assert.equal(host.Privileged, false);
    assert.ok(host.PidsLimit > 0 && host.Memory > 0 && host.MemorySwap === host.Memory && host.NanoCpus > 0);
    assert.ok(host.SecurityOpt.some((option) => option.startsWith("no-new-privileges")));
    assert.ok(host.SecurityOpt.some((option) => option.startsWith("seccomp=")));
    assert.equal(Object.keys(container.NetworkSettings.Ports ?? {}).length, 0);
    assert.equal(container.Config.Labels["oriel.instance"], oriel.name);
    for (const label of ["oriel.agent", "oriel.attempt", "oriel.generation"]) assert.ok(container.Config.Labels[label], label);
    assert.match(container.NetworkSettings.Networks[Object.keys(container.NetworkSettings.Networks)[0]].MacAddress, /^02:6f:72:/);
  });

  test("every process in it has no capability but PID 1's three, no new privileges, and a seccomp filter", async () => {
    const container = await oriel.containerOf(firefox);
    const { stdout } = await run("docker", ["top", container, "-eo", "pid,uid"]);
    const pids = stdout.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
    assert.ok(pids.length > 4);
    const { readFileSync } = await import("node:fs");
    let displays = 0;
    for (const [pid, uid] of pids) {
      let status;
      try {
        status = readFileSync(`/proc/${pid}/status`, "utf8");
      } catch {
        continue; // ended meanwhile
      }
      const field = (name) => status.match(new RegExp(`^${name}:\\s*(\\S+)`, "m"))[1];
      const name = field("Name");
      if (uid === "64010") displays += 1;
      const inOwnUserNamespace = readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/)[2] !== "4294967295";
      if (!inOwnUserNamespace) assert.equal(BigInt(`0x${field("CapEff")}`), uid === "0" ? 0xe0n : 0n, `${name} (uid ${uid})`);
      assert.equal(field("NoNewPrivs"), "1", name);
      assert.equal(field("Seccomp"), "2", name);
    }
    assert.equal(displays, 1, "exactly one process runs as the display server's user");
  });

  test("Firefox keeps its own sandbox: content processes have a user namespace and a filter of their own", async () => {
    const container = await oriel.containerOf(firefox);
    const check = `
      own=$(readlink /proc/self/ns/user); good=0
      for p in /proc/[0-9]*; do
        tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q -- '-contentproc.* tab' || continue
        [ "$(readlink $p/ns/user)" != "$own" ] && grep -q '^Seccomp_filters:.*2' $p/status && good=$((good+1))
      done; echo $good`;
    const sandboxed = await until("a sandboxed content process", 20, async () => {
      const { stdout } = await run("docker", ["exec", "-u", "1000", container, "sh", "-c", check]);
      return Number(stdout.trim()) > 0 ? stdout.trim() : undefined;
    });
    assert.ok(Number(sandboxed) >= 1);
  });

  test("secrets are in no process's arguments, and the other session's display is out of reach", async () => {
    const container = await oriel.containerOf(firefox);
    const { stdout } = await run("docker", ["exec", "-u", "1000", container, "sh", "-c", "cat /run/oriel-display/Xauthority 2>&1; ls /run/oriel 2>&1; cat /proc/1/environ 2>&1 | tr '\\0' '\\n'"]);
    assert.match(stdout, /Permission denied/);
    assert.doesNotMatch(stdout, /password|secret/i);
  });

  test("ended, both leave nothing within 3 s of their end", async () => {
    const start = Date.now();
    await Promise.all([oriel.destroy(firefox), oriel.destroy(desktop)]);
    await Promise.all([oriel.gone(firefox, 15), oriel.gone(desktop, 15)]);
    console.log(`# both gone after ${Date.now() - start} ms`);
    await until("clean sweep", 10, async () => (await sweep(oriel)).length === 0);
    assert.deepEqual(await sweep(oriel), []);
  });
});

describe("what a session can reach", () => {
  let oriel;
  let internet;
  let stand_in;
  let session;
  let container;
  before(async () => {
    oriel = new Instance();
    internet = await Internet.create();
    await internet.serve({ "/": "<title>Outside</title>hello from outside" });
    // A private address in a namespace of ours stands for somebody's LAN.
    stand_in = await Internet.create("10.99.113.0").catch((error) => error);
    session = await oriel.launch("Desktop");
    await oriel.running(session);
    container = await oriel.containerOf(session);
  });
  after(async () => {
    if (session) await oriel.destroy(session);
    await internet?.remove();
    await stand_in?.remove?.();
  });
  const reach = async (host, port) => {
    const probe = `timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${port} && echo reached' 2>&1 || true`;
    return (await run("docker", ["exec", "-u", "1000", container, "bash", "-c", probe])).stdout.includes("reached");
  };

  test("a page outside is reached", async () => {
    assert.equal(await reach(internet.address, 80), true);
  });
  test("the host itself, by the bridge's gateway and by our own port, is not", async () => {
    const details = await oriel.inspect(container);
    const network = Object.values(details.NetworkSettings.Networks)[0];
    assert.equal(await reach(network.Gateway, oriel.port), false);
    assert.equal(await reach(internet.gateway, oriel.port), false);
  });
  test("a private network is not", async () => {
    if (stand_in instanceof Error) throw stand_in;
    await stand_in.serve({ "/": "private" });
    assert.equal(await reach(stand_in.address, 80), false);
  });
});
