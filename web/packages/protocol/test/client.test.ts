import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiClient, type ApiError, type Fetch } from "../src/client.ts";

function answers(...list: (Response | Error)[]) {
  const calls: { url: string; init: RequestInit | undefined }[] = [];
  const fake: Fetch = async (url, init) => {
    calls.push({ url, init });
    const next = list.shift();
    if (!next) throw new Error("one call too many");
    if (next instanceof Error) throw next;
    return next;
  };
  return { calls, fake };
}
const json = (status: number, body: unknown, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers });

test("a read is tried again after a broken connection and a 503, not after a 404", async () => {
  const { calls, fake } = answers(new TypeError("network"), json(503, {}), json(200, { sessions: [], limit: 3 }), json(404, {}));
  const api = new ApiClient({ fetch: fake, pauses: [1, 1] });
  assert.equal((await api.sessions()).limit, 3);
  assert.equal(calls.length, 3);
  await assert.rejects(api.session("x"), (error: ApiError) => error.code === "not_found");
  assert.equal(calls.length, 4);
});

test("a write is tried once and its problem keeps message, fields, request id and Retry-After", async () => {
  const body = { error: { code: "rate_limited", message: "Too many tries", fields: [{ pointer: "/username", message: "m" }], request_id: "r1" } };
  const { calls, fake } = answers(json(429, body, { "Retry-After": "42" }));
  await assert.rejects(new ApiClient({ fetch: fake }).signIn("a", "b"), (error: ApiError) => {
    assert.deepEqual([error.code, error.message, error.status, error.requestId, error.retryAfter], ["rate_limited", "Too many tries", 429, "r1", 42]);
    assert.equal(error.fields[0]?.pointer, "/username");
    return true;
  });
  assert.equal(calls.length, 1);
  assert.equal(calls[0]?.init?.body, '{"username":"a","password":"b"}');
});

test("an answer of the proxy without JSON still becomes a told error", async () => {
  const { fake } = answers(new Response("<html>", { status: 502 }));
  await assert.rejects(new ApiClient({ fetch: fake }).endSession("x"), (error: ApiError) => error.code === "unavailable");
});

test("the start of a session is tried once more after a broken connection, with the same key", async () => {
  const { calls, fake } = answers(new TypeError("network"), json(201, { id: "s" }), json(503, {}));
  const api = new ApiClient({ fetch: fake });
  assert.equal((await api.createSession({ workspace_id: "w" })).id, "s");
  const keys = calls.map((call) => new Headers(call.init?.headers).get("Idempotency-Key"));
  assert.match(keys[0] ?? "", /^[0-9a-f]{32}$/);
  assert.equal(keys[0], keys[1]);
  await assert.rejects(api.createSession({ workspace_id: "w" }), (error: ApiError) => error.code === "unavailable");
  assert.equal(calls.length, 3);
});

test("silence ends at the deadline", async () => {
  const never: Fetch = (_url, init) =>
    new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  await assert.rejects(new ApiClient({ fetch: never, timeout: 20 }).endSession("x"), (error: ApiError) => error.code === "timeout");
});

test("401 is reported, except where the question is whether someone is signed in", async () => {
  let said = 0;
  const { fake } = answers(json(401, {}), json(401, {}), json(401, {}));
  const api = new ApiClient({ fetch: fake, onUnauthenticated: () => said++ });
  await assert.rejects(api.workspaces());
  await assert.rejects(api.me(true));
  await assert.rejects(api.signIn("a", "b"));
  assert.equal(said, 1);
});

test("204 is no value; filters that are empty stay out of the address", async () => {
  const { calls, fake } = answers(new Response(null, { status: 204 }), json(200, { sessions: [] }));
  const api = new ApiClient({ fetch: fake });
  assert.equal(await api.signOut(), undefined);
  await api.adminSessions({ q: "", state: "running", limit: 500 });
  assert.equal(calls[1]?.url, "/api/v1/admin/sessions?state=running&limit=500");
});
