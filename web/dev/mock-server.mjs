// A stand-in for the API and the proxy with believable data, for developing, testing and picturing the portal. Knows nothing that
// protocol/web-api/README.md does not say. `node dev/mock-server.mjs [port]`, then sign in with any name; password "oriel".
import { randomUUID } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { icons } from "./icons.mjs";
import { administer } from "./mock-administration.mjs";
import { answerPeople } from "./mock-people.mjs";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8" };
// As the API sets it.
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; " +
  "font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const GiB = 1024 ** 3;
const hex = () => randomUUID().replaceAll("-", "");
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const named = (name) => Buffer.from(name.padEnd(16, "-")).toString("hex").slice(0, 32);

const catalogue = [
  ["desktop", "Desktop", "Browser, files and terminal", ["Desktops"], 255, 2, 2],
  ["desktop-deluxe", "Desktop Deluxe", "Office, graphics and mail", ["Desktops", "Office"], 310, 4, 8],
  ["firefox", "Firefox", "Browser, downloads are kept", ["Browsers"], 45, 2, 2],
  ["chromium", "Chromium", "Browser, clean at every start", ["Browsers"], 220, 2, 2],
  ["terminal", "Terminal", "Shell with common tools", ["Development"], 160, 1, 1],
  ["office", "Documents", "Text, tables and slides", ["Office"], 250, 2, 4],
  ["drawing", "Drawing", "Vector and photo editing", ["Office"], 350, 2, 4],
  ["code", "Code", "Editor with tools", ["Development"], 185, 4, 8],
  ["model", "Modelling", "Solid modelling", ["Office"], 80, 8, 16],
  ["quarantine", "Quarantine browser", "Apart from the office, wiped after", ["Browsers"], 25, 2, 2],
  ["mail", "Mail", "Shared mailboxes and calendar", ["Office"], 275, 1, 2],
];

