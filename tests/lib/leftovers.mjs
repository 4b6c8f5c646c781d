// What an instance holds on its host, counted so that two moments can be compared: what should be the same after a thousand sessions as before.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { run } from "./instance.mjs";

/** The processes whose memory, descriptors and threads must not grow. */
export const ourServices = ["api", "manager", "agent", "broker"];

/** Where the daemon that DOCKER_HOST names keeps what lives no longer than the machine, and the cgroup of its containers. */
const engine = { exec: process.env.ORIEL_TEST_ENGINE_EXEC ?? "/run/docker", cgroup: process.env.ORIEL_TEST_ENGINE_CGROUP ?? "docker" };

const lines = (text) => text.split("\n").filter(Boolean);
const entries = (path) => (existsSync(path) ? readdirSync(path) : []);
const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // a process or cgroup that went meanwhile
  }
};
const docker = async (...args) => lines((await run("docker", args)).stdout);

function files(path, found = []) {
  for (const entry of existsSync(path) ? readdirSync(path, { withFileTypes: true }) : []) {
    if (entry.isDirectory()) files(`${path}/${entry.name}`, found);
    else found.push(`${path}/${entry.name}`);
  }
  return found;
}

/** Host pids of a service's container, the first one first. */
export async function pidsOf(instance, service) {
  const { stdout } = await run("docker", ["top", `${instance.name}-${service}`, "-eo", "pid"]);
  return lines(stdout).slice(1).map((line) => Number(line.trim()));
}

/** Anonymous memory in KiB, open descriptors and threads of a process; undefined when it is gone. */
export function processFigures(pid) {
  const status = read(`/proc/${pid}/status`);
  if (!status) return undefined;
  const number = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
  return { pid, kibibytes: number("RssAnon"), descriptors: entries(`/proc/${pid}/fd`).length, threads: number("Threads") };
}

/** Of each service of ours, and of Docker's two daemons. */
export async function processes(instance) {
  const found = {};
  for (const service of ourServices) found[service] = processFigures((await pidsOf(instance, service))[0]);
  // The engine that answers us: another one on this host has its own.
  const listening = (await run("ss", ["-xlpn"])).stdout.split("\n").find((line) => line.includes("/docker.sock "));
  const engine = Number(listening?.match(/"dockerd",pid=(\d+)/)?.[1] ?? 0);
  if (engine) found.dockerd = processFigures(engine);
  for (const pid of entries("/proc").filter((name) => /^\d+$/.test(name))) {
    if (read(`/proc/${pid}/comm`).trim() === "containerd" && read(`/proc/${pid}/status`).includes(`PPid:\t${engine}\n`)) found.containerd = processFigures(Number(pid));
  }
  return found;
}

/**
 * Counts and names of what a session leaves when something is forgotten. What can be attributed to the instance is; of the rest what belongs to no
 * container that exists is counted, so that neighbours on the same daemon do not disturb it.
 */
