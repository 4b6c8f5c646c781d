// What the daemon tests share: the second daemon, the instance in it, a sweep that must come out clean, and restarts of the broker.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
export async function swept(oriel, before, seconds = 60) {
  await oriel.sql("UPDATE sessions SET desired = 'ended', generation = generation + 1 WHERE desired = 'running' AND state NOT IN ('ended', 'failed')");
  const left = async () => difference(before, await leftovers(oriel)).filter((words) => !dockersOwn.test(words));
  await until("a clean sweep", seconds, async () => (await left()).length === 0, 500).catch(async () => assert.deepEqual(await left(), []));
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
