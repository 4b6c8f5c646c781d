// A thousand launches and ends, or a thousand launches that fail at a random step: started by tests/long/volume, which brings the instance up.
//   node tests/volume/volume.mjs launches|failures --cycles N --state FILE --seconds N --commit HASH
// One slice: a warm-up, a baseline, as many cycles as the time allows, two minutes at most to settle, and the comparison. The state file keeps
// the seed and how far the half is, so that the next slice goes on there. Exit 0: nothing left over and all bars held.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { Instance, run, sleep, until } from "../lib/instance.mjs";
import { difference, leftovers, ourServices, processes } from "../lib/leftovers.mjs";
import { useSmallImage } from "../lib/small.mjs";

const half = process.argv[2];
const option = (name, otherwise) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise);
const cycles = Number(option("cycles", 1000));
const seconds = Number(option("seconds", 3300));
const stateFile = option("state");
const atOnce = 4;
const desktopEvery = 10; // one in ten launches is a real desktop
const bars = { descriptors: 5, kibibytesPerCycle: 1, settleSeconds: 120 };

const state = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, "utf8")) : { seed: Number(option("seed", Math.floor(Math.random() * 2 ** 31))), halves: {} };
const progress = (state.halves[half] ??= { done: 0, slices: [] });
const save = () => {
  mkdirSync(stateFile.replace(/\/[^/]*$/, ""), { recursive: true });
  writeFileSync(stateFile, JSON.stringify(state, null, 1));
};
/** The same number for the same seed, cycle and purpose, whichever slice it falls into: 0 ≤ x < 1. */
const chance = (cycle, purpose) => createHash("sha256").update(`${state.seed} ${half} ${cycle} ${purpose}`).digest().readUInt32LE(0) / 2 ** 32;
const pick = (list, cycle, purpose) => list[Math.floor(chance(cycle, purpose) * list.length)];

const oriel = new Instance();
const outcomes = {};
const count = (what) => (outcomes[what] = (outcomes[what] ?? 0) + 1);
const problems = [];

const settled = (person, id, states, limit = 90) =>
  until(`session ${id} ${states}`, limit, async () => {
    const now = await person.session(id);
    return states.includes(now?.state) ? now : undefined;
  }, 150);
/** Ends it and waits until its row says so; what is left of it on the host is the sweep's to find. */
async function end(person, id) {
  await until("the end is taken", 30, async () => [200, 202, 204, 404].includes((await person.end(id)).status));
  await settled(person, id, ["ended", "failed"]);
}

async function launchAndEnd(person, cycle) {
  const workspace = chance(cycle, "desktop") < 1 / desktopEvery ? "Desktop" : "Small";
  const session = await person.launch(workspace);
  const now = await settled(person, session.id, ["running", "failed"]);
  await end(person, session.id);
  count(`${workspace} ${now.state}`);
  if (now.state === "failed") problems.push(`cycle ${cycle}: ${now.reason_code}: ${now.reason}`);
}

/** The steps of failpoints.inc that lie on the way of a launch. */
function launchSteps() {
  const text = readFileSync(new URL("../../libs/async/failpoints.inc", import.meta.url), "utf8");
  return [...text.matchAll(/^X\(\w+, "([^"]+)", "([^"]*)"\)/gm)].filter(([, , phase]) => phase.split(" ").includes("launch")).map(([, name]) => name);
}

/**
 * One launch that does not come to its end: a step answers an error for good, or one that may pass, or the user changes their mind while the
 * step is held, or the container dies, or the application ends at once.
 */
