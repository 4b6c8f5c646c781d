// The small test image as a workspace of an instance: what tests start by the hundred (tests/images/small/README.md).
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { Instance, run, settings } from "./instance.mjs";

const root = new URL("../..", import.meta.url).pathname;

/**
 * Builds the image where it is missing, registers it in the instance as the workspace "Small", and grants it to All Users.
 * May be called again. Answers what images/build.sh says of it: `{name, tag, id, size, manifest}`.
 */
export async function useSmallImage({ instance, home } = settings) {
  const scratch = mkdtempSync("/tmp/oriel-small-");
  try {
    const lines = `${scratch}/images.json`;
    await run(`${root}images/build.sh`, ["--json", lines, `${root}tests/images/small`], { timeout: 600_000 });
    const image = JSON.parse(readFileSync(lines, "utf8"));
    const file = `${home}/images-small.json`;
    await copyFile(lines, file);
    const { services_image: services } = JSON.parse(readFileSync(`${home}/config.json`, "utf8"));
    // As `oriel up` runs it: a container that ends, with the home mounted and nothing else.
    await run("docker", [
      "run", "--rm", "--name", `${instance}-setup-small-${process.pid}`, "--label", `oriel.instance=${instance}`, "--user", "0", "--network", "none",
      "--read-only", "--cap-drop", "ALL", "--cap-add", "DAC_OVERRIDE", "--cap-add", "CHOWN", "--cap-add", "FOWNER",
      "--security-opt", "no-new-privileges", "--tmpfs", "/tmp", "--volume", `${home}:${home}`, "--entrypoint", "/usr/bin/oriel-setup",
      services, "images", "--file", file, "--config", `${home}/config.json`,
    ]);
    // A test that took it away again only disabled it, and a registration does not undo that.
    await new Instance({ instance, home, port: 0 }).sql("UPDATE images SET enabled = true WHERE name = 'small'");
    return image;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === `file://${process.argv[1]}`) {
  if (!existsSync(settings.home)) throw new Error(`no instance at ${settings.home}: set ORIEL_TEST_INSTANCE and ORIEL_TEST_HOME`);
  console.log(JSON.stringify(await useSmallImage()));
}
