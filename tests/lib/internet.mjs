// A stand-in for the internet: a network namespace with a documentation-range address, routed from this host, that serves pages.
import { spawn } from "node:child_process";
import { run, until } from "./instance.mjs";

export class Internet {
  static async create(name = `orielnet${process.pid % 10000}`, subnet = "203.0.113.0") {
    const base = subnet.replace(/0$/, "");
    const internet = new Internet();
    internet.name = name;
    internet.address = `${base}2`;
    await run("ip", ["netns", "add", name]);
    internet.link = `on${subnet.split(".")[1]}x${process.pid % 10000}`;
    await run("ip", ["link", "add", internet.link, "type", "veth", "peer", "name", "up0", "netns", name]);
    await run("ip", ["addr", "add", `${base}1/30`, "dev", internet.link]);
    await run("ip", ["link", "set", internet.link, "up"]);
    for (const args of [["addr", "add", `${base}2/30`, "dev", "up0"], ["link", "set", "up0", "up"], ["link", "set", "lo", "up"], ["route", "add", "default", "via", `${base}1`]]) {
      await run("ip", ["-n", name, ...args]);
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
