// What every cell stands on: an instance that is a test build, a neighbour whose session streams, and what is there when nothing happens.
import { randomBytes } from "node:crypto";
import { Instance, run, settings, sleep, sweep, until } from "../lib/instance.mjs";
import { Failpoints } from "../lib/failpoints.mjs";
import { descriptorsOf, processesOf } from "../lib/processes.mjs";
import { useSmallImage } from "../lib/small.mjs";

const services = ["api", "manager", "agent", "broker", "db", "redis", "proxy"];
/** Docker doubles the pause before a restart unless the container lived this long. */
const livedMilliseconds = 10_500;
const descriptorsMore = 8;

export class Bench {
  static async open() {
    const bench = new Bench();
    bench.oriel = new Instance(settings);
    bench.failpoints = new Failpoints(settings.home);
    await bench.recovers();
    await useSmallImage(settings);
    bench.user = await bench.oriel.signIn("user");
    bench.workspace = await until("the workspace Small", 30, async () => (await bench.user.request("GET", "/api/v1/workspaces")).json.workspaces.find((one) => one.friendly_name === "Small" && one.available !== false));
    await bench.refreshNeighbour();
    const probe = await bench.launch();
    await bench.settles(probe.id, 60);
    await bench.ends(probe.id, 60);
    bench.baseline = await bench.things();
    return bench;
  }

  /** A session of somebody else, as far as the cell is concerned: it must not notice. */
  async refreshNeighbour() {
    this.stream?.close();
    if (this.neighbour) await this.ends(this.neighbour.id, 60);
    this.neighbour = await this.launch();
    const state = await this.settles(this.neighbour.id, 75);
    if (state.state !== "running") throw new Error(`the neighbour did not start: ${state.reason}`);
    this.neighbourContainer = await this.oriel.containerOf(this.neighbour);
    this.neighbourStart = (await this.oriel.inspect(this.neighbourContainer)).State.StartedAt;
    await this.watch();
  }

  /** The neighbour's stream, which stays open from cell to cell. */
  async watch() {
    this.stream?.close();
    const stream = this.user.stream(this.neighbour.id);
    await stream.opened;
    await until("the neighbour's first frame", 20, () => stream.frames > 0);
    this.stream = stream;
  }

  /** A request that is sent again while API or nginx are away; answers that are final come back. */
  async ask(method, path, options = {}, seconds = 30) {
    return until(`${method} ${path}`, seconds, async () => {
      const answer = await this.user.request(method, path, options);
      if (answer.status === 502 || answer.status === 503 || answer.status === 504) throw new Error(`HTTP ${answer.status} ${answer.text.slice(0, 120)}`);
      return answer;
    }, 100);
  }

  /** Starts a session as the web app does: tried again with the same key, so that it is one session whatever is lost. */
  async launch(key = randomBytes(16).toString("hex")) {
    const answer = await this.ask("POST", "/api/v1/sessions", { body: { workspace_id: this.workspace.id, width: 640, height: 480 }, headers: { "Idempotency-Key": key } });
    if (answer.status !== 201 && answer.status !== 200) throw new Error(`launch: HTTP ${answer.status} ${answer.text.slice(0, 200)}`);
    const { stdout } = await until("the database answers", 30, () => this.oriel.sql(`SELECT count(*) FROM sessions WHERE request_key = '${key}'`).catch(() => undefined));
    if (stdout.trim() !== "1") throw new Error(`${stdout.trim()} sessions of one key`);
    return answer.json;
  }

  async session(id) {
    return (await this.ask("GET", `/api/v1/sessions/${id}`)).json;
  }

  /** Running, or over with a reason. */
  settles(id, seconds) {
    return until(`session ${id} runs or fails with a reason`, seconds, async () => {
      const session = await this.session(id);
      if (session.state === "running") return session;
      if (session.state === "failed" || session.state === "ended") {
        if (!session.reason) throw new Error(`${session.state} without a reason`);
        return session;
      }
      return undefined;
    }, 50);
  }

