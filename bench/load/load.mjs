// How the API bears load: node bench/load/load.mjs sessions|streams|launches [N]
//   sessions  the session list asked N (200) times a second for 20 s beside a history of 100,000 sessions: latency, processor time a request
//   streams   N (2000) idle event streams on one API: memory of each, processor time while nothing happens
//   launches  N (50) launches at once where 10 fit: who is placed, who is refused and why
// Memory is anonymous memory (RssAnon), processor time is user and system time of the process, so that other work on the machine disturbs it little;
// latency is disturbed: the load of the machine is printed beside it. For throw-away instances: it writes history and takes it away again.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import https from "node:https";
import { Instance, run, sleep, until } from "../../tests/lib/instance.mjs";
import { pidsOf, processFigures } from "../../tests/lib/leftovers.mjs";
import { useSmallImage } from "../../tests/lib/small.mjs";

const [what = "sessions", number] = process.argv.slice(2);
const oriel = new Instance();
const ticks = Number((await run("getconf", ["CLK_TCK"])).stdout);
const milliseconds = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks;
};
const of = async (service) => {
  const pids = await pidsOf(oriel, service);
  return { cpu: pids.reduce((sum, pid) => sum + milliseconds(pid), 0), kibibytes: pids.reduce((sum, pid) => sum + (processFigures(pid)?.kibibytes ?? 0), 0) };
};
const load = () => `load of the machine ${loadavg()[0].toFixed(1)}`;
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** `rows` ended sessions of a thousand users, as a year leaves them; written without the triggers that tell event streams. */
async function writeHistory(rows) {
  await oriel.sql(`ALTER TABLE sessions DISABLE TRIGGER USER;
    INSERT INTO users (id, username, username_key) SELECT gen_random_uuid(), 'load' || n, 'load' || n FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING;
    INSERT INTO sessions (id, user_id, image_id, desired, state, step, cores, memory_bytes, created_at, ended_at, released_at)
      SELECT gen_random_uuid(), (array(SELECT id FROM users WHERE username LIKE 'load%'))[1 + n % 1000], (SELECT id FROM images ORDER BY position LIMIT 1), 'ended', 'ended', 'ended', 1, 1 << 30,
        now() - n * interval '5 minutes', now() - n * interval '5 minutes' + interval '1 hour', now() - n * interval '5 minutes' + interval '1 hour' FROM generate_series(13, ${rows} + 12) n;
    ALTER TABLE sessions ENABLE TRIGGER USER; ANALYZE sessions; ANALYZE users`);
}
const dropHistory = () => oriel.sql("ALTER TABLE sessions DISABLE TRIGGER USER; DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE username LIKE 'load%'); ALTER TABLE sessions ENABLE TRIGGER USER; DELETE FROM users WHERE username LIKE 'load%'");

async function sessions(perSecond) {
  const seconds = 20;
  const person = await oriel.signIn("user");
  const admin = await oriel.signIn("admin");
  await writeHistory(100_000);
  try {
    for (const [name, who, path] of [["own", person, "/api/v1/sessions"], ["administrator's", admin, "/api/v1/admin/sessions"]]) {
      for (let warm = 0; warm < 50; warm += 1) await who.request("GET", path);
      const before = await of("api");
      const took = [];
      const late = [];
      const begun = performance.now();
      const asked = [];
      for (let at = 0; at < perSecond * seconds; at += 1) {
        // Each at its time, whether the one before has come back or not; the clock starts at that time.
        const due = begun + (at * 1000) / perSecond;
        const wait = due - performance.now();
        if (wait > 0) await sleep(wait);
        late.push(performance.now() - due);
        asked.push(
          who.request("GET", path).then((answer) => {
            if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
            took.push(performance.now() - due);
          }),
        );
      }
      await Promise.all(asked);
      const after = await of("api");
      took.sort((left, right) => left - right);
      late.sort((left, right) => left - right);
      console.log(
        `${name} session list, ${perSecond}/s for ${seconds} s: p50 ${quantile(took, 0.5).toFixed(1)} ms, p95 ${quantile(took, 0.95).toFixed(1)} ms, p99 ${quantile(took, 0.99).toFixed(1)} ms (of it asked late, p99: ${quantile(late, 0.99).toFixed(1)} ms); ` +
          `API ${((after.cpu - before.cpu) / took.length).toFixed(2)} ms of a core a request; ${load()}`,
      );
    }
  } finally {
    await dropHistory();
  }
}

/** Sign-ins of `count` browsers of a thousand people, written as the API writes them (keyed BLAKE2b of the cookie's token); their tokens. */
async function signInMany(count) {
  const tokens = Array.from({ length: count }, () => randomBytes(32).toString("hex"));
  const key = readFileSync(`${oriel.home}/secrets/api/token.key`, "utf8").trim();
  const program = "import hashlib,json,sys; a=json.load(sys.stdin); print(' '.join(hashlib.blake2b(t.encode(), digest_size=32, key=bytes.fromhex(a['key'])).hexdigest() for t in a['tokens']))";
  const hashes = execFileSync("python3", ["-c", program], { input: JSON.stringify({ key, tokens }), maxBuffer: 16 << 20 }).toString().trim().split(" ");
  await oriel.sql("INSERT INTO users (id, username, username_key) SELECT gen_random_uuid(), 'load' || n, 'load' || n FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING; INSERT INTO user_groups SELECT u.id, g.id FROM users u, groups g WHERE u.username LIKE 'load%' AND g.name = 'All Users' ON CONFLICT DO NOTHING");
  for (let at = 0; at < count; at += 500) {
    const values = hashes.slice(at, at + 500).map((hash, number) => `('\\x${hash}'::bytea, (SELECT id FROM users WHERE username = 'load${((at + number) % 1000) + 1}'), now() + interval '1 hour')`);
    await oriel.sql(`INSERT INTO sign_ins (token_hash, user_id, expires_at) VALUES ${values.join(",")}`);
  }
  return tokens;
}

