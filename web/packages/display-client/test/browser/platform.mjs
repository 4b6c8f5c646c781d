// A platform for tests of the session page: its pages, the few API routes it calls, events, and a display server that draws simply.
// `display: { host, … }` may instead pass the three routes to a real display server's socket (see real.mjs).
import { createReadStream, existsSync, readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cursor, fill, hello, message, parse, pong, state, Stream } from "./frames.mjs";
import { accept } from "./websocket.mjs";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".woff2": "font/woff2", ".svg": "image/svg+xml" };
/** The policy that the product serves the page with. */
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none"><rect x="3" y="4" width="26" height="19" rx="4" fill="currentColor" fill-opacity=".16" stroke="currentColor" stroke-width="2"/><path d="M16 23v4.5M10.5 28h11" stroke="currentColor" stroke-width="2" stroke-linecap="round"/><rect x="8" y="8.5" width="10" height="7.5" rx="1.5" fill="currentColor"/><path d="M8 19.25h16" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/></svg>';

export class Platform {
  id = "d04a6be2a1b94c5d8e7f6071829317c9";
  /** Everything that the page sent on the input and clipboard routes, decoded. */
  inputs = [];
  clipboardTexts = [];
  acks = [];
  views = [];
  displays = new Set();
  clipboards = new Set();
  queries = [];
  size = { width: 1280, height: 720 };
  followsSize = true;
  displayUp = true;
  ready = true;
  signedIn = true;
  resumes = false;
  deleted = 0;
  /** Upgrade requests. */
  attempts = 0;
  #events = new Set();
  #frame = 0;
  #epoch = 0;
  #lastInput = 0;

  constructor(folder, { socket } = {}) {
    this.folder = folder;
    this.socket = socket;
    this.session = {
      id: this.id,
      workspace: { id: "00000000000000000000000000000001", friendly_name: "Desktop", icon_url: "/api/v1/workspaces/1/icon", hue: 255 },
      state: "running",
      desired: "running",
      step: "",
      progress: 100,
      reason: null,
      reason_code: null,
      placement: null,
      log_tail: null,
      created_at: new Date(Date.now() - 8_050_000).toISOString(),
      started_at: new Date(Date.now() - 8_040_000).toISOString(),
      ended_at: null,
      expires_at: null,
      client_protocol: 1,
      width: 1280,
      height: 720,
      viewers: 1,
      owner: { id: "2".repeat(32), username: "user@oriel.local" }, messages: [], watchers: [],
    };
  }

