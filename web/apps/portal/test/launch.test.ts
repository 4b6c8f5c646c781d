import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Session } from "@oriel/protocol";
import { abandon, complete, launching, press, reset } from "../src/state/launch.ts";

// The page's surroundings, as far as a start looks at them.
const visited: string[] = [];
const calls: string[] = [];
let answer: () => Response = () => new Response("{}");
Object.defineProperty(globalThis, "navigator", { value: { language: "en-GB" }, configurable: true });
Object.assign(globalThis, { innerWidth: 1440, innerHeight: 900, devicePixelRatio: 2, location: { assign: (to: string) => visited.push(to), pathname: "/", search: "" } });
let offline = 0;
let lastBody: Record<string, unknown> = {};
globalThis.fetch = (async (url: string, init: RequestInit = {}) => {
  const method = init.method ?? "GET";
  calls.push(`${method} ${url}`);
  if (method === "GET" && url.startsWith("/sessions/") && offline-- > 0) throw new TypeError("network changed");
  if (typeof init.body === "string") lastBody = JSON.parse(init.body) as Record<string, unknown>;
  if (method === "GET") return new Response('{"sessions":[],"limit":3}');
  return answer();
}) as typeof fetch;
const created = (id: string) => () => new Response(JSON.stringify({ id } satisfies Partial<Session>), { status: 201 });
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  visited.length = 0;
  calls.length = 0;
  reset();
});

test("pressing asks at once, the click takes it up: one request, one place to go", async () => {
  answer = created("s1");
  press("w1");
  await complete("w1", "Firefox");
  assert.deepEqual(calls, ["POST /api/v1/sessions", "GET /sessions/s1"]);
  assert.deepEqual(visited, ["/sessions/s1"]);
  assert.deepEqual([lastBody.workspace_id, lastBody.width, lastBody.height, lastBody.scale_percent], ["w1", 2880, 1800, 200]);
});

test("releasing elsewhere ends what was asked for and goes nowhere", async () => {
  answer = created("s2");
  press("w1");
  abandon();
  await settled();
  assert.deepEqual(calls, ["POST /api/v1/sessions", "DELETE /api/v1/sessions/s2"]);
  assert.deepEqual(visited, []);
});

test("the keyboard starts with the click alone; a second click while it starts asks for nothing more", async () => {
  answer = created("s3");
  const first = complete("w1", "Firefox");
  const second = complete("w2", "Desktop");
  press("w2");
  await Promise.all([first, second]);
  assert.deepEqual(calls, ["POST /api/v1/sessions", "GET /sessions/s3"]);
  assert.deepEqual(visited, ["/sessions/s3"]);
});

test("a refusal is told and the tile can be used again", async () => {
  answer = () => new Response('{"error":{"code":"conflict","message":"You have 3 of 3 sessions"}}', { status: 409 });
  await complete("w1", "Firefox");
  assert.deepEqual(visited, []);
  assert.equal(launching.get(), null);
  answer = created("s4");
  await complete("w1", "Firefox");
  assert.deepEqual(visited, ["/sessions/s4"]);
});

test("a network that changes while the session's page loads is tried again, and never keeps anybody from going there", async () => {
  answer = created("s5");
  offline = 1;
  await complete("w1", "Firefox");
  assert.deepEqual(calls, ["POST /api/v1/sessions", "GET /sessions/s5", "GET /sessions/s5"]);
  assert.deepEqual(visited, ["/sessions/s5"]);
  reset();
  offline = 9;
  await complete("w1", "Firefox");
  assert.equal(visited.length, 2);
  offline = 0;
});