async function streams(count) {
  const tokens = await signInMany(count + 20);
  const agent = new https.Agent({ ca: oriel.ca, maxSockets: Infinity });
  const open = [];
  let closed = 0;
  const connect = () =>
    new Promise((resolve, reject) => {
      const request = https.get(`${oriel.origin}/api/v1/events`, { agent, ca: oriel.ca, headers: { Cookie: `__Host-oriel=${tokens[open.length]}`, Origin: oriel.origin } }, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`HTTP ${response.statusCode} after ${open.length} streams`));
        open.push(request);
        response.once("data", resolve);
        response.on("data", () => undefined);
        response.on("close", () => (closed += 1));
        return undefined;
      });
      request.on("error", reject);
    });
  for (let warm = 0; warm < 20; warm += 1) await connect();
  await sleep(2000);
  const before = { api: await of("api"), proxy: await of("proxy") };
  for (let at = 0; at < count; at += 1) {
    await connect();
    await sleep(3);
  }
  await sleep(20_000); // a ping to each has passed, and what opening needed is over
  const there = { api: await of("api"), proxy: await of("proxy") };
  const seconds = Number(process.env.ORIEL_LOAD_SECONDS ?? 60);
  await sleep(seconds * 1000);
  const after = { api: await of("api"), proxy: await of("proxy") };
  const each = (service) => ((after[service].kibibytes - before[service].kibibytes) / count).toFixed(1);
  const share = (service) => ((after[service].cpu - there[service].cpu) / seconds / 10).toFixed(2);
  console.log(
    `${count} idle event streams: API ${each("api")} KiB each, ${share("api")} % of a core; nginx beside it ${each("proxy")} KiB each, ${share("proxy")} % of a core; ${closed} closed by themselves; ${load()}`,
  );
  for (const request of open) request.destroy();
  await oriel.sql("DELETE FROM users WHERE username LIKE 'load%'");
}

async function launches(count) {
  const capacity = 10;
  await useSmallImage();
  await oriel.sql(`UPDATE groups SET session_limit = ${count - 5} WHERE name = 'All Users'; UPDATE agents SET cores_override = ${capacity / 4}`);
  const person = await oriel.signIn("user");
  const workspace = (await person.request("GET", "/api/v1/workspaces")).json.workspaces.find((one) => one.friendly_name === "Small");
  try {
    const begun = performance.now();
    const answers = await Promise.all(Array.from({ length: count }, () => person.request("POST", "/api/v1/sessions", { body: { workspace_id: workspace.id } })));
    const answered = performance.now() - begun;
    const accepted = answers.filter((answer) => answer.status === 201).map((answer) => answer.json.id);
    const refused = answers.filter((answer) => answer.status === 409);
    const list = `('${accepted.join("','")}')`;
    // The audit's numbers are given under the lock of the user's row: the order in which the launches were accepted.
    const rows = await until("settled", 60, async () => {
      const { stdout } = await oriel.sql(`SELECT s.state, s.reason_code FROM sessions s JOIN audit a ON a.object_id = replace(s.id::text, '-', '') AND a.action = 'session.request' WHERE replace(s.id::text, '-', '') IN ${list} ORDER BY a.id`);
      const states = stdout.trim().split("\n").map((line) => line.split("|"));
      return states.every(([state]) => ["running", "failed"].includes(state)) ? states : undefined;
    });
    const running = rows.filter(([state]) => state === "running").length;
    const inOrder = rows.every(([state, code], place) => (place < capacity ? state === "running" : state === "failed" && code === "no_capacity"));
    console.log(
      `${count} launches at once, ${capacity} fit: answered in ${answered.toFixed(0)} ms, all settled in ${((performance.now() - begun) / 1000).toFixed(1)} s; ${running} run, ${rows.length - running} refused for want of room, ` +
        `${refused.length} of ${count} for the user's limit, ${count - accepted.length - refused.length} otherwise; ${inOrder ? "the first ten that asked run" : "NOT in the order in which they asked"}; ${load()}`,
    );
  } finally {
    await oriel.sql("UPDATE groups SET session_limit = NULL WHERE name = 'All Users'; UPDATE agents SET cores_override = NULL");
    for (const session of (await person.request("GET", "/api/v1/sessions")).json.sessions) await person.end(session.id);
    await oriel.sql("UPDATE images SET enabled = false WHERE name = 'small'");
  }
}

await { sessions: () => sessions(Number(number ?? 200)), streams: () => streams(Number(number ?? 2000)), launches: () => launches(Number(number ?? 50)) }[what]();
process.exit(0);
