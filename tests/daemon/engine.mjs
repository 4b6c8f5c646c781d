// What the daemon tests share: the second daemon, the instance in it, a sweep that must come out clean, and restarts of the broker.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Instance, run, until } from "../lib/instance.mjs";
import { difference, leftovers } from "../lib/leftovers.mjs";
import { SecondDaemon } from "../lib/second_daemon.mjs";

export const long = process.env.ORIEL_DAEMON_LONG === "1";
export const daemon = new SecondDaemon();

/**
 * What Docker 20.10 itself forgets when it is killed between making a container's task and writing it down: a shim without any process below it, and
 * the name of its network namespace. Nothing of ours could remove them; that no process of a session lives on below is looked at.
 */
const dockersOwn = /^(shims|network namespaces) of no container: \d more$/;

async function nobodyLivesOn() {
  const known = new Set((await daemon.docker("ps", "-q", "--no-trunc")).stdout.split("\n"));
  const strays = daemon.inContainers().filter((pid) => {
    const group = readFileSync(`/proc/${pid}/cgroup`, "utf8").match(new RegExp(`/${daemon.name}/([0-9a-f]{64})`));
    return group && !known.has(group[1]);
  });
  assert.deepEqual(strays, [], "processes of containers that are no more");
}

const root = new URL("../..", import.meta.url).pathname;

/** `oriel up` of this instance in the second daemon, with more words if given. */
export function orielUp(oriel, words = [], options = {}) {
  const [command, ...rest] = daemon.inside(`${root}build/release/cli/oriel`, "up", "--instance", oriel.name, "--home", oriel.home, ...words);
  return run(command, rest, { timeout: 120_000, ...options });
}

/** Every file of the home that a service or the next `oriel up` reads: JSON parses, the others are not empty. */
export function brokenFiles(home) {
  const problems = [];
  const look = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!["runtime", "run", "lost+found"].includes(entry.name)) look(path);
      } else if (entry.isFile()) {
        const text = readFileSync(path, "utf8");
        if (statSync(path).size === 0) problems.push(`${path} is empty`);
        if (/\.json$/.test(path)) {
          for (const line of /images/.test(path) ? text.trim().split("\n") : [text]) {
            try {
              JSON.parse(line);
            } catch (error) {
              problems.push(`${path}: ${error.message}`);
            }
          }
        }
      }
    }
  };
  look(home);
  return problems;
}

/** All services ready, as `oriel status` sees it; `seconds` is the bar of the cell. */
export function healthy(oriel, seconds = 60) {
  return until("healthy again", seconds, async () => (await oriel.oriel(["status", "--json"], { tolerate: true })).code === 0, 300);
}

/** A person may start something new, and it runs and ends; answers the seconds until it ran. */
export async function works(oriel, person, seconds = 60) {
  const begun = Date.now();
  const session = await until("a launch is accepted", seconds, () => person.launch("Small").catch(() => undefined), 300);
  await person.running(session.id, seconds);
  const took = (Date.now() - begun) / 1000;
  await person.end(session.id);
  await oriel.gone({ kasm_id: session.id }, 30);
  return took;
}

/** Ends whatever lives, and waits until the host holds what `before` says, no container, socket, mount, rule or row more. */
export async function swept(oriel, before, { seconds = 60, engineWasKilled = false } = {}) {
  await oriel.sql("UPDATE sessions SET desired = 'ended', generation = generation + 1 WHERE desired = 'running' AND state NOT IN ('ended', 'failed')");
  let tolerated = [];
  const left = async () => {
    const all = difference(before, await leftovers(oriel));
    tolerated = engineWasKilled ? all.filter((words) => dockersOwn.test(words)) : [];
    return all.filter((words) => !tolerated.includes(words));
  };
  await until("a clean sweep", seconds, async () => (await left()).length === 0, 500).catch(async () => assert.deepEqual(await left(), []));
  if (tolerated.length) console.log(`# Docker's own remains: ${tolerated.join("; ")}`);
  await nobodyLivesOn();
}

/** Restarts the broker as a crash would: it opens the socket that has Docker's name now. */
export async function newBroker(oriel, docker = process.env.DOCKER_HOST) {
  const environment = { env: { ...process.env, DOCKER_HOST: docker } };
  const pid = async () => Number((await run("docker", ["inspect", "--format", "{{.State.Pid}}", `${oriel.name}-broker`], environment)).stdout);
  const before = await pid();
  process.kill(before, "SIGKILL");
  await until("a new broker", 20, async () => {
    const now = await pid();
    return now > 0 && now !== before;
  });
  await healthy(oriel, 30);
}

export async function open() {
  const oriel = new Instance();
  await healthy(oriel, 60);
  return { oriel, person: await oriel.signIn("user"), admin: await oriel.signIn("admin"), before: await leftovers(oriel) };
}
