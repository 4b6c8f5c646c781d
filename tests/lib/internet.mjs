// A stand-in for a network that is not ours: a namespace with an address, routed from this host, that serves pages.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { run, until } from "./instance.mjs";

const prefix = "oriel-net-";
let made = 0;

/** Removes what test runs that were killed have left: their addresses would take our packets. */
async function removeThoseOfDeadRuns() {
  const names = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  for (const name of names) {
    const owner = name.startsWith(prefix) && Number(name.slice(prefix.length).split("-")[0]);
    if (!owner || existsSync(`/proc/${owner}`)) continue;
    const { stdout } = await run("ip", ["netns", "pids", name], { tolerate: true });
    if (stdout.trim()) await run("kill", stdout.trim().split("\n"), { tolerate: true });
    await run("ip", ["netns", "del", name], { tolerate: true });
  }
}

/** The first four addresses of `network` (like 203.0.113.0, a /24) that nothing on this host has or routes. */
async function freeAddresses(network) {
  const base = network.replace(/0$/, "");
  const [links, routes] = await Promise.all([run("ip", ["-j", "-4", "addr"]), run("ip", ["-j", "-4", "route"])]);
  const taken = links.stdout + routes.stdout;
  for (let first = 0; first < 256; first += 4) {
    if (![0, 1, 2].some((offset) => taken.includes(`"${base}${first + offset}"`) || taken.includes(`"${base}${first + offset}/`))) return { gateway: `${base}${first + 1}`, address: `${base}${first + 2}` };
  }
  throw new Error(`No four addresses of ${network} are free on this host: see ip route.`);
}

export class Internet {
  /** `network` is the first address of a /24, of which it takes four. */
  static async create(network = "203.0.113.0") {
    await removeThoseOfDeadRuns();
    const internet = new Internet();
    made += 1;
    internet.name = `${prefix}${process.pid}-${made}`;
    internet.link = `on${process.pid}x${made}`;
    await run("ip", ["netns", "add", internet.name]);
    try {
      Object.assign(internet, await freeAddresses(network));
      await run("ip", ["link", "add", internet.link, "type", "veth", "peer", "name", "up0", "netns", internet.name]);
      await run("ip", ["addr", "add", `${internet.gateway}/30`, "dev", internet.link]);
      await run("ip", ["link", "set", internet.link, "up"]);
      for (const args of [["addr", "add", `${internet.address}/30`, "dev", "up0"], ["link", "set", "up0", "up"], ["link", "set", "lo", "up"], ["route", "add", "default", "via", internet.gateway]]) {
        await run("ip", ["-n", internet.name, ...args]);
      }
    } catch (error) {
      await internet.remove();
      throw error;
    }
    return internet;
  }

  /** Serves `pages` ({path: html, or {headers, body}}) on port 80 of the namespace's address. */
  async serve(pages) {
    const program = `
      const pages = JSON.parse(process.env.PAGES);
      require("node:http").createServer((request, response) => {
        const page = pages[request.url.split("?")[0]];
        response.writeHead(page ? 200 : 404, {"Content-Type": "text/html; charset=utf-8", ...page?.headers});
        response.end(page?.body ?? page ?? "not here");
      }).listen(80, ${JSON.stringify(this.address)}, () => console.log("serving"));`;
    this.server = spawn("nsenter", [`--net=/run/netns/${this.name}`, process.execPath, "-e", program], {
      env: { ...process.env, PAGES: JSON.stringify(pages) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    this.server.stdout.on("data", (chunk) => (said += chunk));
    await until("page server", 5, () => said.includes("serving"));
  }

  async remove() {
    this.server?.kill();
    await run("ip", ["link", "del", this.link], { tolerate: true });
    await run("ip", ["netns", "del", this.name], { tolerate: true });
  }
}
