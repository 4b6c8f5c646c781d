// Stands between the broker and its Docker daemon, under the daemon's own name, and spoils chosen exchanges.
import { existsSync, renameSync, rmSync, chmodSync, statSync, chownSync } from "node:fs";
import http from "node:http";
import { until } from "./instance.mjs";

/** What may happen to an exchange. All but `refuse` have happened in the daemon before its answer is spoiled. */
export const faults = ["drop", "fail", "hang", "reset", "truncate", "refuse"];

export class EngineRelay {
  #held = [];
  #sockets = new Set();

  constructor(socket) {
    this.socket = socket;
    this.real = `${socket}.real`;
    this.rules = [];
    this.spoiled = [];
  }

  /** The next `times` requests whose "METHOD path" match get `fault`; `message` is Docker's where it refuses. */
  spoil(pattern, fault, { times = 1, message = "relay: refused" } = {}) {
    this.rules.push({ pattern, fault, left: times, message });
  }

  /** Nothing is spoiled any more, and what hangs is let go by closing it. */
  heal() {
    this.rules = [];
    for (const response of this.#held.splice(0)) response.destroy();
  }

  async start() {
    const { uid, gid, mode } = statSync(this.socket);
    renameSync(this.socket, this.real);
    this.server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => this.#pass(request, response));
    this.server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
    await new Promise((resolve, reject) => this.server.once("error", reject).listen(this.socket, resolve));
    chownSync(this.socket, uid, gid);
    chmodSync(this.socket, mode & 0o777);
  }

  async stop() {
    this.heal();
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await until("the relay's socket is gone", 5, () => {
      rmSync(this.socket, { force: true });
      return !existsSync(this.socket);
    });
    renameSync(this.real, this.socket);
  }

  #rule(request) {
    const line = `${request.method} ${request.url}`;
    const rule = this.rules.find((one) => one.left > 0 && one.pattern.test(line));
    if (!rule) return undefined;
    rule.left -= 1;
    this.spoiled.push(`${rule.fault}: ${line.split("?")[0]}`);
    return rule;
  }

  #pass(request, response) {
    const rule = this.#rule(request);
    if (rule?.fault === "refuse") {
      request.resume();
      response.writeHead(500, { "Content-Type": "application/json" }).end(JSON.stringify({ message: rule.message }));
      return;
    }
    const onward = http.request({ socketPath: this.real, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      if (!rule) {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
        answer.on("error", () => response.destroy());
        return;
      }
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => this.#spoil(rule, answer, Buffer.concat(chunks), response));
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => (rule ? undefined : onward.destroy()));
    request.pipe(onward);
  }

  #spoil(rule, answer, body, response) {
    const half = body.subarray(0, Math.floor(body.length / 2));
    const type = { "Content-Type": "application/json" };
    if (rule.fault === "drop") response.destroy();
    else if (rule.fault === "fail") response.writeHead(500, type).end(JSON.stringify({ message: rule.message }));
    else if (rule.fault === "hang") this.#held.push(response);
    else if (rule.fault === "truncate") response.writeHead(answer.statusCode, type).end(half);
    else {
      response.writeHead(answer.statusCode, { ...type, "Content-Length": body.length });
      response.write(half, () => response.destroy());
      if (half.length === 0) response.destroy();
    }
  }
}
