// What the platform costs while nothing happens: node bench/footprint/footprint.mjs [SECONDS]
// Memory is PSS of all processes of a container, CPU is their user and system time over the interval, as a share of one core.
import { readFileSync } from "node:fs";
import { run, settings, sleep } from "../../tests/lib/instance.mjs";

const seconds = Number(process.argv[2] ?? 60);
const services = ["api", "manager", "agent", "broker", "proxy", "db", "redis"];
const ticks = Number((await run("getconf", ["CLK_TCK"])).stdout);

async function pids(service) {
  const { stdout } = await run("docker", ["top", `${settings.instance}-${service}`, "-eo", "pid"]);
  return stdout.trim().split("\n").slice(1).map((line) => line.trim());
}
const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
const cpu = (pid) => {
  const fields = read(`/proc/${pid}/stat`).split(") ")[1]?.split(" ");
  return fields ? Number(fields[11]) + Number(fields[12]) : 0;
};
const pss = (pid) => Number(read(`/proc/${pid}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);

const before = new Map();
for (const service of services) before.set(service, new Map((await pids(service)).map((pid) => [pid, cpu(pid)])));
await sleep(seconds * 1000);
let ours = 0;
let total = 0;
let share = 0;
for (const service of services) {
  let memory = 0;
  let used = 0;
  for (const pid of await pids(service)) {
    memory += pss(pid);
    used += cpu(pid) - (before.get(service).get(pid) ?? 0);
  }
  const percent = (100 * used) / ticks / seconds;
  total += memory;
  share += percent;
  if (["api", "manager", "agent", "broker"].includes(service)) ours += memory;
  console.log(`${service.padEnd(8)} ${(memory / 1024).toFixed(1).padStart(7)} MiB PSS ${percent.toFixed(3).padStart(8)} % of a core`);
}
console.log(`ours     ${(ours / 1024).toFixed(1).padStart(7)} MiB PSS`);
console.log(`all      ${(total / 1024).toFixed(1).padStart(7)} MiB PSS ${share.toFixed(3).padStart(8)} % of a core (${seconds} s)`);