  async listen(port = 0) {
    this.server = http.createServer((request, response) => this.#answer(request, response));
    this.server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
    await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    this.address = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  get page() {
    return `${this.address}/sessions/${this.id}`;
  }

  close() {
    for (const response of this.#events) response.end();
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Changes the session as the API tells it. */
  tell(change) {
    Object.assign(this.session, change);
    for (const response of this.#events) response.write(`event: session\ndata: ${JSON.stringify(this.session)}\n\n`);
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, "http://x");
    const json = (status, value) => {
      response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
      response.end(JSON.stringify(value));
    };
    const error = (status, code) => json(status, { error: { code, message: code } });
    if (pathname === `/sessions/${this.id}`) {
      response.writeHead(200, { "Content-Type": types[".html"], "Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin" });
      return response.end(readFileSync(join(this.folder, "session.html")));
    }
    if (pathname.startsWith("/client/1/")) {
      const file = join(this.folder, pathname.slice(10));
      if (pathname.includes("..") || !existsSync(file)) return error(404, "not_found");
      response.writeHead(200, { "Content-Type": types[extname(file)], "Cache-Control": "max-age=31536000, immutable" });
      return createReadStream(file).pipe(response);
    }
    if (pathname.endsWith("/icon") || pathname === "/favicon.svg") {
      response.writeHead(200, { "Content-Type": types[".svg"] });
      return response.end(icon);
    }
    if (/^\/sessions\/.*\/(display|input|clipboard)$/.test(pathname)) return error(403, "forbidden"); // no Origin: not a stream of our pages
    if (pathname.startsWith("/assets/")) {
      const font = join(fileURLToPath(new URL("../../../../node_modules/@fontsource-variable/inter/files/", import.meta.url)), "inter-latin-wght-normal.woff2");
      response.writeHead(200, { "Content-Type": types[".woff2"] });
      return createReadStream(font).pipe(response);
    }
    if (!this.signedIn && pathname.startsWith("/api/")) return error(401, "unauthenticated");
    if (pathname === "/api/v1/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      response.write(`event: session\ndata: ${JSON.stringify(this.session)}\n\nevent: ready\ndata: {}\n\n`);
      this.#events.add(response);
      request.on("close", () => this.#events.delete(response));
      return;
    }
    if (pathname === `/api/v1/sessions/${this.id}`) {
      if (request.method === "DELETE") {
        this.deleted++;
        this.tell({ state: "ending", desired: "ended" });
        setTimeout(() => this.tell({ state: "ended", reason: "You ended it." }), 300);
        return json(202, this.session);
      }
      return json(200, this.session);
    }
    if (pathname.endsWith("/keepalive")) return json(200, { expires_at: null });
    return error(404, "not_found");
  }

  #upgrade(request, socket) {
    const url = new URL(request.url, "http://x");
    const route = url.pathname.split("/").pop();
    this.attempts++;
    if (!this.displayUp) return socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    if (this.socket) return this.#pass(request, socket, url);
    if (route === "display") {
      this.queries.push(url.searchParams);
      const connection = accept(request, socket, {
        message: (data) => this.#fromDisplay(connection, data),
        closed: () => this.displays.delete(connection),
      });
      this.displays.add(connection);
      connection.send(hello());
      const resumed = this.resumes && Number(url.searchParams.get("epoch")) === this.#epoch && this.#epoch !== 0;
      if (!resumed) this.begin(connection);
      connection.send(state({ state: "running", owner_of_input: true, viewers: this.displays.size, size_fixed: !this.followsSize }));
    } else if (route === "input") {
      accept(request, socket, { message: (data) => this.#fromInput(data) });
    } else {
      const connection = accept(request, socket, {
        message: (data) => {
          for (const { body } of parse(data)) this.clipboardTexts.push({ text: body.subarray(4).toString(), at: performance.now() });
        },
        closed: () => this.clipboards.delete(connection),
      });
      this.clipboards.add(connection);
    }
  }

  /** The proxy's part before a real display server: its own headers, then bytes both ways. */
  #pass(request, socket, url) {
    const upstream = net.connect(this.socket);
    const kept = ["sec-websocket-key", "sec-websocket-version", "origin", "host"].map((name) => `${name}: ${request.headers[name]}`);
    upstream.write(
      `GET ${request.url} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${kept.join("\r\n")}\r\n` +
        `X-Oriel-Viewer: ${url.searchParams.get("viewer")}\r\nX-Oriel-User: user%40oriel.local\r\nX-Oriel-Role: owner\r\n` +
        `X-Oriel-Permissions: input,clipboard-in,clipboard-out\r\nX-Oriel-Expires: ${Math.floor(Date.now() / 1000) + 86400}\r\n\r\n`,
    );
    socket.setNoDelay(true);
    this.displays.add({ cut: () => socket.destroy() });
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on("error", () => { socket.destroy(); upstream.destroy(); });
  }

  /** A whole picture in a new epoch. */
  begin(connection) {
    this.stream = new Stream(++this.#epoch);
    const { width, height } = this.size;
    const records = [...fill(0, 0, width, height, [38, 57, 74]), ...fill(0, 0, width, 28, [16, 23, 30])];
    const window = { width: Math.min(320, width - 60), height: Math.min(200, height - 100) };
    records.push(...fill(40, 80, window.width, window.height, [251, 251, 252]));
    for (let i = 0; i < 6; i++) records.push(...fill(60, 110 + i * 24, window.width - 100 - i * 16, 8, [60, 70, 80]));
    connection.send(Buffer.concat([this.stream.reset(width, height), this.stream.lz(records)]));
    connection.send(Buffer.concat([cursor(1, 24, [20, 20, 20]), this.stream.end(++this.#frame, this.#lastInput, this.ready ? 3 : 0)]));
  }

  /** Draws on every display and ends the frame. */
  draw(records, flags = this.ready ? 3 : 0) {
    const bytes = Buffer.concat([this.stream.lz(records), this.stream.end(++this.#frame, this.#lastInput, flags)]);
    for (const connection of this.displays) connection.send(bytes);
    return this.#frame;
  }

  sendDisplay(bytes) {
    for (const connection of this.displays) connection.send(bytes);
  }

  #fromDisplay(connection, data) {
    for (const { type, body } of parse(data)) {
      if (type === 0x41) this.acks.push({ epoch: body.readUInt32LE(0), frame: body.readUInt32LE(4), us: body.readUInt32LE(8), at: performance.now() });
      if (type === 0x42) this.views.push(body[0]);
      if (type === 0x43) connection.send(pong(body.readUInt32LE(0)));
    }
  }

  #fromInput(data) {
    for (const { type, body } of parse(data)) {
      const input = { type, sequence: body.readUInt32LE(0), at: performance.now() };
      this.#lastInput = input.sequence;
      if (type === 0x61) Object.assign(input, { down: body[4] === 1, keysym: body.readUInt32LE(5), code: body.readUInt16LE(9), modifiers: body[11] });
      if (type === 0x62) Object.assign(input, { x: body.readUInt16LE(4), y: body.readUInt16LE(6), buttons: body[8] });
      if (type === 0x63) Object.assign(input, { x: body.readUInt16LE(4), y: body.readUInt16LE(6), dx: body.readInt16LE(8), dy: body.readInt16LE(10) });
      if (type === 0x65) input.text = body.subarray(4).toString();
      if (type === 0x66) {
        Object.assign(input, { width: body.readUInt16LE(4), height: body.readUInt16LE(6), scale: body.readUInt16LE(8) });
        if (this.followsSize && (input.width !== this.size.width || input.height !== this.size.height)) {
          this.size = { width: input.width, height: input.height };
          for (const connection of this.displays) this.begin(connection);
        }
      }
      this.inputs.push(input);
      this.onInput?.(input);
    }
  }
}

export { fill, message };
