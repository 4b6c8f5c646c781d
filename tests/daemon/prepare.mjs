// Brings a whole instance up in a Docker daemon of its own, or takes both away: prepare.mjs disks | up | down
// Between `disks` and `up` the tree is built into the home: ./up --build-only --instance … --home …
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, settings } from "../lib/instance.mjs";
import { SecondDaemon } from "../lib/second_daemon.mjs";

const root = new URL("../..", import.meta.url).pathname;
const { instance, home, port } = settings;
const daemon = new SecondDaemon();
const build = process.env.ORIEL_TEST_BUILD ?? "release";

/** Images that do not do what a session needs, made of the small one by another manifest. */
const bad = {
  exits: { x: { command: ["/bin/false"] } },
  hangs: { x: { command: ["/bin/sleep", "100000"] } },
  blank: { application: { command: ["/bin/sleep", "100000"], restart: true, working_directory: "/home/user" } },
};

async function badImages(small) {
  const lines = [];
  for (const [name, changes] of Object.entries(bad)) {
    const manifest = { ...small.manifest, ...changes, name, friendly_name: name };
    const scratch = mkdtempSync(join(tmpdir(), "oriel-bad-"));
    const tag = `oriel/test-${name}:latest`;
    writeFileSync(join(scratch, "manifest.json"), JSON.stringify(manifest));
    writeFileSync(join(scratch, "Dockerfile"), `FROM ${small.tag}\nCOPY manifest.json /usr/share/oriel/manifest.json\n`);
    await run("docker", ["build", "--quiet", "--label", `oriel.manifest=${JSON.stringify(manifest)}`, "--tag", tag, scratch], { env: { ...process.env, ...daemon.environment, DOCKER_BUILDKIT: "0" }, timeout: 120_000 });
    rmSync(scratch, { recursive: true });
    const [{ Id: id, Size: size }] = JSON.parse((await daemon.docker("image", "inspect", tag)).stdout);
    lines.push({ name, tag, id, size, manifest });
  }
  return lines;
}

/** Disks of their own for the engine and for the home, before anything lies there. */
async function disks() {
  await daemon.prepare();
  await daemon.giveDisk(home, 512);
}

async function up() {
  if (!daemon.dockerd()) await daemon.start();
  await daemon.setLiveRestore(true);
  const services = readFileSync(`${root}build/up/services_image.${build}`, "utf8").trim();
  const data = (await run("docker", ["image", "inspect", "--format", '{{index .Config.Labels "oriel.data"}}', services])).stdout.trim();
  const scratch = mkdtempSync(join(tmpdir(), "oriel-small-"));
  const file = join(scratch, "images.json");
  await run(`${root}images/build.sh`, ["--json", file, `${root}tests/images/small`], { timeout: 600_000 });
  const small = JSON.parse(readFileSync(file, "utf8"));
  await daemon.fetch(services, data, small.tag);
  const lines = [small, ...(await badImages(small))];
  const images = join(scratch, "all.json");
  writeFileSync(images, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const [command, ...words] = daemon.inside(
    `${root}build/${build}/cli/oriel`, "up", "--instance", instance, "--home", home, "--port", String(port), "--docker-socket", daemon.socket, "--services-image", services,
    "--runtime", readFileSync(`${root}build/up/${instance}.runtime`, "utf8").trim(), "--images", images,
  );
  const { stdout } = await run(command, words, { timeout: 300_000 });
  console.log(stdout.trim().split("\n").at(-1));
  rmSync(scratch, { recursive: true });
}

async function down() {
  await daemon.remove();
  // Nobody is left who could hold anything below it.
  await daemon.takeDisk(home);
  rmSync(home, { recursive: true, force: true });
}

await { disks, up, down }[process.argv[2]]();