/** The state behind one mock installation. `shape`: full, empty, or failing (every list answers 503). */
export function createState(shape = "full") {
  const workspaces = catalogue.map(([icon, friendly_name, description, categories, hue, cores, memory]) => ({
    id: named(icon),
    name: icon,
    friendly_name,
    description,
    categories,
    icon_url: `/api/v1/workspaces/${named(icon)}/icon`,
    hue,
    available: icon !== "model",
    reason: icon === "model" ? "No free graphics card" : null,
    cores,
    memory_bytes: memory * GiB,
    reference: icon === "model" ? "registry.example.net/cad:8" : `oriel/${icon}:1.4`,
    digest: icon === "model" ? null : `sha256:${hex()}${hex()}`,
    enabled: icon !== "quarantine",
    groups: icon === "quarantine" ? [] : icon === "code" ? ["Development"] : ["All users"],
    sessions: 0,
  }));
  const byIcon = (icon) => workspaces.find((workspace) => workspace.name === icon);
  const state = { shape, workspaces, sessions: new Map(), servers: [], streams: new Set(), signedIn: true, limit: 5, failures: 0, me: null, requests: [], launchDelay: 15, exchangeable: new Set(["good-token"]) };
  state.me = { id: named("mara"), username: "mara", display_name: "Mara", administrator: true, must_change_password: false, permissions: [], session_limit: 5, theme: "system", version: "0.1.0", instance: "oriel" };

  const add = (icon, user, seconds, more = {}) => {
    const workspace = byIcon(icon);
    const id = more.id ?? hex();
    const session = {
      id,
      workspace: { id: workspace.id, friendly_name: workspace.friendly_name, icon_url: workspace.icon_url, hue: workspace.hue },
      state: "running",
      desired: "running",
      step: "",
      progress: 100,
      reason: null,
      reason_code: null,
      placement: null,
      log_tail: null,
      created_at: ago(seconds),
      started_at: ago(seconds),
      ended_at: null,
      expires_at: null,
      client_protocol: 1,
      width: 1920,
      height: 1080,
      viewers: 1,
      owner: { id: named(user), username: user },
      user: { id: named(user), username: user },
      messages: [],
      watchers: [],
      server: "atlas-1",
      cpu: 0.2,
      memory: 1.9 * GiB,
      ...more,
    };
    state.sessions.set(id, session);
    return session;
  };
  state.add = add;
  if (shape !== "empty") {
    add("desktop", "mara", 8075, { viewers: 2, cpu: 0.22, id: "9f3c07e1aa5e4c53a8a1f0c2b7d91e44" });
    add("firefox", "mara", 2291, { cpu: 0.09, memory: 0.8 * GiB, viewers: 1, server: "atlas-2" });
    add("desktop-deluxe", "mara", 98000, { state: "paused", expires_at: ago(-340_000), viewers: 0, cpu: 0, memory: 2.2 * GiB });
    add("desktop-deluxe", "noor", 3, { state: "starting", step: "Waiting for the first picture", progress: 68, viewers: 0, cpu: 0, memory: 0.1 * GiB, server: "atlas-2", started_at: null });
    add("firefox", "lin", 240, {
      state: "failed", reason: "The application stopped 1.2 seconds after its start", reason_code: "exited", viewers: 0, cpu: null, memory: null, server: "boreas", ended_at: ago(230),
      log_tail: "oriel-init: starting session user program\noriel-init: /usr/local/bin/start-app: line 14\nstart-app: firefox-esr: command not found",
    });
    add("model", "jonas", 600, {
      state: "failed", reason: "No server fits: it needs 8 cores, 16 GiB of memory and a graphics card", reason_code: "no_capacity", viewers: 0, cpu: null, memory: null, server: null, ended_at: ago(600), started_at: null,
      placement: {
        servers: [
          { server: "atlas-1", checks: [{ check: "cores", ok: false, message: "1.5 cores free, 8 needed" }] },
          { server: "atlas-2", checks: [{ check: "memory", ok: false, message: "5 GiB of memory free, 16 needed" }] },
          { server: "boreas", checks: [{ check: "image", ok: false, message: "Its image is being pulled: 62 %" }] },
          { server: "cirrus", checks: [{ check: "enabled", ok: false, message: "Disabled since 09:12" }] },
        ],
      },
    });
    const ended = ["firefox lin keepalive_expired", "desktop kofi ended_by_user", "code jonas session_time_limit", "desktop amira ended_by_administrator", "mail noor ended_by_user", "office priya ended_by_user"];
    for (let index = 0; index < 230; index++) {
      const [icon, user, reason_code] = ended[index % ended.length].split(" ");
      const seconds = 1800 + index * 1740;
      add(icon, user, seconds + 5400 + index * 13, { state: "ended", desired: "ended", reason_code, reason: reason_code === "ended_by_administrator" ? "An administrator ended it: The host is replaced at noon" : null, viewers: 0, cpu: 0, memory: 0, ended_at: ago(seconds), server: ["atlas-1", "atlas-2", "boreas"][index % 3] });
    }
    const rest = ["quarantine amira 540", "firefox tomas 720", "office priya 1620", "drawing sven 2880", "chromium sven 3060", "desktop-deluxe lin 3720", "desktop tomas 5580", "desktop kofi 10200", "code jonas 11100", "code priya 16800", "mail noor 18000", "terminal elena 22260", "chromium kofi 79200", "desktop amira 97200"];
    rest.forEach((line, index) => {
      const [icon, user, seconds] = line.split(" ");
      add(icon, user, Number(seconds), { server: ["atlas-1", "atlas-2", "boreas"][index % 3], cpu: ((index * 37) % 90) / 100, memory: (0.4 + ((index * 13) % 48) / 10) * GiB, viewers: index % 4 });
    });
    state.servers = [
      server("atlas-1", { cores_total: 32, cores_used: 20.5, cores_reserved: 14, memory_total_bytes: 128 * GiB, memory_used_bytes: 91 * GiB, memory_reserved_bytes: 96 * GiB, disk_total_bytes: 900 * GiB, disk_used_bytes: 441 * GiB, sessions: 6, labels: { rack: "b12" } }),
      server("atlas-2", { cores_total: 32, cores_used: 18.6, cores_reserved: 12, memory_total_bytes: 64 * GiB, memory_used_bytes: 58.9 * GiB, memory_reserved_bytes: 52 * GiB, disk_total_bytes: 900 * GiB, disk_used_bytes: 549 * GiB, sessions: 6 }),
      server("boreas", { cores_total: 24, cores_used: 6.5, cores_reserved: 9, memory_total_bytes: 128 * GiB, memory_used_bytes: 54 * GiB, memory_reserved_bytes: 40 * GiB, disk_total_bytes: 1800 * GiB, disk_used_bytes: 612 * GiB, sessions: 5, gpus: [{ name: "RTX A2000" }], pulls: true }),
      server("cirrus", { cores_total: 8, cores_used: 0.2, cores_reserved: 0, memory_total_bytes: 64 * GiB, memory_used_bytes: 7.5 * GiB, memory_reserved_bytes: 0, disk_total_bytes: 450 * GiB, disk_used_bytes: 261 * GiB, sessions: 0, state: "disabled", enabled: false, zone: "lab" }),
      server("delos", { cores_total: 16, cores_used: 1, cores_reserved: 4, memory_total_bytes: 64 * GiB, memory_used_bytes: 12 * GiB, memory_reserved_bytes: 8 * GiB, disk_total_bytes: 450 * GiB, disk_used_bytes: 440 * GiB, sessions: 1, state: "suspect", last_seen_at: ago(19), state_since: ago(4) }),
      server("eos", { cores_total: 16, cores_used: 3, cores_reserved: 6, memory_total_bytes: 64 * GiB, memory_used_bytes: 21 * GiB, memory_reserved_bytes: 12 * GiB, disk_total_bytes: 450 * GiB, disk_used_bytes: 90 * GiB, sessions: 3, state: "draining", state_since: ago(1260), labels: { rack: "b12", "example.net/owner": "research" } }),
      server("fenrir", { cores_total: 16, cores_used: 0, cores_reserved: 4, memory_total_bytes: 64 * GiB, memory_used_bytes: 9 * GiB, memory_reserved_bytes: 8 * GiB, disk_total_bytes: 450 * GiB, disk_used_bytes: 120 * GiB, sessions: 2, state: "unreachable", last_seen_at: ago(2520), state_since: ago(2490), labels: { rack: "a03" } }),
    ];
  } else state.workspaces = [];

  function server(hostname, { pulls = false, ...more }) {
    const images = workspaces.map((workspace) => ({ reference: workspace.reference, id: workspace.digest ?? "", size_bytes: (0.6 + (workspace.hue % 30) / 10) * 1e9, state: "present", progress: 100, message: "" }));
    if (pulls) {
      Object.assign(images[1], { state: "pulling", progress: 62, size_bytes: 3.1 * GiB, message: "24 MB/s, about 50 s" });
      Object.assign(images[8], { state: "failed", progress: 0, message: "Registry says no access. Try 3 of 5 in 40 s" });
      Object.assign(images[10], { state: "pulling", progress: 0, size_bytes: 0, message: "Waits for a free slot" });
    }
    return {
      id: named(hostname), hostname, state: "online", enabled: true, version: "0.1.0", last_seen_at: ago(1), zone: "main", address: `10.0.0.${hostname.length}`, load_1: 2.4, gpus: [], docker_version: "26.1.5",
      connection: more.state === "suspect" || more.state === "unreachable" ? more.state : "online", draining: more.state === "draining", labels: {}, cores_override: null, memory_override_bytes: null, state_since: ago(86_400 * 3),
      kernel: "6.1.0-28-amd64", operating_system: "Debian 12", user_namespaces: true, live_restore: true, networks: ["default"], images, ...more,
      cores_reservable: more.cores_total * 4, memory_reservable_bytes: more.memory_total_bytes - GiB / 2,
    };
  }
  return state;
}

