import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdminSession, Server } from "@oriel/protocol";
import { lastedOf, reasonOf } from "../src/pages/admin/session_columns.tsx";
import { queryOf } from "../src/pages/admin/sessions.tsx";
import { serverMatches } from "../src/pages/admin/servers.tsx";
import { lacks, overlaid } from "../src/pages/admin/use_session_list.ts";
import { session } from "./selectors.test.ts";

const query = (search: string) => queryOf(new URLSearchParams(search));

test("the address is the question to the server", () => {
  assert.deepEqual(query(""), {});
  assert.deepEqual(query("state=running&user=mara&server=atlas-1&workspace=w&q=fire&order=-cpu"), { state: "running", user: "mara", server: "atlas-1", workspace: "w", q: "fire", order: "-cpu" });
  assert.deepEqual(query("view=history"), { state: "ended,failed", order: "ended" });
  assert.deepEqual(query("view=history&state=failed&order=-ended&q="), { state: "failed", order: "-ended" });
  assert.deepEqual(query("view=odd&colour=red"), {});
});

test("events change rows, and never their order or number", () => {
  const rows = [session("b"), session("a")];
  const told = new Map<string, AdminSession>([
    ["a", session("a", { state: "ended" })],
    ["c", session("c")],
  ]);
  assert.deepEqual(overlaid(rows, told).map((row) => [row.id, row.state]), [["b", "running"], ["a", "ended"]]);
  assert.deepEqual(overlaid(rows, null), rows);
});

test("a session that began after the question is missing from its answer", () => {
  const told = new Map([["new", session("new", { created_at: "2026-11-24T12:00:00Z" })]]);
  assert.equal(lacks([session("a")], told, Date.parse("2026-11-24T11:00:00Z")), true);
  assert.equal(lacks([session("a")], told, Date.parse("2026-11-24T13:00:00Z")), false, "the filter may keep it out");
  assert.equal(lacks([session("new")], told, 0), false);
  assert.equal(lacks([], null, 0), false);
});

test("a reason is a sentence, or its code in words", () => {
  assert.equal(reasonOf({ reason: "An administrator ended it: upgrade", reason_code: "ended_by_administrator" }), "An administrator ended it: upgrade");
  assert.equal(reasonOf({ reason: null, reason_code: "ended_by_user" }), "Ended by its user");
  assert.equal(reasonOf({ reason: null, reason_code: "something_new" }), "something_new");
  assert.equal(lastedOf(session("a", { started_at: "2026-11-24T09:00:00Z", ended_at: "2026-11-24T10:05:00Z" })), "1 h 05 m");
  assert.equal(lastedOf(session("a", { ended_at: "2026-11-24T10:05:00Z" })), "–");
});

test("servers are found by name, zone, state and label", () => {
  const server = { hostname: "atlas-1", zone: "main", address: "10.0.0.1", state: "draining", labels: { rack: "B12" } } as unknown as Server;
  const everything = { query: "", state: "", label: "" };
  assert.equal(serverMatches(server, everything), true);
  for (const text of ["ATLAS", "main", "b12", "rack=b", " 10.0 "]) assert.equal(serverMatches(server, { ...everything, query: text }), true, text);
  assert.equal(serverMatches(server, { ...everything, query: "boreas" }), false);
  assert.equal(serverMatches(server, { ...everything, state: "online" }), false);
  assert.equal(serverMatches(server, { ...everything, label: "rack=B12", state: "draining" }), true);
  assert.equal(serverMatches(server, { ...everything, label: "rack=B1" }), false);
});
