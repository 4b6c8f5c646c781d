// A throw-away Oriel instance, or one that is already up: its address, credentials, public API and containers.
import { execFile, execFileSync, spawn } from "node:child_process";
import { readFileSync, readdirSync, existsSync } from "node:fs";
import https from "node:https";
import { randomBytes } from "node:crypto";
import WebSocket from "ws";

export const settings = {
  instance: process.env.ORIEL_TEST_INSTANCE ?? "oriel-test",
  home: process.env.ORIEL_TEST_HOME ?? "/var/lib/oriel-test",
  port: Number(process.env.ORIEL_TEST_PORT ?? 18443),
};

export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 16 << 20, timeout: 60_000, ...options }, (error, stdout, stderr) => {
      if (error && !options.tolerate) reject(new Error(`${command} ${args.join(" ")}: ${stderr || error.message}`));
      else resolve({ stdout, stderr, code: error?.code ?? 0 });
    });
  });
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Polls `probe` until it returns something truthy; fails with `what` after `seconds`. */
export async function until(what, seconds, probe, everyMilliseconds = 100) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s (last: ${last?.message ?? JSON.stringify(last)})`);
    await sleep(everyMilliseconds);
  }
}

export class Instance {
  constructor({ instance, home, port } = settings) {
    this.name = instance;
    this.home = home;
    this.port = port;
    this.credentials = JSON.parse(readFileSync(`${home}/credentials.json`, "utf8"));
    this.ca = readFileSync(`${home}/tls/authority.crt`);
    this.origin = this.credentials.url;
    this.agent = new https.Agent({ ca: this.ca, keepAlive: true, maxSockets: 64 });
  }

  /** One HTTP exchange; `body` objects are sent as JSON; answers `{status, headers, json, text}`. */
  request(method, path, { body, headers = {}, agent = this.agent } = {}) {
    return new Promise((resolve, reject) => {
      const data = body === undefined ? undefined : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
      const request = https.request(
        `${this.origin}${path}`,
        {
          method,
          agent,
          ca: this.ca,
          timeout: 20_000,
          headers: { ...(data ? { "Content-Type": "application/json", "Content-Length": data.length } : {}), ...headers },
        },
        (response) => {
          const chunks = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            let json;
            try {
              json = JSON.parse(text);
            } catch {
              json = undefined;
            }
            resolve({ status: response.statusCode, headers: response.headers, json, text });
          });
          response.on("error", reject);
        },
      );
      request.on("timeout", () => request.destroy(new Error(`${method} ${path}: no answer in 20 s`)));
      request.on("error", reject);
      request.end(data);
    });
  }

  /** The compatible public API with the installation's key. */
  async api(operation, members = {}) {
    const { key, secret } = this.credentials.api_key;
    const answer = await this.request("POST", `/api/public/${operation}`, { body: { api_key: key, api_key_secret: secret, ...members } });
    if (answer.json === undefined) throw new Error(`${operation}: HTTP ${answer.status}, no JSON: ${answer.text.slice(0, 300)}`);
    return answer.json;
  }

  async user(username = this.credentials.user.username) {
    const { users } = await this.api("get_users");
    return users.find((user) => user.username === username);
  }

  async image(friendlyName) {
    const { images } = await this.api("get_images");
    const found = images.find((image) => image.friendly_name === friendlyName);
    if (!found) throw new Error(`no workspace ${friendlyName}; there are: ${images.map((image) => image.friendly_name)}`);
    return found;
  }

  async launch(friendlyName, members = {}) {
    const user = members.user_id ? undefined : await this.user();
    const image = await this.image(friendlyName);
    const answer = await this.api("request_kasm", { user_id: user?.user_id, image_id: image.image_id, ...members });
    if (!answer.kasm_id) throw new Error(`request_kasm ${friendlyName}: ${JSON.stringify(answer)}`);
    return answer;
  }

  status(session) {
    return this.api("get_kasm_status", { kasm_id: session.kasm_id, user_id: session.user_id });
  }

  running(session, seconds = 40) {
    return until(`session ${session.kasm_id} running`, seconds, async () => {
      const status = await this.status(session);
      if (status.operational_status === "failed" || status.kasm?.operational_status === "failed") {
        throw new Error(`failed: ${JSON.stringify(status)}`);
      }
      return status.kasm?.operational_status === "running" ? status : undefined;
    });
  }

  destroy(session) {
    return this.api("destroy_kasm", { kasm_id: session.kasm_id, user_id: session.user_id });
  }

  async gone(session, seconds = 20) {
    await until(`session ${session.kasm_id} leaves nothing`, seconds, async () => (await this.traces(session.kasm_id)).length === 0);
  }

  /** Everything on this host that still belongs to a session, in words. */
  async traces(id) {
    const found = [];
    const containers = await run("docker", ["ps", "-aq", "--filter", `label=oriel.session=${id}`]);
    if (containers.stdout.trim()) found.push(`container ${containers.stdout.trim()}`);
    if (existsSync(`${this.home}/run/ctl/${id}`)) found.push(`control directory of ${id}`);
    if (existsSync(`${this.home}/run/pub/${id}.sock`)) found.push(`stream socket of ${id}`);
    return found;
  }

  async containerOf(session) {
    const { stdout } = await run("docker", ["ps", "-aq", "--no-trunc", "--filter", `label=oriel.session=${session.kasm_id ?? session.id ?? session}`]);
    return stdout.trim().split("\n")[0] || undefined;
  }

  async inspect(container) {
    return JSON.parse((await run("docker", ["inspect", container])).stdout)[0];
  }

  async servicePid(service) {
    return (await this.inspect(`${this.name}-${service}`)).State.Pid;
  }

  /** Kills a service as a crash would: by the host's pid, so that Docker's restart policy acts. */
  async crash(service, signal = "SIGKILL") {
    const pid = await this.servicePid(service);
    process.kill(pid, signal);
    return pid;
  }

  sql(statement) {
    const password = readFileSync(`${this.home}/secrets/setup/database.password`, "utf8").trim();
    return run("docker", ["exec", "-e", "PGPASSWORD", `${this.name}-db`, "psql", "-h", `${this.home}/run/db`, "-U", "postgres", "-d", "oriel", "-tA", "-v", "ON_ERROR_STOP=1", "-c", statement], { env: { ...process.env, PGPASSWORD: password } });
  }

  async signIn(who = "user") {
    const { username, password } = this.credentials[who];
    const answer = await this.request("POST", "/api/v1/sign-in", { body: { username, password }, headers: { Origin: this.origin } });
    if (answer.status !== 200) throw new Error(`sign-in of ${username}: HTTP ${answer.status} ${answer.text}`);
    const cookie = answer.headers["set-cookie"].map((line) => line.split(";")[0]).join("; ");
    return new Person(this, cookie);
  }

  oriel(args, options) {
    return run("build/release/cli/oriel", [args[0], "--instance", this.name, "--home", this.home, ...args.slice(1)], { cwd: new URL("../..", import.meta.url).pathname, ...options });
  }
}

/** Somebody who signed in with a browser's cookie. */
export class Person {
  constructor(instance, cookie) {
    this.instance = instance;
    this.cookie = cookie;
  }

  request(method, path, options = {}) {
    return this.instance.request(method, path, { ...options, headers: { Cookie: this.cookie, Origin: this.instance.origin, ...(options.headers ?? {}) } });
  }

  async launch(friendlyName, members = {}) {
    const { json } = await this.request("GET", "/api/v1/workspaces");
    const workspace = json.workspaces.find((candidate) => candidate.friendly_name === friendlyName);
    const answer = await this.request("POST", "/api/v1/sessions", { body: { workspace_id: workspace.id, ...members } });
    if (answer.status !== 201) throw new Error(`launch of ${friendlyName}: HTTP ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async session(id) {
    return (await this.request("GET", `/api/v1/sessions/${id}`)).json;
  }

  running(id, seconds = 40) {
    return until(`session ${id} running`, seconds, async () => {
      const session = await this.session(id);
      if (session?.state === "failed") throw new Error(`failed: ${session.reason} ${session.log_tail ?? ""}`);
      return session?.state === "running" ? session : undefined;
    });
  }

  end(id) {
    return this.request("DELETE", `/api/v1/sessions/${id}`);
  }

  stream(id, route = "display", viewer = randomBytes(16).toString("hex")) {
    return new Stream(this, id, route, viewer);
  }
}

