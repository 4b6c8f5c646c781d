// Puts a delay between a unix socket and whoever connects to it, under the socket's own name.
import { chmodSync, renameSync, rmSync, statSync } from "node:fs";
import net from "node:net";

export class SlowRelay {
  #connections = new Set();

  /** `milliseconds` pass before each piece that a client sends goes on; may be changed at any time. */
  constructor(socket, milliseconds) {
    this.socket = socket;
    this.real = `${socket}.real`;
    this.milliseconds = milliseconds;
  }

  async start() {
    const { mode } = statSync(this.socket);
    renameSync(this.socket, this.real);
    this.server = net.createServer((client) => {
      const server = net.connect(this.real);
      for (const one of [client, server]) {
        this.#connections.add(one);
        one.on("error", () => undefined);
        one.on("close", () => {
          this.#connections.delete(one);
          client.destroy();
          server.destroy();
        });
      }
      // Pieces keep their order: timers of one length end in the order of their start.
      client.on("data", (piece) => setTimeout(() => server.writable && server.write(piece), this.milliseconds));
      server.on("data", (piece) => client.write(piece));
    });
    await new Promise((resolve, reject) => this.server.once("error", reject).listen(this.socket, resolve));
    chmodSync(this.socket, mode & 0o777);
  }

  /** The real socket is in place again; every connection that came through here closes. */
  async stop() {
    this.server.close();
    for (const one of this.#connections) one.destroy();
    rmSync(this.socket, { force: true });
    renameSync(this.real, this.socket);
  }
}