async function failSomewhere(person, cycle, steps) {
  const how = pick(["refuse", "refuse", "fail", "cancel", "cancel", "dies", "exits"], cycle, "how");
  // Held inside the API the launch is not answered yet, so that there is nothing to change one's mind about.
  const step = pick(how === "cancel" ? steps.filter((name) => !name.startsWith("api.")) : steps, cycle, "step");
  const armed = `${oriel.home}/failpoints/${step}`;
  const workspace = how === "exits" ? "Small that exits" : "Small";
  if (["refuse", "fail", "cancel"].includes(how)) writeFileSync(armed, how === "cancel" ? "wait" : how);
  const kind = ["dies", "exits"].includes(how) ? how : `${how} at ${step}`;
  let session;
  try {
    session = await person.launch(workspace).catch((error) => error);
    if (session instanceof Error) {
      // The API said no, or said nothing of what it wrote: what it wrote must be found and ended like anything else.
      count(`${kind}: refused`);
      return;
    }
    if (how === "cancel") {
      await until("held", 4, () => existsSync(`${armed}.reached`), 20).catch(() => undefined);
    } else if (how === "dies") {
      const at = Date.now() + Math.floor(chance(cycle, "moment") * 700);
      await until("a container", 20, () => oriel.containerOf(session), 30).catch(() => undefined);
      await sleep(Math.max(0, at - Date.now()));
      // It may be there and not yet started, which nobody can kill.
      await until("killed", 10, async () => (await run("docker", ["kill", `${oriel.name}-session-${session.id}-1`], { tolerate: true })).code === 0, 50).catch(() => undefined);
    }
    if (how === "cancel") {
      await person.end(session.id);
      rmSync(`${armed}.reached`, { force: true });
    }
    let now = await settled(person, session.id, ["running", "failed", "ended"]);
    if (now.state === "running" && ["dies", "exits"].includes(how)) {
      now = await settled(person, session.id, ["failed", "ended"], 30).catch(() => now);
    }
    count(`${kind}: ${now.state}`);
    await end(person, session.id);
  } finally {
    rmSync(armed, { force: true });
    rmSync(`${armed}.reached`, { force: true });
  }
}

/** Sessions whose launch was answered with an error although a row was written. */
async function endStrays(person) {
  const { json } = await person.request("GET", "/api/v1/sessions");
  for (const session of json.sessions) if (!["ended", "failed"].includes(session.state)) await end(person, session.id);
}

/** KiB per cycle, by least squares over the samples. */
function slope(all, of) {
  const samples = all.filter((one) => one[of]); // a process that could not be looked at that moment
  const n = samples.length;
  if (n < 3) return 0;
  const meanX = samples.reduce((sum, one) => sum + one.cycle, 0) / n;
  const meanY = samples.reduce((sum, one) => sum + one[of].kibibytes, 0) / n;
  const above = samples.reduce((sum, one) => sum + (one.cycle - meanX) * (one[of].kibibytes - meanY), 0);
  return above / samples.reduce((sum, one) => sum + (one.cycle - meanX) ** 2, 0);
}

await useSmallImage();
if (half === "failures") {
  await oriel.sql(`INSERT INTO images (id, name, friendly_name, reference, docker_id, cores, memory_bytes, shm_bytes, pids, manifest)
    SELECT gen_random_uuid(), 'small-that-exits', 'Small that exits', reference, docker_id, cores, 6291456, shm_bytes, pids, manifest FROM images WHERE name = 'small'
    ON CONFLICT (name) DO UPDATE SET reference = excluded.reference, docker_id = excluded.docker_id;
    INSERT INTO image_groups SELECT i.id, g.id FROM images i, groups g WHERE i.name = 'small-that-exits' AND g.name = 'All Users' ON CONFLICT DO NOTHING`);
}
await oriel.sql("UPDATE groups SET session_limit = 100 WHERE name = 'All Users'; UPDATE agents SET cores_override = 8");
const people = await Promise.all(Array.from({ length: atOnce }, () => oriel.signIn("user")));
const steps = half === "failures" ? launchSteps() : [];
const one = (person, cycle) => (half === "failures" ? failSomewhere(person, cycle, steps) : launchAndEnd(person, cycle));