/** One viewer's WebSocket, counting what arrives; acknowledges frames as the client does. */
export class Stream {
  constructor(person, id, route, viewer) {
    this.frames = 0;
    this.bytes = 0;
    this.lastFrameAt = 0;
    this.ready = false;
    this.closed = undefined;
    const url = `${person.instance.origin.replace("https", "wss")}/sessions/${id}/${route}?viewer=${viewer}`;
    this.socket = new WebSocket(url, {
      ca: person.instance.ca,
      perMessageDeflate: false,
      headers: { Cookie: person.cookie, Origin: person.instance.origin },
    });
    this.opened = new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
    });
    this.opened.catch(() => undefined);
    this.socket.on("error", (error) => (this.error = error));
    this.socket.on("close", (code, reason) => (this.closed = { code, reason: reason.toString() }));
    this.socket.on("message", (data) => this.#receive(data));
    this.epoch = 0;
    this.size = undefined;
  }

  #receive(data) {
    this.bytes += data.length;
    for (let at = 0; at + 5 <= data.length; ) {
      const type = data[at];
      const length = data.readUInt32LE(at + 1);
      const body = data.subarray(at + 5, at + 5 + length);
      at += 5 + length;
      if (type === 0x02) {
        this.epoch = body.readUInt32LE(0);
        this.size = { width: body.readUInt16LE(5), height: body.readUInt16LE(7) };
      }
      if (type === 0x04) {
        this.frames += 1;
        this.lastFrameAt = Date.now();
        this.ready ||= (body[16] & 1) === 1;
        const acknowledgement = Buffer.alloc(17);
        acknowledgement[0] = 0x41;
        acknowledgement.writeUInt32LE(12, 1);
        acknowledgement.writeUInt32LE(this.epoch, 5);
        acknowledgement.writeUInt32LE(body.readUInt32LE(0), 9);
        acknowledgement.writeUInt32LE(500, 13);
        if (this.socket.readyState === WebSocket.OPEN) this.socket.send(acknowledgement);
      }
    }
  }

  close() {
    this.socket.close();
  }
}

