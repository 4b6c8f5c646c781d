import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bytes, duration, gibibytes, hueOf, initials, partOfBytes, percent } from "../src/format.ts";
import { en } from "../src/messages/en.ts";
import { t } from "../src/messages/index.ts";

const GiB = 1024 ** 3;

test("durations have at most two units", () => {
  const seconds = [0, 59, 60, 3599, 3600, 3720, 8075, 18000, 86400, 97200, 90000 * 10];
  assert.deepEqual(seconds.map((each) => duration(each * 1000)), ["0 s", "59 s", "1 m", "59 m", "1 h", "1 h 02 m", "2 h 14 m", "5 h", "1 d", "1 d 3 h", "10 d 10 h"]);
  assert.equal(duration(-5000), "0 s", "a clock that runs ahead is not in the future");
});

test("bytes", () => {
  assert.deepEqual([0, 512, 1024, 1.5 * GiB, 128 * GiB, 1800 * GiB].map((each) => bytes(each)), ["0 B", "512 B", "1 KiB", "1.5 GiB", "128 GiB", "1.8 TiB"]);
  assert.equal(gibibytes(0.1 * GiB), "0.1 GiB");
  assert.equal(partOfBytes(1.922 * GiB, 3.1 * GiB), "1.9 of 3.1 GiB");
  assert.equal(partOfBytes(0, 0), "0 of 0 B");
});

test("percent stays between 0 and 100, also of nothing", () => {
  assert.deepEqual([percent(1, 2), percent(3, 2), percent(-1, 2), percent(1, 0)], [50, 100, 0, 0]);
});

test("initials and hues", () => {
  assert.deepEqual(["mara", "Mara Lind", "mara.lind@example.net", ""].map(initials), ["MA", "ML", "ML", "?"]);
  assert.equal(hueOf("mara"), hueOf("mara"));
  assert.ok(hueOf("mara") >= 0 && hueOf("mara") < 360);
});

test("messages fill their holes and choose the number", () => {
  assert.equal(t("sign_in.paused", { count: 1 }), "Sign-in is paused for 1 second.");
  assert.equal(t("sign_in.paused", { count: 42 }), "Sign-in is paused for 42 seconds.");
  assert.equal(t("end.title", { name: "Firefox" }), "End Firefox?");
});

test("texts follow the rules: no exclamation mark, no please; and every message is used", () => {
  const sources: string[] = [];
  const collect = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) collect(path);
      else if (/\.tsx?$/.test(entry.name) && !path.endsWith("messages/en.ts")) sources.push(readFileSync(path, "utf8"));
    }
  };
  for (const folder of ["packages/ui/src", "apps/portal/src"]) collect(folder);
  const code = sources.join("\n");
  const built = ["state.", "admin_servers.online", "admin_servers.suspect", "admin_servers.unreachable", "admin_servers.disabled", "admin_servers.draining"];
  for (const [key, entry] of Object.entries(en)) {
    for (const text of typeof entry === "string" ? [entry] : [entry.one, entry.other]) assert.doesNotMatch(text, /!|\bplease\b/i, key);
    assert.ok(code.includes(`"${key}"`) || built.some((prefix) => key.startsWith(prefix)), `message ${key} is not used`);
  }
});
