import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHashRoute } from "../src/hash_routes.ts";
import { safeNext } from "../src/router.ts";

const id = "9f3c07e1aa5e4c53a8a1f0c2b7d91e44";

test("links of the compatible API", () => {
  assert.deepEqual(parseHashRoute(`#/connect/kasm/${id}/u1/tok%20en`), { kind: "connect", session: id, token: "tok en" });
  assert.deepEqual(parseHashRoute("#/connect/kasm/9F3C07E1-AA5E-4C53-A8A1-F0C2B7D91E44/u/t?x=1"), { kind: "connect", session: id, token: "t" });
  assert.deepEqual(parseHashRoute(`#/session/${id}`), { kind: "session", session: id });
  assert.deepEqual(parseHashRoute(`#/kasm/${id}`), { kind: "session", session: id });
  assert.deepEqual(parseHashRoute("#/"), { kind: "home" });
  assert.deepEqual(parseHashRoute("#/login"), { kind: "home" });
  for (const hash of ["#/cast/key", "#/connect/join/1/2/3", "#/session/../../admin", `#/connect/kasm/${id}/u/`, "#/connect/kasm/%/u/t", `#/connect/kasm/${id}/u/${"t".repeat(1025)}`]) assert.deepEqual(parseHashRoute(hash), { kind: "unsupported" }, hash);
  assert.equal(parseHashRoute("#content"), null);
  assert.equal(parseHashRoute(""), null);
});

test("the address after sign-in stays on this installation", () => {
  for (const good of ["/", "/admin/sessions?state=running&q=a%20b", `/sessions/${id}`]) assert.equal(safeNext(good), good);
  for (const bad of [null, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\nb", "/a b", "evil", "/<script>"]) assert.equal(safeNext(bad), "/", String(bad));
});
