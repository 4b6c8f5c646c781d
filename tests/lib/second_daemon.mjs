// A Docker daemon of the tests' own, which may be killed: own data, containerd, cgroup and network namespace, so that bridge and firewall are its own too.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { run, until } from "./instance.mjs";

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

export class SecondDaemon {
  /** `name` is also the name of the network namespace and of the cgroup; `root` holds all it keeps on disk. */
  constructor({ name = process.env.ORIEL_TEST_ENGINE ?? "oriel-daemon", root = process.env.ORIEL_TEST_ENGINE_ROOT ?? "/var/lib/oriel-daemon-engine" } = {}) {
    this.name = name;
    this.root = root;
    this.data = `${root}/data`;
    this.run = `/run/${name}`;
    this.exec = `${this.run}/exec`;
    this.socket = `${this.run}/docker.sock`;
    this.environment = { DOCKER_HOST: `unix://${this.socket}`, ORIEL_TEST_ENGINE_EXEC: this.exec, ORIEL_TEST_ENGINE_CGROUP: name };
  }

  /** Words of a command that is to run in the daemon's network namespace. The file systems stay the host's: `ip netns exec` would hide the cgroups. */
  inside(...command) {
    return ["nsenter", `--net=/run/netns/${this.name}`, ...command];
  }

  docker(...args) {
    return run("docker", args, { env: { ...process.env, DOCKER_HOST: `unix://${this.socket}` }, timeout: 300_000 });
  }

  configure({ liveRestore }) {
    writeFileSync(`${this.root}/daemon.json`, JSON.stringify({ "live-restore": liveRestore }));
  }

  /** Takes effect without a restart. */
  async setLiveRestore(liveRestore) {
    this.configure({ liveRestore });
    process.kill(this.dockerd(), "SIGHUP");
    await until("live-restore is set", 10, async () => (await this.docker("info", "--format", "{{.LiveRestoreEnabled}}")).stdout.trim() === String(liveRestore));
  }

  /** A disk of its own for `directory`, so that it can be full without the host's being so: a sparse file with ext4. */
  async giveDisk(directory, mebibytes) {
    mkdirSync(directory, { recursive: true });
    if ((await run("mountpoint", ["-q", directory], { tolerate: true })).code === 0) return;
    const file = `${this.root}/${directory.split("/").pop()}.ext4`;
    if (!existsSync(file)) {
      await run("truncate", ["-s", `${mebibytes}M`, file]);
      await run("mkfs.ext4", ["-q", "-m", "0", file]);
    }
    await run("mount", ["-o", "loop", file, directory]);
  }

  async takeDisk(directory) {
    for (let layer = 0; layer < 8 && (await run("mountpoint", ["-q", directory], { tolerate: true })).code === 0; layer += 1) await run("umount", ["-l", directory]);
  }

  async prepare({ liveRestore = true } = {}) {
    await this.giveDisk(this.data, 8192);
    mkdirSync(this.exec, { recursive: true });
    if (!existsSync(`/run/netns/${this.name}`)) await run("ip", ["netns", "add", this.name]);
    const [command, ...words] = this.inside("ip", "link", "set", "lo", "up");
    await run(command, words);
    if (!existsSync(`${this.root}/daemon.json`)) this.configure({ liveRestore });
  }