/** What is left of an instance's sessions, but for those of `except`: containers, stray volumes, sockets, rows. Empty when clean. */
export async function sweep(instance, except = []) {
  const left = [];
  const others = (lines) => lines.filter((line) => line && !except.some((id) => line.includes(id)));
  const containers = others((await run("docker", ["ps", "-a", "--filter", `label=oriel.instance=${instance.name}`, "--filter", "label=oriel.session", "--format", "{{.Names}} {{.Status}}"])).stdout.split("\n"));
  if (containers.length) left.push(`containers: ${containers.join(", ")}`);
  const volumes = (await run("docker", ["volume", "ls", "-q", "--filter", "dangling=true", "--filter", `label=oriel.instance=${instance.name}`])).stdout.trim().split("\n").filter((name) => /^[0-9a-f]{64}$/.test(name));
  if (volumes.length) left.push(`homes without a container: ${volumes.length}`);
  for (const [what, path] of [["control directories", "run/ctl"], ["stream sockets", "run/pub"]]) {
    const entries = existsSync(`${instance.home}/${path}`) ? others(readdirSync(`${instance.home}/${path}`)) : [];
    if (entries.length) left.push(`${what}: ${entries.join(" ")}`);
  }
  const rows = others((await instance.sql("SELECT replace(id::text, '-', '') FROM sessions WHERE state NOT IN ('ended','failed') OR (agent_id IS NOT NULL AND released_at IS NULL)")).stdout.split("\n"));
  if (rows.length) left.push(`rows that live or hold something: ${rows.join(" ")}`);
  const mounts = others(readFileSync("/proc/self/mountinfo", "utf8").split("\n")).filter((line) => line.includes(`${instance.home}/run/ctl/`));
  if (mounts.length) left.push(`mounts: ${mounts.length}`);
  return left;
}

export { execFileSync, spawn };
