// Runs cells of the kill matrix against a test build that is up (ORIEL_TEST_INSTANCE …), in a seed's order.
// usage: node tests/kill/run.mjs [--seed N] [--cells N] [--only TEXT] [--minutes N] [--state FILE]
//   --state FILE  cells that passed are written there and not run again: what makes a long run resumable
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Bench } from "./bench.mjs";
import { runCellOf } from "./cell.mjs";
import { allCells, nameOf, shuffled } from "./cells.mjs";

const { values } = parseArgs({
  options: { seed: { type: "string" }, cells: { type: "string" }, only: { type: "string", default: "" }, minutes: { type: "string", default: "60" }, state: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const done = new Set(values.state && existsSync(values.state) ? readFileSync(values.state, "utf8").split("\n").map((line) => line.split("\t")[0]) : []);
const chosen = shuffled(allCells(), seed).filter((cell) => nameOf(cell).includes(values.only)).slice(0, values.cells ? Number(values.cells) : undefined);
const deadline = Date.now() + Number(values.minutes) * 60_000;
let passed = 0;
let failed = 0;
let later = 0;

console.log(`seed ${seed}: ${chosen.length} cells, ${chosen.filter((cell) => done.has(nameOf(cell))).length} of them done before`);
let bench = await Bench.open();
for (const cell of chosen) {
  const name = nameOf(cell);
  if (done.has(name)) {
    passed += 1;
    continue;
  }
  if (Date.now() > deadline) {
    later += 1;
    continue;
  }
  const { passed: good, note, seconds } = await runCellOf(bench, cell);
  console.log(`${good ? "ok" : "FAILED"} ${name} ${seconds} s${note ? ` (${note})` : ""}`);
  if (good) {
    passed += 1;
    if (values.state) appendFileSync(values.state, `${name}\t${seconds}\t${note}\n`);
    continue;
  }
  failed += 1;
  // The next cell begins from a clean state, or not at all.
  bench.stream?.close();
  bench = await Bench.open();
}
await bench.close();
if (later) console.log(`skipped: ${later} cells, out of time`);
console.log(`${passed} passed, ${failed} failed, ${later} skipped`);
process.exit(failed ? 1 : 0);
