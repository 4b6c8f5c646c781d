import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveState } from "../src/state/live.ts";

type Listener = (event: { data?: unknown }) => void;
class FakeEventSource {
  static last: FakeEventSource;
  readyState = 1;
  closed = false;
  readonly listeners = new Map<string, Listener>();
  constructor(readonly url: string) {
    FakeEventSource.last = this;
  }
  addEventListener(type: string, listener: Listener) {
    this.listeners.set(type, listener);
  }
  close() {
    this.closed = true;
  }
  say(type: string, data: unknown = {}) {
    this.listeners.get(type)?.({ data: JSON.stringify(data) });
  }
}
Object.assign(globalThis, { EventSource: FakeEventSource, document: { visibilityState: "visible" } });

const held: ((response: Response) => void)[] = [];
const asked: string[] = [];
let lists: Record<string, unknown> = {};
let hold = false;
globalThis.fetch = (async (url: string) => {
  asked.push(url);
  const path = url.split("?", 1)[0] ?? "";
  const respond = () => new Response(JSON.stringify(lists[path]));
  return hold ? new Promise<Response>((resolve) => held.push(resolve)) : respond();
}) as typeof fetch;
const settled = () => new Promise((resolve) => setTimeout(resolve, 40));
const one = (id: string, more: object = {}) => ({ id, state: "running", desired: "running", ...more });

test("lists are read once, then follow the events", async () => {
  const live = new LiveState();
  lists = { "/api/v1/sessions": { sessions: [one("a"), one("gone")], limit: 4 }, "/api/v1/workspaces": { workspaces: [] } };
  live.start("own");
  await settled();
  const source = FakeEventSource.last;
  const ids = () => [...(live.sessions.get().value?.keys() ?? [])];
  assert.deepEqual(ids(), ["a", "gone"]);
  assert.equal(live.limit.get(), 4);
  source.say("session", one("a", { state: "ending" }));
  source.say("ready");
  assert.deepEqual(ids(), ["a"], "what the snapshot did not mention is gone");
  assert.equal(live.sessions.get().value?.get("a")?.state, "ending");
  assert.equal(live.connected.get(), true);
  source.say("session", one("b"));
  source.say("session-removed", { id: "a" });
  assert.deepEqual(ids(), ["a"], "events are gathered");
  await settled();
  assert.deepEqual(ids(), ["b"]);
  live.stop();
  assert.equal(source.closed, true);
  assert.equal(live.sessions.get().value, null);
});

test("an event that arrives while a list is read is not overwritten by the older list", async () => {
  const live = new LiveState();
  hold = true;
  live.start("own");
  const source = FakeEventSource.last;
  source.say("session", one("a", { state: "running" }));
  source.say("session-removed", { id: "b" });
  hold = false;
  for (const [index, resolve] of held.splice(0).entries()) resolve(new Response(JSON.stringify(index === 0 ? { sessions: [one("a", { state: "starting" }), one("b")], limit: 1 } : { workspaces: [] })));
  await settled();
  assert.deepEqual([...(live.sessions.get().value?.values() ?? [])].map((each) => [each.id, each.state]), [["a", "running"]]);
  live.stop();
});

test("administrators: pages are followed, events keep what only the list tells, servers are replaced", async () => {
  const live = new LiveState();
  lists = {
    "/api/v1/admin/sessions": { sessions: [one("a", { server: "atlas", cpu: 0.5 })], cursor: null },
    "/api/v1/admin/servers": { servers: [{ id: "s1", sessions: 1 }, { id: "s2", sessions: 0 }] },
    "/api/v1/workspaces": { workspaces: [] },
  };
  live.start("admin");
  await settled();
  const source = FakeEventSource.last;
  assert.equal(source.url, "/api/v1/events?scope=admin");
  source.say("session", one("a", { viewers: 2 }));
  await settled();
  const session = live.sessions.get().value?.get("a");
  assert.deepEqual([session?.server, session?.cpu, session?.viewers], ["atlas", 0.5, 2]);
  source.say("server", { id: "s2", sessions: 7 });
  source.say("server", { id: "s3", sessions: 1 });
  assert.deepEqual(live.servers.get().value?.map((server) => `${server.id}:${server.sessions}`), ["s1:1", "s2:7", "s3:1"]);
  live.stop();
});
