import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type AuditEntry, type Me, type User } from "@oriel/protocol";
import { auditQuery } from "../src/pages/admin/audit.tsx";
import { actionText, actionWords, actorText, objectText } from "../src/pages/admin/audit_words.ts";
import { userActs } from "../src/pages/admin/users.tsx";
import { faultOf } from "../src/parts/change_password.tsx";
import { deviceName } from "../src/parts/device_name.ts";

test("a browser's own words become a name that people know", () => {
  assert.equal(deviceName("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"), "Firefox 145 on Linux");
  assert.equal(deviceName("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge 142 on Windows");
  assert.equal(deviceName("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36"), "Chrome 142 on Android");
  assert.equal(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1"), "Safari 18 on iPhone");
  assert.equal(deviceName("curl/8.5.0"), "curl/8.5.0");
  assert.equal(deviceName("  "), "Unknown browser");
});

test("the address's filter of the audit is what the API is asked", () => {
  const now = Date.parse("2026-11-27T14:05:30Z");
  assert.deepEqual(auditQuery("", now), {});
  assert.deepEqual(auditQuery("?since=day&result=refused&x=1", now), { result: "refused", from: "2026-11-26T14:05:00.000Z" });
  assert.deepEqual(auditQuery("?from=2026-01-01T00:00:00Z&cursor=9-1", now), { from: "2026-01-01T00:00:00Z", cursor: "9-1" });
  // Within a minute the span is the same: the list is not asked anew at every key.
  assert.deepEqual(auditQuery("?since=hour", now), auditQuery("?since=hour", now + 20_000));
  assert.deepEqual(auditQuery("?since=nonsense", now), {});
});

const entry = (more: Partial<AuditEntry>): AuditEntry => ({ id: 1, at: "2026-11-27T14:05:30Z", actor: { kind: "user", id: "a".repeat(32), name: "mara" }, action: "user.edit", object: { kind: "user", id: "b".repeat(32), name: "noor" }, address: "", request_id: "", result: "done", reason: "", detail: {}, ...more });

test("an entry reads as a sentence, whoever is gone since", () => {
  assert.equal(actionText("user.edit"), "User edited");
  assert.equal(actionText("a.new_one"), "a.new_one");
  for (const action of Object.keys(actionWords)) assert.notEqual(actionText(action), action);
  assert.equal(actorText(entry({})), "mara");
  assert.equal(actorText(entry({ actor: { kind: "user", id: "a".repeat(32), name: "" } })), "Deleted user aaaaaaaa");
  assert.equal(actorText(entry({ actor: { kind: "anonymous", id: null, name: "" } })), "Nobody known");
  assert.equal(objectText(entry({})), "noor");
  assert.equal(objectText(entry({ object: { kind: "session", id: "c".repeat(32), name: "Desktop" } })), "Desktop cccccccc");
  assert.equal(objectText(entry({ object: { kind: "audit", id: "", name: "" } })), "Audit");
});

test("nobody is offered to disable, delete or reset themselves", () => {
  const user = { id: "1", state: "active", locked: false, username: "mara" } as User;
  const labels = (me: string, more: Partial<User> = {}) => userActs({ ...user, ...more }, { id: me } as Me, () => undefined, () => undefined).flatMap((item) => (item.kind === "line" ? [] : [item.label]));
  assert.deepEqual(labels("1"), ["Edit…"]);
  assert.deepEqual(labels("2"), ["Edit…", "Reset password…", "Disable…", "Delete…"]);
  assert.deepEqual(labels("2", { state: "disabled" }), ["Edit…", "Reset password…", "Enable", "Delete…"]);
  assert.deepEqual(labels("2", { locked: true, state: "locked" }), ["Edit…", "Reset password…", "Unlock", "Disable…", "Delete…"]);
});

test("what is wrong stands beside its field", () => {
  const error = new ApiError("invalid", "No", 400, [{ pointer: "/username", message: "Taken" }]);
  assert.equal(faultOf(error, "/username"), "Taken");
  assert.equal(faultOf(error, "/password"), null);
  assert.equal(faultOf(new Error("x"), "/username"), null);
});