  /** Starts it and waits until it answers. What a killed one left is what it finds. */
  async start(seconds = 60) {
    const log = openSync(`${this.root}/dockerd.log`, "a");
    // A pid file of a killed daemon may carry a number that is somebody else's by now.
    for (const file of [`${this.run}/docker.pid`, `${this.exec}/containerd/containerd.pid`]) {
      const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
      if (pid && !(alive(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(this.exec))) rmSync(file);
    }
    const [command, ...words] = this.inside(
      "dockerd", "--config-file", `${this.root}/daemon.json`, "--data-root", this.data, "--exec-root", this.exec, "--pidfile", `${this.run}/docker.pid`,
      "--host", `unix://${this.socket}`, "--cgroup-parent", `/${this.name}`,
    );
    const child = spawn(command, words, { detached: true, stdio: ["ignore", log, log] });
    child.unref();
    await until("the second dockerd answers", seconds, async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${readFileSync(`${this.root}/dockerd.log`, "utf8").slice(-800)}`);
      return (await run("curl", ["-fsS", "--max-time", "3", "--unix-socket", this.socket, "http://docker/_ping"])).stdout === "OK";
    });
  }

  #pid(file) {
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    if (!pid || !alive(pid)) return undefined;
    // Never a process that is not ours, whatever the file says.
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(this.exec) ? pid : undefined;
  }

  dockerd() {
    return this.#pid(`${this.run}/docker.pid`);
  }

  containerd() {
    return this.#pid(`${this.exec}/containerd/containerd.pid`);
  }

  /** Pids of everything in its containers, and of their shims. */
  inContainers() {
    const pids = new Set();
    const walk = (directory) => {
      if (!existsSync(directory)) return;
      for (const pid of readFileSync(`${directory}/cgroup.procs`, "utf8").split("\n").filter(Boolean)) pids.add(Number(pid));
      for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) walk(`${directory}/${entry.name}`);
    };
    walk(`/sys/fs/cgroup/${existsSync("/sys/fs/cgroup/pids") ? "pids/" : ""}${this.name}`);
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        if (words.includes("containerd-shim") && words.includes(this.exec)) pids.add(Number(pid));
      } catch {
        // it went meanwhile
      }
    }
    return [...pids];
  }

  async #gone(pids, seconds) {
    await until(`processes ${pids} are gone`, seconds, () => pids.every((pid) => !alive(pid)), 20);
  }

  /** SIGKILL to dockerd, or to its containerd. */
  async kill(who = "dockerd") {
    const pid = who === "containerd" ? this.containerd() : this.dockerd();
    if (!pid) throw new Error(`no ${who} of ${this.name} runs`);
    process.kill(pid, "SIGKILL");
    await this.#gone([pid], 10);
  }

  /** As when the power goes: everything at once, and what the kernel held for it. The disk stays as it is. */
  async cutPower() {
    const everything = [this.dockerd(), this.containerd(), ...this.inContainers()].filter(Boolean);
    for (const pid of everything) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it went with another one
      }
    }
    // What one of them had just started.
    await until("nothing is left", 20, async () => {
      const left = [this.dockerd(), this.containerd(), ...this.inContainers()].filter(Boolean);
      for (const pid of left) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // gone
        }
      }
      return left.length === 0;
    }, 50);
    await this.#forget();
    mkdirSync(this.exec, { recursive: true });
    return everything.length;
  }

  /** Mounts, run files, firewall and interfaces: nothing of it outlives a reboot. */
  async #forget() {
    for (let round = 0; round < 3; round += 1) {
      const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((line) => line.split(" ")[4]).filter((path) => path && (path.startsWith(`${this.data}/`) || path.startsWith(`${this.exec}/`)));
      for (const path of mounts.reverse()) await run("umount", ["-l", path], { tolerate: true });
      if (!mounts.length) break;
    }
    const netnsFree = async (...words) => {
      const [command, ...rest] = this.inside(...words);
      return run(command, rest, { tolerate: true });
    };
    await netnsFree("nft", "flush", "ruleset");
    const links = JSON.parse((await netnsFree("ip", "-j", "link", "show")).stdout || "[]").map((link) => link.ifname).filter((name) => name !== "lo");
    for (const link of links) await netnsFree("ip", "link", "delete", link.split("@")[0]);
    for (const group of readdirSync("/sys/fs/cgroup")) {
      const ours = `/sys/fs/cgroup/${group}/${this.name}`;
      if (existsSync(ours)) await run("find", [ours, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], { tolerate: true });
    }
    rmSync(this.run, { recursive: true, force: true });
    mkdirSync(this.run, { recursive: true });
  }

  /** Copies images of the host's own daemon here, those that are missing. */
  async fetch(...images) {
    const missing = [];
    for (const image of images) {
      const there = await run("docker", ["-H", `unix://${this.socket}`, "image", "inspect", image], { tolerate: true });
      if (there.code !== 0) missing.push(image);
    }
    if (!missing.length) return;
    await run("bash", ["-c", 'set -o pipefail; target=$1; shift; docker -H unix:///var/run/docker.sock save "$@" | docker -H "unix://$target" load', "fetch", this.socket, ...missing], {
      env: { ...process.env, DOCKER_HOST: "" },
      timeout: 600_000,
    });
  }

  /** Ends it and removes all it has. */
  async remove() {
    if (existsSync(this.run)) await this.cutPower();
    if (existsSync(`/run/netns/${this.name}`)) await run("ip", ["netns", "delete", this.name]);
    rmSync(this.run, { recursive: true, force: true });
    await this.takeDisk(this.data);
    rmSync(this.root, { recursive: true, force: true });
  }
}
