// One cell: somebody is killed at a step, and what ARCHITECTURE.md ("What a failure may cost") says holds.
import { until } from "../lib/instance.mjs";

const services = new Set(["api", "manager", "agent", "broker", "db", "redis", "proxy"]);
/** Seconds until which it must be good again. The table's own bars are for a machine with nothing else to do. */
const launchSeconds = 75;
const endSeconds = 60;
const sweepSeconds = 60;

/** What makes a step happen while a session runs: somebody opens a stream, or time passes. */
async function provoke(bench, session) {
  const stream = bench.user.stream(session.id);
  stream.opened.catch(() => undefined);
  return stream;
}

/** Arms the step, lets `act` bring it about, and kills there. Answers what `act` answers, and whether anybody was killed. */
async function killAt(bench, cell, session, act, seconds) {
  const itself = cell.victim === cell.service;
  if (itself) await bench.rested(cell.victim);
  bench.failpoints.arm(cell.point, itself ? "kill" : "wait");
  const acting = act();
  acting.catch(() => undefined);
  await bench.failpoints.comes(cell.point, seconds);
  let killed = true;
  if (!itself) {
    // What is inside comes up while the step waits.
    killed = await until("somebody to kill", cell.inside ? 4 : 1, async () => bench.kill(cell.victim, session ?? (await bench.newest())), 100).catch(() => false);
  }
  bench.failpoints.release(cell.point);
  return { outcome: await acting, killed };
}

async function neighbourIsUnharmed(bench, cell) {
  const { State } = await bench.oriel.inspect(bench.neighbourContainer);
  if (!State.Running || State.StartedAt !== bench.neighbourStart) throw new Error("the neighbour's container is another one");
  if (bench.stream.closed || bench.stream.error) {
    if (cell.victim !== "proxy") throw new Error(`the neighbour's stream closed: ${JSON.stringify(bench.stream.closed ?? bench.stream.error.message)}`);
    await until("the neighbour's stream is back", 15, async () => {
      await bench.watch();
      return true;
    }, 200);
  }
  // Its display server still answers: a second viewer gets a picture.
  const second = await until("a second viewer of the neighbour", 15, async () => {
    const stream = bench.user.stream(bench.neighbour.id);
    await stream.opened;
    return stream;
  }, 200);
  try {
    await until("a frame for the second viewer", 15, () => second.frames > 0);
  } finally {
    second.close();
  }
  if (bench.stream.closed && cell.victim !== "proxy") throw new Error("the neighbour's stream closed");
}

async function launchCell(bench, cell) {
  const { outcome: session, killed } = await killAt(bench, cell, undefined, () => bench.launch(), 40);
  const settled = await bench.settles(session.id, launchSeconds);
  const fatal = killed && (cell.victim === "init" || cell.victim === "container");
  // A container that dies before the display server answered is made again or fails; both say so.
  if (settled.state === "failed" && services.has(cell.victim) && !settled.reason) throw new Error("failed without a reason");
  return { session, note: settled.state === "running" ? "" : `before running: ${settled.reason_code ?? ""} ${settled.reason}`.trim(), killed, fatal };
}

async function runCell(bench, cell) {
  const session = await bench.launch();
  const settled = await bench.settles(session.id, launchSeconds);
  if (settled.state !== "running") throw new Error(`did not start: ${settled.reason}`);
  const container = await bench.oriel.containerOf(session);
  const start = (await bench.oriel.inspect(container)).State.StartedAt;
  const { outcome: stream, killed } = await killAt(bench, cell, session, () => provoke(bench, session), 40);
  stream.close();
  if (killed && (cell.victim === "init" || cell.victim === "container")) {
    const failed = await until("failed with a reason", 20, async () => {
      const now = await bench.session(session.id);
      return now.state === "failed" ? now : undefined;
    });
    if (!failed.reason) throw new Error("failed without a reason");
    return { session, note: failed.reason, killed };
  }
  await until("running, and a viewer sees it", 20, async () => {
    const now = await bench.session(session.id);
    if (now.state === "failed" || now.state === "ended") throw new Error(`${now.state}: ${now.reason}`);
    const viewer = bench.user.stream(session.id);
    await viewer.opened;
    await until("a frame", 3, () => viewer.frames > 0);
    viewer.close();
    return now.state === "running";
  }, 200);
  const { State } = await bench.oriel.inspect(container);
  if (State.StartedAt !== start) throw new Error("its container was started again");
  return { session, note: "", killed };
}

async function endCell(bench, cell) {
  const session = await bench.launch();
  const settled = await bench.settles(session.id, launchSeconds);
  if (settled.state !== "running") throw new Error(`did not start: ${settled.reason}`);
  const { killed } = await killAt(bench, cell, session, () => bench.ask("DELETE", `/api/v1/sessions/${session.id}`), 40);
  await until("it ends", endSeconds, async () => ["ended", "failed"].includes((await bench.session(session.id)).state), 50);
  return { session, note: "", killed };
}

const phases = { launch: launchCell, run: runCell, end: endCell };

/** Runs a cell; answers `{passed, note, seconds}` and leaves the bench ready for the next. */
export async function runCellOf(bench, cell) {
  const begun = Date.now();
  const took = () => Number(((Date.now() - begun) / 1000).toFixed(1));
  try {
    const { session, note, killed } = await phases[cell.phase](bench, cell);
    await neighbourIsUnharmed(bench, cell);
    await bench.ends(session.id, endSeconds);
    let left = [];
    await until("a clean sweep", sweepSeconds, async () => {
      left = await bench.leftOver();
      return left.length === 0;
    }, 250).catch(() => {
      throw new Error(`left over: ${left.join("; ")}`);
    });
    return { passed: true, note: killed ? note : `nobody to kill yet; ${note}`, seconds: took() };
  } catch (error) {
    return { passed: false, note: error.message, seconds: took() };
  } finally {
    bench.failpoints.clear();
  }
}