const plain = ({ user, server, cpu, memory, ...session }) => session;

export function createMock(state = createState()) {
  const tell = (event, data, admin = false) => {
    for (const stream of state.streams) if (!admin || stream.admin) stream.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const tellSession = (session) => {
    for (const stream of state.streams) if (stream.admin || session.owner.id === state.me.id) stream.response.write(`event: session\ndata: ${JSON.stringify(plain(session))}\n\n`);
  };
  const advance = (session, patch, delay) =>
    setTimeout(() => {
      if (!state.sessions.has(session.id)) return;
      Object.assign(session, patch);
      tellSession(session);
      if (patch.state === "ended") {
        state.sessions.delete(session.id);
        tell("session-removed", { id: session.id });
      }
    }, delay).unref();

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    state.requests.push(`${request.method} ${url.pathname}`);
    const send = (status, body, headers = {}) => {
      response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const refuse = (status, code, message, headers = {}, fields) => send(status, { error: { code, message, fields, request_id: hex().slice(0, 12) } }, headers);
    try {
      if (!url.pathname.startsWith("/api/")) return file(url, response);
      let body = {};
      if (request.method === "POST" || request.method === "PATCH") {
        let text = "";
        for await (const chunk of request) text += chunk;
        if (text.length > 65536) return refuse(400, "invalid", "Too long");
        body = text ? JSON.parse(text) : {};
      }
      const route = `${request.method} ${url.pathname.replace("/api/v1", "")}`;
      if (route === "POST /sign-in") {
        await new Promise((resolve) => setTimeout(resolve, 60));
        if (body.password !== "oriel") {
          state.failures++;
          if (state.failures > 3) return refuse(429, "rate_limited", "Too many tries", { "Retry-After": "42" });
          return refuse(401, "unauthenticated", "Sign-in failed");
        }
        state.failures = 0;
        state.signedIn = true;
        return send(200, state.me);
      }
      if (route === "POST /exchange") {
        if (!state.exchangeable.delete(body.token)) return refuse(401, "unauthenticated", "This link has been used or is too old");
        state.signedIn = true;
        return send(200, { session_id: [...state.sessions.keys()][0], me: state.me });
      }
      if (!state.signedIn) return refuse(401, "unauthenticated", "Sign in first");
      if (route === "POST /sign-out") {
        state.signedIn = false;
        return send(204);
      }
      if (route === "GET /me") return send(200, state.me);
      const icon = /^GET \/workspaces\/(\w+)\/icon$/.exec(route);
      if (icon) {
        const drawing = icons[catalogue.find(([name]) => named(name) === icon[1])?.[0]];
        if (!drawing) return refuse(404, "not_found", "No such workspace");
        response.writeHead(200, { "Content-Type": "image/svg+xml", "Cache-Control": "max-age=3600", "Content-Security-Policy": "sandbox" });
        return response.end(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" color="#5b4fd6"><title>icon</title>${drawing}</svg>`);
      }
      if (state.shape === "failing") return refuse(503, "unavailable", "The database does not answer. Try again in a moment; an administrator sees more in the logs.");
      if (state.shape === "slow") return;
      const own = [...state.sessions.values()].filter((session) => session.owner.id === state.me.id);
      if (route === "GET /workspaces") return send(200, { workspaces: state.workspaces.filter((workspace) => workspace.enabled).map(({ reference, digest, enabled, groups, sessions, ...rest }) => rest) });
      if (route === "GET /sessions") return send(200, { sessions: own.map(plain), limit: state.limit });
      if (route === "POST /sessions") {
        const known = ["workspace_id", "width", "height", "scale_percent", "locale", "timezone", "open_url"];
        const unknown = Object.keys(body).filter((name) => !known.includes(name));
        if (unknown.length > 0) return refuse(400, "invalid", `Unknown member ${unknown[0]}`);
        const workspace = state.workspaces.find((each) => each.id === body.workspace_id);
        if (!workspace) return refuse(404, "not_found", "No such workspace");
        if (own.filter((session) => session.state !== "failed").length >= state.limit) return refuse(409, "conflict", `You have ${state.limit} of ${state.limit} sessions. End one to start another.`);
        await new Promise((resolve) => setTimeout(resolve, state.launchDelay));
        const session = state.add(workspace.name, state.me.username, 0, { state: "requested", progress: 5, step: "Request accepted", started_at: null, viewers: 0, open_url: undefined });
        state.lastRequest = body;
        send(201, plain(session));
        tellSession(session);
        advance(session, { state: "placed", progress: 20, step: "Server chosen: atlas-2" }, 100);
        advance(session, { state: "starting", progress: 60, step: "Waiting for the first picture" }, 400);
        return advance(session, { state: "running", progress: 100, step: "", started_at: new Date().toISOString() }, 1500);
      }
      const one = /^(GET|DELETE) \/sessions\/(\w+)$/.exec(route);
      if (one) {
        const session = state.sessions.get(one[2]);
        if (!session) return refuse(404, "not_found", "No such session");
        if (one[1] === "GET") return send(200, { ...plain(session), role: session.owner.id === state.me.id ? "owner" : "view" });
        Object.assign(session, { desired: "ended", state: "ending", step: "" });
        send(202, plain(session));
        tellSession(session);
        return advance(session, { state: "ended", ended_at: new Date().toISOString() }, 400);
      }
      if (route === "GET /events") {
        response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        const stream = { response, admin: url.searchParams.get("scope") === "admin" };
        state.streams.add(stream);
        for (const session of stream.admin ? state.sessions.values() : own) response.write(`event: session\ndata: ${JSON.stringify(plain(session))}\n\n`);
        response.write("event: ready\ndata: {}\n\n");
        const ping = setInterval(() => response.write("event: ping\ndata: {}\n\n"), 15_000);
        request.on("close", () => {
          clearInterval(ping);
          state.streams.delete(stream);
        });
        return;
      }
      if (route.startsWith("GET /admin/") && !state.me.administrator) return refuse(403, "forbidden", "For administrators");
      if (answerPeople({ state, route, url, body, send, refuse })) return;
      if (administer({ state, route, url, body, send, refuse, tell, tellSession, request, response })) return;
      if (route === "GET /admin/servers") return send(200, { servers: state.servers });
      if (route === "GET /admin/workspaces") return send(200, { workspaces: state.workspaces });
      refuse(404, "not_found", "No such route");
    } catch (error) {
      console.error(error);
      if (!response.headersSent) refuse(500, "internal", "The mock failed");
    }
  });

  function file(url, response) {
    const path = normalize(decodeURIComponent(url.pathname));
    const asset = /^\/(assets|client)\/|^\/(favicon\.svg|licenses\.txt)$/.test(path);
    const name = asset ? path : /^\/sessions\/\w+/.test(path) ? "/client/1/session.html" : "/index.html";
    const place = join(dist, name);
    if (!place.startsWith(dist) || !existsSync(place) || !statSync(place).isFile()) {
      response.writeHead(404, { "Content-Type": "text/plain" });
      return response.end("not found");
    }
    const headers = { "Content-Type": types[extname(place)] ?? "application/octet-stream", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": asset ? "public, max-age=31536000, immutable" : "no-cache" };
    const packed = existsSync(`${place}.gz`);
    if (packed) headers["Content-Encoding"] = "gzip";
    response.writeHead(200, headers);
    createReadStream(packed ? `${place}.gz` : place).pipe(response);
  }

  return {
    state,
    tell,
    tellSession,
    listen: (port = 0) => new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`))),
    close: () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // Streams never end by themselves; a connection may also be just arriving.
      const drop = setInterval(() => server.closeAllConnections(), 50);
      server.closeAllConnections();
      return closed.finally(() => clearInterval(drop));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = createMock(createState(process.argv[3] ?? "full"));
  console.log(await mock.listen(Number(process.argv[2] ?? 4173)));
  // A list that lives: progress of the pull and the load of the servers.
  setInterval(() => {
    const server = mock.state.servers.find((each) => each.hostname === "boreas");
    if (!server) return;
    const pull = server.images[1];
    pull.progress = pull.progress >= 100 ? 0 : pull.progress + 1;
    server.cores_used = 6 + Math.random() * 3;
    server.last_seen_at = new Date().toISOString();
    mock.tell("server", server, true);
  }, 1000);
}