// Warm: every pool at its size, every cache filled once.
await Promise.all(people.map(async (person, number) => {
  for (let at = 0; at < 4; at += 1) {
    const session = await person.launch(number === 0 && at === 0 ? "Desktop" : "Small");
    await settled(person, session.id, ["running", "failed"]);
    await end(person, session.id);
  }
}));
await sleep(10_000);
const before = await leftovers(oriel);
const started = await processes(oriel);
const begun = Date.now();
const first = progress.done;
const samples = [{ cycle: first, ...started }];
let next = first;
let finished = first;
console.log(`${half}: seed ${state.seed}, from cycle ${first} to ${cycles}`);
await Promise.all(people.map(async (person) => {
  while (next < cycles && Date.now() - begun < seconds * 1000 && problems.length < 20) {
    const cycle = next;
    next += 1;
    const at = Date.now();
    try {
      await one(person, cycle);
    } catch (error) {
      problems.push(`cycle ${cycle}: ${error.message}`);
    }
    finished += 1;
    if (Date.now() - at > 30_000) console.log(`cycle ${cycle} took ${Math.round((Date.now() - at) / 1000)} s`);
    if (finished % 10 === 0) samples.push({ cycle: finished, ...(await processes(oriel)) });
    if (finished % 100 === 0) console.log(`${finished} after ${Math.round((Date.now() - begun) / 1000)} s ${ourServices.map((service) => `${service} ${samples.at(-1)[service]?.kibibytes} KiB`).join(", ")}`);
  }
}));
await endStrays(people[0]);
const took = Math.round((Date.now() - begun) / 1000);

let left;
await until("settled", bars.settleSeconds, async () => {
  left = difference(before, await leftovers(oriel));
  return left.length === 0;
}, 2000).catch(() => undefined);
await sleep(5000);
const after = await processes(oriel);
const report = [`${half}: cycles ${first + 1} to ${finished} of ${cycles} in ${took} s, ${atOnce} at once`];
const failures = [...problems, ...left.map((words) => `left over: ${words}`)];
const later = samples.filter((sample) => sample.cycle >= first + (finished - first) / 2);
for (const service of ourServices) {
  const [was, is] = [started[service], after[service]];
  if (was.pid !== is.pid) failures.push(`${service} is another process than at the start`);
  const grows = slope(later, service);
  report.push(`  ${service.padEnd(10)} anonymous ${was.kibibytes} → ${is.kibibytes} KiB, ${grows.toFixed(2)} KiB a cycle over the last half; descriptors ${was.descriptors} → ${is.descriptors}; threads ${was.threads} → ${is.threads}`);
  if (is.descriptors > was.descriptors + bars.descriptors) failures.push(`${service}: descriptors ${was.descriptors} → ${is.descriptors}`);
  if (is.threads !== was.threads) failures.push(`${service}: threads ${was.threads} → ${is.threads}`);
  if (finished - first >= 400 && grows > bars.kibibytesPerCycle) failures.push(`${service}: ${grows.toFixed(2)} KiB a cycle`);
}
for (const daemon of ["dockerd", "containerd"]) {
  const [was, is] = [started[daemon], after[daemon]];
  if (!was || !is) continue;
  report.push(`  ${daemon.padEnd(10)} anonymous ${was.kibibytes} → ${is.kibibytes} KiB; descriptors ${was.descriptors} → ${is.descriptors}; threads ${was.threads} → ${is.threads} (not ours; recorded)`);
}
report.push(`  compared: ${Object.keys(before).join(", ")}`);
report.push(...Object.entries(outcomes).sort().map(([what, number]) => `  ${String(number).padStart(5)} ${what}`));
report.push(failures.length ? failures.map((words) => `  NOT: ${words}`).join("\n") : "  nothing left over; descriptors, threads and memory hold their bars");
progress.done = finished;
progress.slices.push({ at: new Date().toISOString(), commit: option("commit", ""), ok: failures.length === 0, report });
save();
console.log(report.join("\n"));
await oriel.sql("UPDATE groups SET session_limit = NULL WHERE name = 'All Users'; UPDATE agents SET cores_override = NULL");
process.exit(failures.length ? 1 : 0);
