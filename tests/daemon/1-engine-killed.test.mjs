// dockerd and containerd killed at steps of launch, run and end, with live-restore and without: the rows of ARCHITECTURE.md ("What a failure may cost").
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sleep, until } from "../lib/instance.mjs";
import { Neighbour } from "../lib/neighbour.mjs";
import { daemon, healthy, long, open, swept, works } from "./engine.mjs";

/** Milliseconds from the request to the kill: a launch takes about one to three seconds here, an end about one. */
const moments = long ? [0, 150, 400, 800, 1500] : [400];
const victims = ["dockerd", "containerd"];

describe("the container engine is killed", () => {
  let oriel;
  let person;
  let clean;
  before(async () => {
    ({ oriel, person, before: clean } = await open());
  });
  after(async () => {
    if (!daemon.dockerd()) await daemon.start();
    await daemon.setLiveRestore(true);
  });

  /** Kills, is without it for a while, and has it back. dockerd starts its containerd by itself. */
  async function killed(victim, whileAway = async () => sleep(1500)) {
    await daemon.kill(victim);
    await whileAway();
    if (!daemon.dockerd()) await daemon.start();
    // dockerd starts its containerd anew by itself, which takes it some seconds.
    await until("containerd is back", 60, () => daemon.containerd());
    await until("a container can be entered", 60, () => oriel.sql("SELECT 1").then(() => true), 300);
  }

  /** Every session is running, or over with words that a person can read. None hangs, none is unknown. */
  async function settles(id, seconds = 90) {
    return until("the session is running, or over with a reason", seconds, async () => {
      const { json: now, status } = await person.request("GET", `/api/v1/sessions/${id}`);
      if (status !== 200) return undefined;
      if (now.state === "running") return now;
      return (now.state === "failed" || now.state === "ended") && (now.reason?.length ?? 0) > 10 ? now : undefined;
    }, 300);
  }

  for (const victim of victims) {
    test(`${victim}, with live-restore, while a session streams: no stream closes`, async () => {
      await daemon.setLiveRestore(true);
      const neighbour = await Neighbour.moveIn(oriel, person);
      await killed(victim, () => neighbour.lives(15));
      const begun = Date.now();
      await healthy(oriel, 60);
      const took = await works(oriel, person);
      console.log(`# ${victim}: healthy after ${((Date.now() - begun) / 1000 - took).toFixed(1)} s, a launch took ${took.toFixed(1)} s`);
      await neighbour.undisturbed();
      await neighbour.movesOut();
      await swept(oriel, clean, { engineWasKilled: true });
    });

    for (const moment of moments) {
      test(`${victim}, with live-restore, ${moment} ms into a launch: it runs, or fails with a reason`, async () => {
        await daemon.setLiveRestore(true);
        const session = await person.launch("Small");
        await sleep(moment);
        await killed(victim);
        const now = await settles(session.id);
        console.log(`# ${victim} at ${moment} ms of the launch: ${now.state} ${now.reason ?? ""}`);
        await healthy(oriel, 60);
        await swept(oriel, clean, { engineWasKilled: true });
      });

      test(`${victim}, with live-restore, ${moment} ms into an end: it ends`, async () => {
        const session = await person.launch("Small");
        await person.running(session.id, 60);
        await person.end(session.id);
        await sleep(moment);
        await killed(victim);
        await until("ended", 60, async () => ["ended", "failed"].includes((await person.session(session.id))?.state ?? "ended"));
        await healthy(oriel, 60);
        await swept(oriel, clean, { engineWasKilled: true });
      });
    }
  }

  for (const victim of long ? victims : ["dockerd"]) {
    test(`${victim}, without live-restore: over with a reason, never lost from sight, and a new one starts`, async () => {
      await daemon.setLiveRestore(false);
      const session = await person.launch("Small");
      await person.running(session.id, 60);
      const starting = await person.launch("Small");
      await sleep(long ? 300 : 0);
      await killed(victim);
      const begun = Date.now();
      await healthy(oriel, 60);
      console.log(`# ${victim} without live-restore: healthy after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
      const now = await settles(session.id);
      console.log(`# the session that ran: ${now.state} ${now.reason ?? ""}`);
      console.log(`# the session that started: ${(await settles(starting.id)).state}`);
      if (victim === "dockerd") assert.equal(now.state, "failed", "its container was stopped with the daemon");
      await works(oriel, person);
      await swept(oriel, clean, { engineWasKilled: true });
    });
  }
});
