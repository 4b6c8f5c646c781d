// The power goes in the middle of launches and writes: everything of ours and the whole engine at once, with what the kernel held for them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sleep, until } from "../lib/instance.mjs";
import { brokenFiles, daemon, healthy, long, open, orielUp, swept, works } from "./engine.mjs";

describe("power cut", () => {
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

  const ways = long ? [["the daemon's return", false, true], ["the daemon's return", false, false], ["oriel up", true, true], ["oriel up", true, false]] : [["the daemon's return", false, true]];
  for (const [way, up, liveRestore] of ways) {
    test(`${way}, ${liveRestore ? "with" : "without"} live-restore: all is back within 60 s, sessions have an end with a reason, files are whole`, { timeout: 240_000 }, async () => {
      await daemon.setLiveRestore(liveRestore);
      const stable = await person.launch("Small");
      await person.running(stable.id, 60);
      const launches = [];
      let busy = true;
      // Configuration is being written meanwhile, by the one who writes it.
      const writer = (async () => {
        while (busy) {
          await orielUp(oriel, [], { tolerate: true, timeout: 60_000 });
          await sleep(50);
        }
      })();
      const starter = (async () => {
        for (let n = 0; n < 3; n += 1) {
          const session = await person.launch("Small").catch(() => undefined);
          if (session) launches.push(session.id);
          await sleep(200);
        }
      })();
      await sleep(700 + Math.floor(Math.random() * 1500));
      const killed = await daemon.cutPower();
      busy = false;
      await Promise.all([writer, starter]);
      assert.deepEqual(brokenFiles(oriel.home), []);

      const begun = Date.now();
      await daemon.start();
      if (up) await orielUp(oriel);
      await healthy(oriel, 60);
      console.log(`# ${killed} processes killed; healthy ${((Date.now() - begun) / 1000).toFixed(1)} s after the daemon's start`);
      for (const id of [stable.id, ...launches]) {
        const now = await until(`session ${id} is settled`, 90, async () => {
          const row = await person.session(id);
          if (row?.state === "running") return id === stable.id ? undefined : row;
          return ["failed", "ended"].includes(row?.state) && row.reason?.length > 10 ? row : undefined;
        }, 300);
        console.log(`# ${id === stable.id ? "had run" : "was starting"}: ${now.state}: ${now.reason ?? ""}`);
      }
      assert.deepEqual(brokenFiles(oriel.home), []);
      await works(oriel, person);
      // The container of the `oriel up` that was cut short goes with the next one.
      await orielUp(oriel);
      await swept(oriel, clean, { engineWasKilled: true });
    });
  }
});
