// What a session is allowed, tried from inside as each identity that can be there, and read from outside (bars H1, H8, H15, F17).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { existsSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { Instance, run } from "../lib/instance.mjs";
import { buildProbe, identities, inside, placeProbe, python } from "../lib/probe.mjs";

describe("a session's container", () => {
  let oriel;
  let person;
  let session;
  let container;
  let other;
  let details;
  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
    const program = await buildProbe();
    session = await person.launch("Firefox", { width: 1024, height: 768 });
    other = await person.launch("Desktop", { width: 1024, height: 768 });
    await Promise.all([person.running(session.id), person.running(other.id)]);
    container = await oriel.containerOf(session);
    details = await oriel.inspect(container);
    await placeProbe(container, program);
  });
  after(async () => {
    for (const each of [session, other]) if (each) await person.end(each.id);
    for (const each of [session, other]) if (each) await oriel.gone({ kasm_id: each.id }, 20);
  });

  const hostPids = async (of = container) => (await run("docker", ["top", of, "-eo", "pid,uid"])).stdout.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));

  for (const [name, user] of Object.entries(identities)) {
    test(`${name}: what must fail fails, with the error that is expected`, async () => {
      const rows = (await inside(container, user, ["/tmp/probe", name], { seconds: 60 })).trim().split("\n").map((line) => line.split("\t"));
      assert.ok(rows.length > 120, `only ${rows.length} rows: ${rows.join("; ")}`);
      assert.deepEqual(rows.filter(([verdict]) => verdict !== "ok").map(([, what, seen, expected]) => `${what}: ${seen}, expected ${expected}`), []);
    });
  }

  test("every process: all five capability sets, filter, no new privileges, and one of three users", async () => {
    const seen = new Set();
    for (const [pid, uid] of await hostPids()) {
      let status;
      let map;
      try {
        status = readFileSync(`/proc/${pid}/status`, "utf8");
        map = readFileSync(`/proc/${pid}/uid_map`, "utf8");
      } catch {
        continue; // ended meanwhile
      }
      const field = (name) => status.match(new RegExp(`^${name}:\\s*(.*)$`, "m"))[1];
      const what = `${field("Name")} (uid ${uid})`;
      assert.equal(field("NoNewPrivs"), "1", what);
      assert.equal(field("Seccomp"), "2", what);
      assert.ok(["0", "1000", "64010"].includes(uid), what);
      assert.equal(new Set(field("Uid").split(/\s+/)).size, 1, `${what}: real, effective, saved and file-system user are one`);
      seen.add(uid);
      if (map.trim().split(/\s+/)[2] !== "4294967295") continue; // a browser's sandbox: rights in its own user namespace only
      const all = uid === "0" ? 0xe0n : 0n;
      for (const [set, expected] of [["CapInh", 0n], ["CapPrm", all], ["CapEff", all], ["CapAmb", 0n]]) assert.equal(BigInt(`0x${field(set)}`), expected, `${what} ${set}`);
      assert.equal(BigInt(`0x${field("CapBnd")}`) & ~0xe0n, 0n, `${what} CapBnd`);
    }
    assert.deepEqual([...seen].sort(), ["0", "1000", "64010"]);
    assert.equal((await hostPids()).filter(([, uid]) => uid === "0").length, 1, "root is PID 1 alone");
  });

  test("its namespaces are its own", async () => {
    const another = await oriel.inspect(await oriel.containerOf(other));
    for (const kind of ["ipc", "uts", "pid", "net", "mnt", "cgroup"]) {
      const [mine, hosts, neighbours] = [details.State.Pid, "self", another.State.Pid].map((pid) => readlinkSync(`/proc/${pid}/ns/${kind}`));
      assert.notEqual(mine, hosts, `${kind}: the host's`);
      assert.notEqual(mine, neighbours, `${kind}: another session's`);
    }
  });

  test("its mounts are those of the list, with their flags, and come from nowhere else", () => {
    const masked = /^\/(proc\/(bus|fs|irq|sys|sysrq-trigger|asound|acpi|kcore|keys|latency_stats|timer_list|timer_stats|sched_debug|scsi|interrupts)|sys\/(firmware|devices\/virtual\/powercap|fs\/cgroup(\/.*)?))$/;
    const sources = {
      "/opt/oriel": new RegExp(`/runtime/${details.Config.Labels["oriel.runtime"]}$`),
      "/run/oriel": new RegExp(`/run/ctl/${session.id}$`),
      "/home/user": /\/volumes\/[0-9a-f]{64}\/_data$/,
      "/etc/resolv.conf": new RegExp(`/containers/${container}/resolv.conf$`),
      "/etc/hostname": new RegExp(`/containers/${container}/hostname$`),
      "/etc/hosts": new RegExp(`/containers/${container}/hosts$`),
    };
    const writable = new Set(["/tmp", "/run", "/run/user/1000", "/run/oriel-display", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/home/user", "/proc"]);
    const noSuid = ["/tmp", "/run", "/run/user/1000", "/run/oriel-display", "/dev/shm", "/proc", "/sys", "/dev/mqueue"];
    const noExec = ["/run", "/run/user/1000", "/run/oriel-display", "/dev/shm", "/proc", "/sys"];
    const lines = readFileSync(`/proc/${details.State.Pid}/mountinfo`, "utf8").trim().split("\n");
    const points = new Set();
    for (const line of lines) {
      const [before, behind] = line.split(" - ");
      const [, , , source, point, options] = before.split(" ");
      const type = behind.split(" ")[0];
      const flags = options.split(",");
      points.add(point);
      if (sources[point]) assert.match(source, sources[point], line);
      else if (masked.test(point)) assert.ok(flags.includes("ro") || ["tmpfs", "devtmpfs"].includes(type) || source === "/null" || behind.includes("tmpfs"), line);
      else assert.ok(point === "/" ? type === "overlay" : ["/tmp", "/run", "/run/user/1000", "/run/oriel-display", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/proc", "/sys"].includes(point), `not on the list: ${line}`);
      if (!masked.test(point)) assert.equal(flags.includes("rw"), writable.has(point), line);
      if (noSuid.includes(point)) assert.ok(flags.includes("nosuid"), line);
      if (noExec.includes(point)) assert.ok(flags.includes("noexec"), line);
      if (["/tmp", "/run", "/run/user/1000", "/run/oriel-display", "/dev/shm"].includes(point)) assert.ok(flags.includes("nodev"), line);
    }
    for (const point of ["/", "/opt/oriel", "/run/oriel", "/tmp", "/run/user/1000", "/run/oriel-display", "/home/user", "/proc/sys", "/sys/firmware"]) assert.ok(points.has(point), `missing: ${point}`);
    assert.ok(!lines.some((line) => line.includes("docker.sock") || line.includes(`${oriel.home}/run/pub`)), "a socket of ours");
  });

  test("its devices are Docker's eleven", async () => {
    const names = (await inside(container, identities.root, ["ls", "/dev"])).trim().split(/\s+/);
    assert.deepEqual(names.filter((name) => !["core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero", "console"].includes(name)), []);
    assert.deepEqual(details.HostConfig.Devices ?? [], []);
    assert.deepEqual(details.HostConfig.DeviceRequests ?? [], []);
  });

  test("memory, processor and processes are bounded where the kernel counts", () => {
    const groups = readFileSync(`/proc/${details.State.Pid}/cgroup`, "utf8");
    const read = (controller, one, two) => {
      const first = groups.match(new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, "m"));
      const path = first ? `/sys/fs/cgroup/${controller}${first[1]}/${one}` : `/sys/fs/cgroup${groups.match(/^0::(.*)$/m)[1]}/${two}`;
      return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
    };
    assert.equal(read("memory", "memory.limit_in_bytes", "memory.max"), String(details.HostConfig.Memory));
    const swap = read("memory", "memory.memsw.limit_in_bytes", "memory.swap.max");
    if (swap !== undefined) assert.ok(["0", String(details.HostConfig.Memory)].includes(swap), `swap ${swap}`);
    assert.equal(read("pids", "pids.max", "pids.max"), String(details.HostConfig.PidsLimit));
    const quota = read("cpu", "cpu.cfs_quota_us", "cpu.max");
    assert.ok(Number(quota.split(" ")[0]) > 0, `cpu ${quota}`);
    assert.ok(details.HostConfig.PidsLimit > 0 && details.HostConfig.PidsLimit <= 4096);
  });

  test("the arguments, environment and log of its processes hold nothing of ours that opens anything", async () => {
    const secrets = [oriel.credentials.api_key.secret, oriel.credentials.admin.password, oriel.credentials.user.password, person.cookie.split("=")[1]];
    const texts = [JSON.stringify(details), (await run("docker", ["logs", container], { tolerate: true })).stdout];
    for (const [pid] of await hostPids()) {
      for (const file of ["cmdline", "environ"]) {
        try {
          texts.push(readFileSync(`/proc/${pid}/${file}`, "latin1"));
        } catch {
          // ended meanwhile
        }
      }
    }
    for (const text of texts) for (const secret of secrets) assert.ok(!text.includes(secret), "a secret of the platform");
  });

  test("the other session's X, sockets and control directory cannot even be named", async () => {
    const script = `
import os, socket
from pathlib import Path
found = []
names = [line.split()[7] for line in open("/proc/net/unix").read().splitlines()[1:] if len(line.split()) > 7]
found += [name for name in names if name.startswith("@") and "dbus" not in name]
try: found += os.listdir("/run/oriel")
except PermissionError: pass
found += ["/tmp/.X11-unix/" + name for name in os.listdir("/tmp/.X11-unix")]
for name in ["@/tmp/.X11-unix/X0", "@/containerd-shim"]:
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(name.replace("@", "\\0")); found.append("open " + name)
    except OSError: pass
print("\\n".join(sorted(found)))`;
    const found = (await python(container, identities.user, script)).trim().split("\n");
    assert.deepEqual(found.sort(), ["/tmp/.X11-unix/X0"]);
    // X without the cookie of this very session is closed, also to root and to the display server's user without its file.
    for (const user of Object.values(identities)) {
      const answer = await inside(container, user, ["env", "DISPLAY=:0", "XAUTHORITY=/dev/null", "xwininfo", "-root"]);
      assert.match(answer, /unable to open display|Authorization required/, `${user}: ${answer}`);
    }
    const cookie = readFileSync(`/proc/${details.State.Pid}/root/run/user/1000/Xauthority`);
    const another = await oriel.inspect(await oriel.containerOf(other));
    assert.notDeepEqual(readFileSync(`/proc/${another.State.Pid}/root/run/user/1000/Xauthority`), cookie, "each session has a cookie of its own");
  });

  test("from outside: its stream socket is the agent's and nginx's, its control socket the agent's and the display server's", () => {
    const access = (path) => {
      const { uid, gid, mode } = statSync(path);
      return [uid, gid, (mode & 0o777).toString(8)];
    };
    assert.deepEqual(access(`${oriel.home}/run/pub`).slice(1), [64024, "710"]);
    assert.deepEqual(access(`${oriel.home}/run/pub/${session.id}.sock`), [64022, 64024, "660"]);
    assert.deepEqual(access(`${oriel.home}/run/ctl/${session.id}/control.sock`), [64022, 64010, "660"]);
  });
});