  async ends(id, seconds) {
    await this.ask("DELETE", `/api/v1/sessions/${id}`);
    await until(`session ${id} ends`, seconds, async () => ["ended", "failed"].includes((await this.session(id)).state), 50);
    await until(`session ${id} leaves nothing`, seconds, async () => (await this.oriel.traces(id)).length === 0, 100);
  }

  /** Kills by the host's pid, as a crash would; false when there is nothing to kill. */
  async kill(victim, session) {
    if (services.includes(victim)) {
      const { State } = await this.oriel.inspect(`${this.oriel.name}-${victim}`);
      const age = Date.now() - Date.parse(State.StartedAt);
      if (age < livedMilliseconds) await sleep(livedMilliseconds - age);
      await this.oriel.crash(victim);
      return true;
    }
    const container = await this.oriel.containerOf(session);
    if (!container) return false;
    if (victim === "container") {
      await run("docker", ["rm", "-f", container]);
      return true;
    }
    const names = { display: ["oriel-display"], x: ["Xorg", "Xvfb"], init: ["oriel-init"] }[victim];
    const pids = names.flatMap((name) => processesOf(container, name));
    for (const pid of pids) process.kill(pid, "SIGKILL");
    return pids.length > 0;
  }

  /** Waits long enough that a kill of `victim` restarts it at once. */
  async rested(victim) {
    if (!services.includes(victim)) return;
    const { State } = await this.oriel.inspect(`${this.oriel.name}-${victim}`);
    const age = Date.now() - Date.parse(State.StartedAt);
    if (age < livedMilliseconds) await sleep(livedMilliseconds - age);
  }

  async descriptors() {
    const list = {};
    for (const service of services) {
      if (service === "db") continue; // a process for each connection
      list[service] = descriptorsOf(await this.oriel.servicePid(service));
    }
    return list;
  }

  async things() {
    const count = async (...args) => (await run("docker", args)).stdout.trim().split("\n").filter(Boolean).length;
    const tables = (await run("nft", ["list", "tables"])).stdout.split("\n").filter((line) => line.endsWith(`oriel_${this.oriel.name.replaceAll("-", "_")}`));
    return {
      networks: await count("network", "ls", "-q", "--filter", `label=oriel.instance=${this.oriel.name}`),
      volumes: await count("volume", "ls", "-q", "--filter", `label=oriel.instance=${this.oriel.name}`),
      firewall: tables.length,
      descriptors: await this.descriptors(),
    };
  }

  /** What is there too much, in words; the neighbour's own is taken away. Empty when all is as before. */
  async leftOver() {
    const list = await sweep(this.oriel, [this.neighbour.id]);
    const now = await this.things();
    for (const what of ["networks", "volumes", "firewall"]) if (now[what] !== this.baseline[what]) list.push(`${what}: ${now[what]}, were ${this.baseline[what]}`);
    for (const [service, count] of Object.entries(now.descriptors)) {
      if (count > this.baseline.descriptors[service] + descriptorsMore) list.push(`descriptors of ${service}: ${count}, were ${this.baseline.descriptors[service]}`);
    }
    return list;
  }

  /** The session that was asked for last: while a step of its launch waits, nobody has been told its id. */
  async newest() {
    const { stdout } = await this.oriel.sql("SELECT replace(id::text, '-', '') FROM sessions ORDER BY created_at DESC LIMIT 1");
    return { id: stdout.trim() };
  }

  /** Ends whatever is there of an earlier run or a cell that failed. */
  async recovers() {
    this.failpoints.clear();
    await this.oriel.sql("UPDATE sessions SET desired = 'ended', generation = generation + 1 WHERE desired = 'running' AND state NOT IN ('ended', 'failed')").catch(() => undefined);
    await until("a clean sweep before the next cell", 90, async () => (await sweep(this.oriel)).length === 0, 500).catch((error) => console.log(error.message));
    this.neighbour = undefined;
  }

  async close() {
    this.failpoints.clear();
    this.stream?.close();
    if (this.neighbour) await this.ends(this.neighbour.id, 60);
  }
}
