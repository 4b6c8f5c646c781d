// Type-checks every package and application that has a tsconfig.json; the lint follows in the npm script.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const compiler = join(here, "node_modules/typescript/bin/tsc");
let failed = false;
for (const group of ["packages", "apps"]) {
  for (const name of readdirSync(join(here, group))) {
    const folder = join(here, group, name);
    for (const config of readdirSync(folder).filter((file) => /^tsconfig.*\.json$/.test(file))) {
      if (!existsSync(join(folder, "src"))) continue;
      const run = spawnSync(process.execPath, [compiler, "-p", join(folder, config), "--pretty", "false"], { stdio: "inherit" });
      console.log(`${run.status === 0 ? "ok  " : "FAIL"} ${group}/${name}/${config}`);
      failed ||= run.status !== 0;
    }
  }
}
process.exit(failed ? 1 : 0);
