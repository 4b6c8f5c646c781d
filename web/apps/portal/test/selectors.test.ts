import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdminSession, Workspace } from "@oriel/protocol";
import { pageAddress } from "../src/parts/launch_dialog.tsx";
import { rank } from "../src/parts/palette.tsx";
import { isBrowser } from "../src/parts/workspace_tile.tsx";
import { categoriesOf, found } from "../src/pages/workspaces.tsx";
import { isOpenable, ownSessions, shownState } from "../src/state/selectors.ts";

export function session(id: string, more: Partial<AdminSession> = {}): AdminSession {
  return {
    id, workspace: { id: "w", friendly_name: "Firefox", icon_url: "", hue: 1 }, state: "running", desired: "running", step: "", progress: 100, reason: null, reason_code: null, placement: null, log_tail: null,
    created_at: "2026-11-24T09:00:00Z", started_at: null, ended_at: null, expires_at: null, client_protocol: 1, width: 1, height: 1, viewers: 0, owner: { id: "m", username: "mara" }, messages: [], watchers: [], ...more,
  };
}

test("a session that shall end is shown as ending and cannot be opened", () => {
  assert.equal(shownState(session("a", { desired: "ended" })), "ending");
  assert.equal(shownState(session("a", { desired: "ended", state: "failed" })), "failed");
  assert.equal(isOpenable(session("a", { desired: "ended" })), false);
  assert.equal(isOpenable(session("a", { state: "starting" })), true);
  assert.equal(isOpenable(session("a", { state: "failed" })), false);
});

test("own sessions: mine only, newest first, failed last, ended not", () => {
  const map = new Map(
    [
      session("failed", { state: "failed", created_at: "2026-11-24T12:00:00Z" }),
      session("old"),
      session("new", { created_at: "2026-11-24T11:00:00Z" }),
      session("ended", { state: "ended" }),
      session("foreign", { owner: { id: "x", username: "x" } }),
    ].map((each) => [each.id, each]),
  );
  assert.deepEqual(ownSessions(map, "m").map((each) => each.id), ["new", "old", "failed"]);
  assert.deepEqual(ownSessions(null, "m"), []);
});

const workspace = (name: string, categories: string[], description = ""): Workspace => ({ id: name, name, friendly_name: name, description, categories, icon_url: "", hue: 1, available: true, reason: null, cores: 1, memory_bytes: 1 });

test("categories and search of workspaces", () => {
  const list = [workspace("Firefox", ["Browsers"], "Downloads are kept"), workspace("Desktop", ["Desktops", "Office"]), workspace("Mail", ["Office"])];
  assert.deepEqual(categoriesOf(list), ["Browsers", "Desktops", "Office"]);
  const names = (query: string) => list.filter((each) => found(each, query)).map((each) => each.name);
  assert.deepEqual(names(""), ["Firefox", "Desktop", "Mail"]);
  assert.deepEqual(names("office"), ["Desktop", "Mail"]);
  assert.deepEqual(names("kept fire"), ["Firefox"]);
  assert.equal(isBrowser(workspace("x", ["Browser"])), true);
  assert.equal(isBrowser(workspace("x", ["Web browsers"])), true);
  assert.equal(isBrowser(workspace("x", ["Office"])), false);
});

test("the page a browser shall open", () => {
  assert.equal(pageAddress("example.net"), "https://example.net/");
  assert.equal(pageAddress(" http://example.net/a?b#c "), "http://example.net/a?b#c");
  assert.equal(pageAddress("localhost:8080/x"), "https://localhost:8080/x");
  for (const bad of ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "two words", "http://"]) assert.equal(pageAddress(bad), null, bad);
});

test("the palette: all words must match, beginnings come first", () => {
  const commands = [
    { label: "Administration: Sessions", group: "Go to" },
    { label: "Session of mara", group: "Resume" },
    { label: "Theme: Dark", group: "Action" },
  ];
  assert.deepEqual(rank(commands, "").length, 3);
  assert.deepEqual(rank(commands, "sess").map((each) => each.label), ["Session of mara", "Administration: Sessions"]);
  assert.deepEqual(rank(commands, "dark action").map((each) => each.label), ["Theme: Dark"]);
  assert.deepEqual(rank(commands, "nothing"), []);
});
