// The steps at which a test build can be killed, fail or wait (libs/async/failpoint.h): their names, and arming them.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./instance.mjs";

const table = readFileSync(new URL("../../libs/async/failpoints.inc", import.meta.url), "utf8");

/** `{name, service, phases}` of every failpoint, in the table's order; phases are launch, run and end. */
export const failpoints = [...table.matchAll(/^X\(\w+, "([a-z_.]+)", "([a-z ]+)"\)$/gm)].map(([, name, phases]) => ({
  name,
  service: name.split(".")[0],
  phases: phases.split(" "),
}));

/** The failpoints of one instance, which must be a test build. */
export class Failpoints {
  constructor(home) {
    this.directory = join(home, "failpoints");
    if (!existsSync(this.directory)) throw new Error(`${home} is no test build: ORIEL_TEST_BUILD=failpoints ./up …`);
  }

  /** The next one who comes to `name` does `action`: kill, fail, refuse or wait. */
  arm(name, action) {
    if (!failpoints.some((point) => point.name === name)) throw new Error(`no failpoint ${name}`);
    rmSync(join(this.directory, `${name}.reached`), { force: true });
    writeFileSync(join(this.directory, name), action);
  }

  reached(name) {
    return existsSync(join(this.directory, `${name}.reached`));
  }

  /** Waits until somebody came to an armed failpoint. */
  comes(name, seconds) {
    return until(`somebody comes to ${name}`, seconds, () => this.reached(name), 20);
  }

  /** Lets who waits at `name` go on. */
  release(name) {
    rmSync(join(this.directory, `${name}.reached`), { force: true });
  }

  /** Nothing is armed and nobody waits any more. */
  clear() {
    for (const file of readdirSync(this.directory)) rmSync(join(this.directory, file), { force: true });
  }
}