export async function leftovers(instance) {
  const ours = `label=oriel.instance=${instance.name}`;
  const found = {};
  found.containers = (await docker("ps", "-a", "--filter", ours, "--format", "{{.Names}}")).sort();
  const networks = await docker("network", "ls", "--filter", ours, "--format", "{{.ID}} {{.Name}}");
  found.networks = networks.map((line) => line.split(" ")[1]).sort();
  found.volumes = await docker("volume", "ls", "-q", "--filter", ours);
  found["anonymous volumes of no container"] = (await docker("volume", "ls", "--filter", "dangling=true", "--format", "{{.Name}} {{.Labels}}")).filter((line) => /^[0-9a-f]{64} ?$/.test(line));

  // Interfaces: what hangs on our bridges, and veths that hang nowhere.
  const links = JSON.parse((await run("ip", ["-j", "-d", "link", "show"])).stdout);
  const bridges = new Set();
  for (const line of networks) {
    const [{ Id: id, Options: options }] = JSON.parse((await run("docker", ["network", "inspect", line.split(" ")[0]])).stdout);
    bridges.add(options["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`);
  }
  found["interfaces on our bridges"] = links.filter((link) => bridges.has(link.master)).length;
  found["veths on no bridge"] = links.filter((link) => link.linkinfo?.info_kind === "veth" && !link.master && /^veth[0-9a-f]{7}$/.test(link.ifname)).map((link) => link.ifname);
  const routes = lines((await run("ip", ["route"])).stdout);
  found.routes = routes.filter((route) => [...bridges].some((bridge) => route.includes(` ${bridge} `))).length;

  // Firewall: our tables whole, Docker's where they name our bridges.
  const ruleset = (await run("nft", ["list", "ruleset"])).stdout;
  const table = `oriel_${instance.name.replaceAll("-", "_")}`;
  found["firewall entries"] = [];
  found["Docker's firewall entries for our bridges"] = [];
  let inside = false;
  for (const line of ruleset.split("\n").map((text) => text.replace(/packets \d+ bytes \d+/, "").trim())) {
    if (/^table /.test(line)) inside = line.includes(` ${table} `);
    if (inside && line) found["firewall entries"].push(line);
    if (!inside && [...bridges].some((bridge) => line.includes(`"${bridge}"`))) found["Docker's firewall entries for our bridges"].push(line);
  }

  found["Docker's firewall entries for our bridges"].sort(); // it writes them in another order when it starts anew

  // What Docker keeps for a container, where the container is no more.
  const alive = new Set(await docker("ps", "-aq", "--no-trunc"));
  const root = (await docker("info", "--format", "{{.DockerRootDir}}"))[0];
  const ofNobody = (ids) => ids.filter((id) => /^[0-9a-f]{64}$/.test(id) && !alive.has(id));
  const shims = entries("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => read(`/proc/${pid}/cmdline`)).filter((words) => words.includes("containerd-shim"));
  // Of the engine that our containers run on: another one on this host has shims of its own.
  const argument = (words, name) => words.split("\0")[words.split("\0").indexOf(name) + 1] ?? "";
  const services = new Set(await docker("ps", "-q", "--no-trunc", "--filter", ours));
  const address = argument(shims.find((words) => services.has(argument(words, "-id"))) ?? "", "-address");
  found["shims of no container"] = ofNobody(shims.filter((words) => argument(words, "-address") === address).map((words) => argument(words, "-id"))).length;
  found["container directories of no container"] = ofNobody(entries(`${root}/containers`)).length;
  const groups = ["/sys/fs/cgroup", ...entries("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}`)];
  found["cgroups of no container"] = groups.flatMap((group) => ofNobody(entries(`${group}/${engine.cgroup}`))).length;
  const mounts = lines(read("/proc/self/mountinfo"));
  found["mounts below the home"] = mounts.filter((line) => line.includes(` ${instance.home}/`)).length;
  found["mounts of no container"] = ofNobody(mounts.filter((line) => line.includes(` ${root}/`)).map((line) => line.match(/containers\/([0-9a-f]{64})\//)?.[1] ?? "")).length;
  const running = (await docker("ps", "-q")).length;
  found["overlay mounts beyond running containers"] = mounts.filter((line) => line.includes(`${root}/overlay2/`) && line.includes("/merged")).length - running;
  const sandboxes = new Set(lines((await run("docker", ["inspect", "--format", "{{.NetworkSettings.SandboxKey}}", ...(await docker("ps", "-aq"))], { tolerate: true })).stdout).map((path) => path.split("/").at(-1)));
  found["network namespaces of no container"] = entries(`${engine.exec}/netns`).filter((name) => name !== "default" && !sandboxes.has(name)).length;

  // Ours: sockets, directories, temporary files, rows.
  found["files of the home"] = ["run", "agent", "proxy", "ca", "tls", "secrets"].flatMap((name) => files(`${instance.home}/${name}`)).length;
  found["control directories"] = entries(`${instance.home}/run/ctl`);
  found["stream sockets"] = entries(`${instance.home}/run/pub`);
  found["sockets below the home"] = new Set(lines(read("/proc/net/unix")).map((line) => line.split(" ").at(-1)).filter((path) => path.startsWith(`${instance.home}/run/ctl`) || path.startsWith(`${instance.home}/run/pub`))).size;
  for (const service of [...ourServices, "proxy"]) {
    const [pid] = await pidsOf(instance, service);
    found[`temporary files of ${service}`] = files(`/proc/${pid}/root/tmp`).length;
  }
  const proxy = (await pidsOf(instance, "proxy")).map((pid) => read(`/proc/${pid}/cmdline`));
  found["nginx workers shutting down"] = proxy.filter((words) => words.includes("shutting down")).length;
  found["live or held rows"] = Number((await instance.sql("SELECT count(*) FROM sessions WHERE state NOT IN ('ended', 'failed') OR (agent_id IS NOT NULL AND released_at IS NULL)")).stdout.trim());
  return found;
}

/** What differs, in words; empty when nothing does. Of lists that belong to the host only what is new counts. */
export function difference(before, after) {
  const words = [];
  for (const [what, was] of Object.entries(before)) {
    const is = after[what];
    if (what.includes(" of no ") || what.includes(" on no ") || what.includes(" beyond ")) {
      const more = Array.isArray(is) ? is.filter((one) => !was.includes(one)).length : is - was;
      if (more > 0) words.push(`${what}: ${more} more`);
    } else if (Array.isArray(was) && JSON.stringify(was) !== JSON.stringify(is)) {
      words.push(`${what}: new ${JSON.stringify(is.filter((one) => !was.includes(one)))}, gone ${JSON.stringify(was.filter((one) => !is.includes(one)))}, ${was.length} → ${is.length}`);
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      words.push(`${what}: ${JSON.stringify(was)} → ${JSON.stringify(is)}`);
    }
  }
  return words;
}
