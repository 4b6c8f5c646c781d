// Who may do what, on a living installation: open streams end with the right to them, sockets refuse strangers, nothing secret is written down.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Instance, run, until } from "../lib/instance.mjs";

const revoked = 4002;
const streams = ["display", "input", "clipboard"];

describe("an open stream ends with the right to it", () => {
  let oriel;
  let session;
  let home;
  before(async () => {
    oriel = new Instance();
    home = await oriel.signIn("user");
    session = await home.launch("Desktop");
    await home.running(session.id);
  });
  after(async () => {
    await oriel.sql("UPDATE users SET disabled = false WHERE username = 'user@oriel.local'");
    const person = await oriel.signIn("user");
    await person.end(session.id);
    await oriel.gone({ kasm_id: session.id }, 30);
  });

  const open = async (person) => {
    const viewer = randomBytes(16).toString("hex");
    const opened = streams.map((route) => person.stream(session.id, route, viewer));
    await Promise.all(opened.map((stream) => stream.opened));
    return opened;
  };
  const closedWithin = async (opened, seconds) => {
    const begin = Date.now();
    await until("streams closed", seconds, () => opened.every((stream) => stream.closed), 20);
    for (const stream of opened) assert.equal(stream.closed.code, revoked);
    return Date.now() - begin;
  };
  const refused = (person) => Promise.all(streams.map((route) => assert.rejects(person.stream(session.id, route).opened, /40[13]/)));

  test("signing out one browser closes its streams and no other's", async () => {
    const [here, there] = [await oriel.signIn("user"), await oriel.signIn("user")];
    const [mine, others] = [await open(here), await open(there)];
    assert.equal((await here.request("POST", "/api/v1/sign-out")).status, 204);
    console.log(`# closed ${await closedWithin(mine, 5)} ms after the sign-out`);
    await refused(here);
    assert.ok(others.every((stream) => !stream.closed));
    others.forEach((stream) => stream.close());
  });

  test("a disabled user's streams close, while Redis is away too, and enabling brings no sign-in back", async () => {
    const person = await oriel.signIn("user");
    const opened = await open(person);
    await run("docker", ["pause", `${oriel.name}-redis`]);
    try {
      await oriel.sql("UPDATE users SET disabled = true WHERE username = 'user@oriel.local'");
      console.log(`# closed ${await closedWithin(opened, 5)} ms after the disabling`);
      await refused(person);
      assert.equal((await person.request("GET", "/api/v1/me")).status, 401);
    } finally {
      await run("docker", ["unpause", `${oriel.name}-redis`]);
      await oriel.sql("UPDATE users SET disabled = false WHERE username = 'user@oriel.local'");
    }
    assert.equal((await person.request("GET", "/api/v1/me")).status, 401);
    home = await oriel.signIn("user");
  });

  test("while the agent is away nobody new gets in, and on its return those who lost the right are out", async () => {
    const person = await oriel.signIn("user");
    const opened = await open(person);
    const agent = await oriel.servicePid("agent");
    process.kill(agent, "SIGSTOP");
    try {
      assert.equal((await person.request("POST", "/api/v1/sign-out")).status, 204);
      await refused(person);
      assert.ok(opened.every((stream) => !stream.closed));
    } finally {
      process.kill(agent, "SIGKILL"); // what it had been told while it was stopped is lost with it
    }
    await closedWithin(opened, 20);
  });

  test("every stream refuses other sites' pages, other people, and those who ask for what is not there, alike", async () => {
    const person = home;
    const other = await oriel.signIn("admin");
    const ours = new URL(oriel.origin);
    const origins = [undefined, "null", "https://evil.example", `https://${ours.hostname}`, `http://${ours.host}`, `https://${ours.hostname}:1`, `${oriel.origin}0`, `${oriel.origin}.evil.example`, `https://evil.${ours.host}`, `${oriel.origin}/`, `wss://${ours.host}`];
    for (const route of streams) {
      const target = (id) => `/sessions/${id}/${route}?viewer=${randomBytes(16).toString("hex")}`;
      const handshake = (path, headers) => raw(oriel, `GET ${path} HTTP/1.1\r\nHost: ${ours.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n${Object.entries(headers).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
      for (const origin of origins) assert.equal(statusOf(await handshake(target(session.id), { Cookie: person.cookie, Origin: origin })), 403, `${route} from ${origin}`);
      assert.equal(statusOf(await handshake(target(session.id), { Cookie: person.cookie, Origin: oriel.origin, "Sec-Fetch-Site": "cross-site" })), 403);
      assert.equal(statusOf(await handshake(target(session.id), { Origin: oriel.origin })), 401);
      assert.equal(statusOf(await handshake(target(session.id), { Cookie: person.cookie, Origin: oriel.origin })), 101);
      // Somebody else's session, as a person without rights to it sees it.
      const foreign = await other.launch("Desktop");
      try {
        const same = (answer) => answer.replace(/^Date: .*\r\n/m, "").replace(/[0-9a-f]{32}/g, "id");
        await other.running(foreign.id);
        const theirs = same(await handshake(target(foreign.id), { Cookie: person.cookie, Origin: oriel.origin }));
        assert.equal(statusOf(theirs), 403);
        assert.equal(theirs, same(await handshake(target(randomBytes(16).toString("hex")), { Cookie: person.cookie, Origin: oriel.origin })));
        // Ways from one's own to somebody else's.
        for (const way of ["/../", "/%2e%2e/", "/..%2f", "/..;/", "//../", "/display/../../", "/..\\", "/%2e%2e%2f"]) {
          assert.notEqual(statusOf(await handshake(`/sessions/${session.id}${way}${foreign.id}/${route}?viewer=${randomBytes(16).toString("hex")}`, { Cookie: person.cookie, Origin: oriel.origin })), 101, way);
        }
        assert.notEqual(statusOf(await handshake(`/sessions/${session.id}/${route}?viewer=${"a".repeat(32)}&viewer=${"b".repeat(32)}`, { Cookie: person.cookie, Origin: oriel.origin })), 101);
      } finally {
        await other.end(foreign.id);
        await oriel.gone({ kasm_id: foreign.id }, 30);
      }
      break; // the routes differ in their name alone; C++ tries each of them with everybody
    }
  });
});

/** Bytes to the proxy, and what comes back until a header is whole. */
function raw(oriel, text, { wait = 3000, whole = true } = {}) {
  return talk(() => tls.connect({ port: oriel.port, host: "127.0.0.1", ca: oriel.ca, servername: "localhost", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }), "secureConnect", text, wait, whole);
}
function talk(connect, event, text, wait, whole) {
  return new Promise((resolve, reject) => {
    const socket = connect();
    let got = "";
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got);
    };
    const timer = setTimeout(end, wait);
    socket.on(event, () => socket.write(text));
    socket.on("data", (data) => {
      got += data.toString("latin1");
      const head = got.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0);
      if (whole && head >= 0 && got.length >= head + 4 + length) end();
    });
    socket.on("close", end);
    socket.on("error", (error) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? end() : (clearTimeout(timer), reject(error))));
  });
}
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe("what listens inside", () => {
  let oriel;
  before(() => (oriel = new Instance()));

  test("no socket of a service takes a stranger", async () => {
    // Who may connect; root always may, and what the database and Redis then want is a password.
    const allowed = {
      "run/api/api.sock": [64020, 64024],
      "run/manager/manager.sock": [64021, 64024],
      "run/broker/broker.sock": [64022, 64023],
      "run/agent/agent.sock": [64022],
    };
    const users = [1000, 64010, 64020, 64021, 64022, 64023, 64024, 64025, 64026, 65534];
    const program = `
      const net = require("node:net");
      const [user, ...paths] = JSON.parse(process.argv[1]);
      process.setgroups([]); process.setgid(user); process.setuid(user);
      Promise.all(paths.map((path) => new Promise((done) => { const socket = net.connect(path); socket.on("connect", () => { socket.destroy(); done(true); }); socket.on("error", () => done(false)); })))
        .then((reached) => console.log(JSON.stringify(reached)));`;
    const paths = Object.keys(allowed);
    const found = await Promise.all(users.map(async (user) => {
      const { stdout } = await run(process.execPath, ["-e", program, JSON.stringify([user, ...paths.map((path) => `${oriel.home}/${path}`)])]);
      return [user, JSON.parse(stdout)];
    }));
    for (const [user, reached] of found) {
      paths.forEach((path, index) => {
        if (reached[index]) assert.ok(allowed[path].includes(user), `user ${user} reaches ${path}`);
      });
    }
    // The same without a supplementary group: the owner of each is let in, so the test can tell.
    assert.ok(found.some(([user, reached]) => user === 64024 && reached[0]));
    for (const entry of readdirSync(`${oriel.home}/secrets`, { withFileTypes: true })) {
      assert.equal(statSync(`${oriel.home}/secrets/${entry.name}`).mode & 0o077, 0, entry.name);
      for (const name of readdirSync(`${oriel.home}/secrets/${entry.name}`)) assert.equal(statSync(`${oriel.home}/secrets/${entry.name}/${name}`).mode & 0o077, 0, name);
    }
  });

  test("nothing of ours listens on TCP but the proxy, at its port", async () => {
    for (const service of ["api", "manager", "agent", "broker", "proxy", "db", "redis"]) {
      const pid = await oriel.servicePid(service);
      const inHostNetwork = execFileSync("readlink", [`/proc/${pid}/ns/net`]).equals(execFileSync("readlink", ["/proc/self/ns/net"]));
      const { stdout } = await run("nsenter", [`--net=/proc/${pid}/ns/net`, "ss", "-Hltnup"]);
      const pids = new Set((await run("docker", ["top", `${oriel.name}-${service}`, "-eo", "pid"])).stdout.trim().split("\n").slice(1).map((line) => line.trim()));
      const lines = stdout.trim().split("\n").filter(Boolean).filter((line) => !inHostNetwork || [...line.matchAll(/pid=(\d+)/g)].some((match) => pids.has(match[1])));
      if (service === "proxy") assert.ok(lines.length > 0 && lines.every((line) => line.includes(`:${oriel.port} `)), lines.join("\n"));
      else assert.deepEqual(lines, [], service);
    }
  });

  test("Redis wants a password, and gives its one user counters and nothing else", async () => {
    const password = readFileSync(`${oriel.home}/secrets/api/redis.password`, "utf8").trim();
    const ask = async (...commands) => {
      const text = commands.map((words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`).join("");
      return talk(() => net.connect(`${oriel.home}/run/redis/redis.sock`), "connect", text, 400, false);
    };
    assert.match(await ask(["PING"]), /^-NOAUTH/);
    assert.match(await ask(["AUTH", "default", ""], ["PING"]), /^-WRONGPASS/);
    assert.match(await ask(["AUTH", "api", "wrong"], ["PING"]), /^-WRONGPASS/);
    const key = `oriel:${oriel.name}:throttle:test`;
    assert.match(await ask(["AUTH", "api", password], ["INCR", key], ["DEL", key]), /^\+OK\r\n:1\r\n:1\r\n/);
    const forbidden = [["GET", "x"], ["SET", "oriel:other:throttle:x", "1"], ["KEYS", "*"], ["SCAN", "0"], ["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "*"], ["CONFIG", "SET", "dir", "/tmp"], ["EVAL", "return 1", "0"], ["EVALSHA", "0".repeat(40), "0"], ["SCRIPT", "LOAD", "return 1"],
      ["FUNCTION", "LIST"], ["MODULE", "LIST"], ["DEBUG", "SLEEP", "0"], ["SHUTDOWN"], ["SAVE"], ["BGSAVE"], ["BGREWRITEAOF"], ["REPLICAOF", "NO", "ONE"], ["ACL", "LIST"], ["ACL", "SETUSER", "x"], ["CLIENT", "LIST"], ["CLIENT", "KILL", "ID", "1"], ["MONITOR"], ["INFO"], ["SUBSCRIBE", "x"], ["PUBLISH", "x", "y"], ["MIGRATE", "h", "1", "k", "0", "1"], ["RESTORE", key, "0", "x"], ["DUMP", key], ["SORT", key], ["OBJECT", "HELP"], ["SWAPDB", "0", "1"], ["MULTI"]];
    const answers = await Promise.all(forbidden.map((command) => ask(["AUTH", "api", password], command)));
    answers.forEach((answer, index) => assert.match(answer, /^\+OK\r\n-(NOPERM|ERR DEBUG command not allowed)/, `${forbidden[index].join(" ")}: ${answer}`));
  });

  test("the API's socket and the proxy agree on where a request ends, or refuse", async () => {
    const hidden = `GET /api/v1/openapi.json?hidden HTTP/1.1\r\nHost: ${new URL(oriel.origin).host}\r\n\r\n`;
    const head = (fields) => `POST /api/v1/sign-in HTTP/1.1\r\nHost: ${new URL(oriel.origin).host}\r\nContent-Type: application/json\r\n${fields}`;
    const chunked = `0\r\n\r\n${hidden}`;
    const crooked = [
      head(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\r\n\r\n`) + chunked,
      head("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n") + chunked,
      head(`Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n`) + hidden,
      head(`Content-Length: 0, ${hidden.length}\r\n\r\n`) + hidden,
      head("Content-Length: +0\r\n\r\n") + hidden,
      head("Content-Length: 0x0\r\n\r\n") + hidden,
      head("Transfer-Encoding: xchunked\r\n\r\n") + chunked,
      head("Transfer-Encoding : chunked\r\n\r\n") + chunked,
      head("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n") + chunked,
      head("Host: evil.example\r\nContent-Length: 0\r\n\r\n") + hidden,
      `POST /api/v1/sign-in HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    ];
    const socket = `${oriel.home}/run/api/api.sock`;
    for (const text of crooked) {
      const [direct, through] = await Promise.all([talk(() => net.connect(socket), "connect", text, 700, false), raw(oriel, text, { wait: 700, whole: false })]);
      for (const [where, answer] of [["the API", direct], ["the proxy", through]]) {
        const answers = answer.split("HTTP/1.1 ").length - 1;
        assert.ok(answers <= 1, `${where} gave ${answers} answers to ${JSON.stringify(text.slice(0, 160))}`);
        assert.ok(answers === 0 || statusOf(answer) >= 400, where);
        assert.doesNotMatch(answer, /"openapi"/);
      }
    }
  });

  test("no page for developers, no version, no trace of an error", async () => {
    const host = new URL(oriel.origin).host;
    for (const path of ["/metrics", "/debug", "/debug/pprof/", "/server-status", "/nginx_status", "/status", "/health", "/live", "/ready", "/internal/authorize", "/.git/config", "/.env", "/config.json", "/credentials.json", "/actuator", "/swagger", "/graphql", "/assets/", "/client/", "/_error/", "/api/", "/api/v1/", "/api/public/", "/agent/v1/", "/agent/v1/../v1/enrol"]) {
      const answer = await raw(oriel, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.ok([400, 401, 404, 405].includes(statusOf(answer)), `${path}: ${statusOf(answer)}`);
      assert.doesNotMatch(answer, /Index of|nginx\/\d|terminate called|backtrace|\.cpp|PostgreSQL|psql|\/var\/lib/i, path);
    }
    for (const method of ["TRACE", "TRACK", "CONNECT", "OPTIONS", "PUT", "PATCH", "PROPFIND", "DEBUG"]) {
      const answer = await raw(oriel, `${method} /api/v1/me HTTP/1.1\r\nHost: ${host}\r\nCookie: planted=planted-cookie\r\nConnection: close\r\n\r\n`);
      assert.ok(statusOf(answer) >= 400, `${method}: ${statusOf(answer)}`);
      assert.doesNotMatch(answer, /planted-cookie|Access-Control-Allow/i, method);
    }
  });
});

describe("what is written down", () => {
  test("no password, cookie, link, key or token is in a log", async () => {
    const oriel = new Instance();
    const planted = ["password", "cookie", "link", "key", "agent"].map((name) => `planted-${name}-${randomBytes(12).toString("hex")}`);
    const [password, cookie, link, key, agent] = planted;
    const json = { "Content-Type": "application/json", Origin: oriel.origin };
    await oriel.request("POST", "/api/v1/sign-in", { body: { username: "user@oriel.local", password }, headers: json });
    await oriel.request("POST", "/api/v1/sign-in", { body: { username: password, password }, headers: json }); // a password typed into the wrong field
    await oriel.request("GET", `/api/v1/me?token=${link}`, { headers: { Cookie: `__Host-oriel=${cookie}`, Referer: `${oriel.origin}/?${link}` } });
    await oriel.request("POST", "/api/v1/exchange", { body: { token: link.padEnd(43, "x") }, headers: json });
    await oriel.request("POST", "/api/public/get_users", { body: { api_key: oriel.credentials.api_key.key, api_key_secret: key } });
    await oriel.request("POST", "/api/public/get_users", { body: { api_key: `${key}`, api_key_secret: key, broken: "{" } });
    await oriel.request("POST", "/api/v1/sign-in", { body: `{"username": "${password}", "password": "${password}`, headers: json });
    await oriel.request("POST", "/agent/v1/enrol", { body: { token: agent, hostname: "stranger", public_key_pem: "none" } });
    const person = await oriel.signIn("user");
    await person.request("POST", "/api/v1/sign-out");
    const secrets = [...planted, person.cookie.split("=")[1], oriel.credentials.user.password, oriel.credentials.admin.password, oriel.credentials.api_key.secret];
    for (const service of ["api", "manager", "agent", "broker", "setup"]) {
      for (const entry of [`${oriel.home}/secrets/${service}`]) {
        try {
          for (const name of readdirSync(entry)) secrets.push(readFileSync(`${entry}/${name}`, "utf8").trim());
        } catch {
          // that service has none
        }
      }
    }
    await until("the proxy has written its log", 10, async () => (await logs(oriel, "proxy")).includes("/api/v1/sign-out"));
    for (const service of ["api", "manager", "agent", "broker", "proxy", "db", "redis"]) {
      const text = await logs(oriel, service);
      for (const secret of secrets.filter((one) => one && one.length >= 8)) assert.ok(!text.includes(secret), `${service} logged ${secret.slice(0, 12)}…`);
    }
    const { stdout } = await oriel.sql("SELECT coalesce(string_agg(a::text, ' '), '') FROM audit a");
    for (const secret of secrets.filter((one) => one && one.length >= 8)) assert.ok(!stdout.includes(secret), `the audit holds ${secret.slice(0, 12)}…`);
    // Nor in what any process was started with.
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        if (Number(pid) !== process.pid) for (const secret of secrets.filter((one) => one && one.length >= 16)) assert.ok(!line.includes(secret), `process ${pid}: ${line.slice(0, 60)}`);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
    }
  });

  test("the address of the audit is the client's, whatever the client says it is", async () => {
    const oriel = new Instance();
    const forged = { "X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", Forwarded: "for=203.0.113.9", "X_Real_IP": "203.0.113.9", "Content-Type": "application/json", Origin: oriel.origin };
    const { username, password } = oriel.credentials.user;
    assert.equal((await oriel.request("POST", "/api/v1/sign-in", { body: { username, password }, headers: forged })).status, 200);
    assert.equal((await oriel.sql("SELECT address FROM audit ORDER BY id DESC LIMIT 1")).stdout.trim(), "127.0.0.1");
    assert.equal((await oriel.sql("SELECT count(*) FROM audit WHERE address LIKE '%203.0.113.9%'")).stdout.trim(), "0");
  });
});

function logs(oriel, service) {
  return new Promise((resolve) => {
    const child = spawn("docker", ["logs", `${oriel.name}-${service}`], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    child.on("close", () => resolve(text));
  });
}
