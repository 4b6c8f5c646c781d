// The clock jumps by an hour, each way: of the whole host's services, of the database alone, of the API alone.
// The services' image gets libfaketime for it, with the wall clock alone made up; monotonic time runs on, as it does when a host's clock is set.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run, sleep, until } from "../lib/instance.mjs";
import { Neighbour } from "../lib/neighbour.mjs";
import { daemon, healthy, open, orielUp, swept, works } from "./engine.mjs";

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const services = ["db", "api", "manager", "agent", "broker"];
const hour = 3600;

/** An image like `tag` whose programs take the wall clock's offset from a file in /tmp, when there is one. */
async function withFaketime(tag, name, labels = {}) {
  const scratch = mkdtempSync(join(tmpdir(), "oriel-clock-"));
  try {
    copyFileSync(library, join(scratch, "libfaketime.so.1"));
    const words = Object.entries(labels).map(([key, value]) => `LABEL ${key}=${value}\n`).join("");
    const environment = "ENV LD_PRELOAD=/usr/lib/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=/tmp/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1\n";
    writeFileSync(join(scratch, "Dockerfile"), `FROM ${tag}\nCOPY libfaketime.so.1 /usr/lib/libfaketime.so.1\n${environment}${words}`);
    await run("docker", ["build", "--quiet", "--tag", name, scratch], { env: { ...process.env, DOCKER_BUILDKIT: "0" }, timeout: 120_000 });
    return name;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

describe("the clock jumps by an hour", () => {
  let oriel;
  let person;
  let admin;
  let clean;
  let neighbour;
  let real;
  before(async () => {
    assert.ok(existsSync(library), "the package faketime");
    ({ oriel, before: clean } = await open());
    real = (await run("docker", ["inspect", "--format", "{{.Config.Image}}", `${oriel.name}-api`])).stdout.trim();
    real = real.startsWith("sha256:") ? (await run("docker", ["image", "inspect", "--format", "{{index .RepoTags 0}}", real])).stdout.trim() : real;
    const data = (await run("docker", ["image", "inspect", "--format", '{{index .Config.Labels "oriel.data"}}', real])).stdout.trim();
    const madeData = await withFaketime(data, "oriel/services-data:clock");
    await orielUp(oriel, ["--services-image", await withFaketime(real, "oriel/services:clock", { "oriel.data": madeData })]);
    await healthy(oriel, 60);
    person = await oriel.signIn("user");
    admin = await oriel.signIn("admin");
    neighbour = await Neighbour.moveIn(oriel, person);
  });
  after(async () => {
    await neighbour?.undisturbed();
    await neighbour?.movesOut();
    await orielUp(oriel, ["--services-image", real]);
    await healthy(oriel, 60);
    await swept(oriel, clean);
  });

  const offsetOf = async () => Math.round(Number((await oriel.sql("SELECT extract(epoch FROM clock_timestamp())")).stdout.trim()) - Date.now() / 1000);
  const set = async (which, seconds) => {
    for (const service of which) writeFileSync(`/proc/${await oriel.servicePid(service)}/root/tmp/clock`, `${seconds >= 0 ? "+" : ""}${seconds}s\n`);
  };
  const clockCheck = async () => (await admin.request("GET", "/api/v1/admin/diagnostics")).json.checks.filter((check) => check.check === "clock");

  const cells = [["of every service", services], ["of the database alone", ["db"]], ["of the API alone", ["api"]], ["of the Manager alone", ["manager"]], ["of the Agent and Broker alone", ["agent", "broker"]]];
  for (const [whose, which] of cells) {
    for (const [way, seconds] of [["ahead and back", hour], ["back and ahead again", -hour]]) {
      test(`${whose}, ${way}: nobody is signed out, what runs runs on, new sessions start and end`, { timeout: 180_000 }, async () => {
        for (const now of [seconds, 0]) {
          await set(which, now);
          if (which.includes("db")) await until("the database's clock has jumped", 10, async () => Math.abs((await offsetOf()) - now) < 5);
          await sleep(6000); // a heartbeat, a round of the Manager, a lease
          await neighbour.lives();
          assert.equal((await person.request("GET", "/api/v1/me")).status, 200, "signed in");
          await healthy(oriel, 30);
          const took = await works(oriel, person, 60);
          const warned = (await clockCheck()).filter((check) => check.state === "warning" && / apart$/.test(check.message)).map((check) => check.message);
          console.log(`# ${whose} ${now} s: a launch took ${took.toFixed(1)} s; ${warned.join("; ") || "no word of clocks"}`);
          if (now !== 0 && which.length < services.length && !which.includes("manager")) assert.ok(warned.length > 0, "diagnostics warn of clocks apart");
          if (now === 0) assert.deepEqual(warned, []);
          await neighbour.undisturbed();
        }
      });
    }
  }
});
