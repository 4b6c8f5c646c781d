// Do our services grow? node bench/footprint/launches.mjs [LAUNCHES]: launches and ends desktops, three at a time, and prints the memory of our
// services (PSS) and their open descriptors before and after.
import { readFileSync, readdirSync } from "node:fs";
import { Instance, run, settings, sleep, sweep } from "../../tests/lib/instance.mjs";

const launches = Number(process.argv[2] ?? 200);
const services = ["api", "manager", "agent", "broker"];
const oriel = new Instance();

async function measure() {
  const found = {};
  for (const service of services) {
    const { stdout } = await run("docker", ["top", `${settings.instance}-${service}`, "-eo", "pid"]);
    let kibibytes = 0;
    let descriptors = 0;
    for (const pid of stdout.trim().split("\n").slice(1).map((line) => line.trim())) {
      kibibytes += Number(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(/^Pss:\s+(\d+)/m)[1]);
      descriptors += readdirSync(`/proc/${pid}/fd`).length;
    }
    found[service] = { MiB: (kibibytes / 1024).toFixed(1), descriptors };
  }
  return found;
}

async function one() {
  const session = await oriel.launch("Desktop");
  try {
    await oriel.running(session);
  } finally {
    await oriel.destroy(session);
    await oriel.gone(session, 30);
  }
}

for (let at = 0; at < 6; at += 1) await one(); // warm
await sleep(5000);
console.log("before", JSON.stringify(await measure()));
let left = launches;
let failed = 0;
await Promise.all(
  Array.from({ length: 3 }, async () => {
    while (left > 0) {
      left -= 1;
      await one().catch((error) => {
        failed += 1;
        console.error(error.message);
      });
      if (left % 50 === 0) console.log(`${left} left`, JSON.stringify(await measure()));
    }
  }),
);
await sleep(10_000);
console.log("after", JSON.stringify(await measure()), `${launches} launches, ${failed} failed; left over: ${JSON.stringify(await sweep(oriel))}`);
process.exit(failed ? 1 : 0);
