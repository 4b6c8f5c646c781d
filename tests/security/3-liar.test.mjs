// The control socket's protocol fuzzed from inside, and a display server that lies to nginx, agent and browser (bars E5, F17, C8).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readFileSync, readdirSync } from "node:fs";
import https from "node:https";
import { Instance, run, sleep, until } from "../lib/instance.mjs";
import { identities, inside } from "../lib/probe.mjs";
import { Visitor } from "../lib/browser.mjs";

const text = readFileSync(new URL("liar.py", import.meta.url));

describe("a display server that lies", () => {
  let oriel;
  let person;
  let hostile;
  let container;
  let innocent;
  let witness;
  let services;
  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
    hostile = await person.launch("Desktop", { width: 800, height: 600 });
    innocent = await person.launch("Desktop", { width: 800, height: 600 });
    await Promise.all([person.running(hostile.id), person.running(innocent.id)]);
    container = await oriel.containerOf(hostile);
    await inside(container, identities.display, ["sh", "-c", "cat >/tmp/liar.py"], { input: text });
    witness = person.stream(innocent.id);
    await witness.opened;
    await until("a frame of the innocent session", 10, () => witness.frames > 0);
    services = Object.fromEntries(await Promise.all(["agent", "proxy", "api", "manager", "broker"].map(async (name) => [name, await oriel.servicePid(name)])));
  });
  after(async () => {
    witness?.close();
    for (const each of [hostile, innocent]) if (each) await person.end(each.id);
    for (const each of [hostile, innocent]) if (each) await oriel.gone({ kasm_id: each.id }, 20);
  });

  const footprint = () => ({
    memory: Number(readFileSync(`/proc/${services.agent}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]),
    descriptors: readdirSync(`/proc/${services.agent}/fd`).length,
  });
  /** Nobody but the liar's own session lost anything. */
  const nothingLost = async () => {
    for (const [name, pid] of Object.entries(services)) assert.equal(await oriel.servicePid(name), pid, `${name} was started anew`);
    assert.equal(witness.closed, undefined, "the innocent session's stream closed");
    const session = await person.session(innocent.id);
    assert.equal(session.state, "running");
    const again = person.stream(innocent.id);
    await again.opened;
    await until("a frame of the innocent session", 10, () => again.frames > 0);
    again.close();
  };
  const asked = () => inside(container, identities.display, ["cat", "/tmp/liar-requests"]);
  const lie = async (mode, seconds) => {
    await inside(container, identities.display, ["rm", "-f", "/tmp/liar-requests"]);
    await run("docker", ["exec", "-d", "-u", identities.display, container, "python3", "/tmp/liar.py", mode, String(seconds)]);
    await sleep(1200);
  };

  test("root in the container can be the display server, and is told no more; the desktop's user cannot speak at all", async () => {
    const attempt = ["python3", "-c", "import socket; socket.socket(socket.AF_UNIX).connect('/run/oriel/control.sock'); print('connected')"];
    assert.match(await inside(container, identities.user, attempt), /Permission/);
    assert.match(await inside(container, identities.root, attempt), /Permission/);
    const claim = `
import os, socket, struct, json
os.setgroups([64010]); s = socket.socket(socket.AF_UNIX); s.settimeout(3)
try:
    s.connect("/run/oriel/control.sock"); s.sendall(struct.pack("<I", 2) + b"{}"); print("answer", len(s.recv(100)))
except OSError as error: print("refused", error)`;
    // With the group but not the user: the agent asks the kernel who connected.
    assert.match(await inside(container, identities.root, ["python3", "-"], { input: claim }), /answer 0|refused/);
  });

  test("its control protocol fuzzed for eight seconds: the agent lives, holds no descriptor more, and other sessions notice nothing", async () => {
    const before = footprint();
    const output = await inside(container, identities.display, ["python3", "/tmp/liar.py", "fuzz", "7", "8"], { seconds: 30 });
    const kinds = JSON.parse(output.trim().split("\n").pop());
    assert.ok(Object.keys(kinds).length >= 9, `tried too little: ${output}`);
    console.log(`# ${JSON.stringify(kinds)}`);
    await nothingLost();
    await until("the agent let go", 15, () => footprint().descriptors <= before.descriptors + 4, 250);
    const later = footprint();
    assert.ok(later.memory - before.memory < 32 * 1024, `the agent grew from ${before.memory} to ${later.memory} KiB`);
  });

  test("a page in place of a stream never comes from our origin, and what it says about itself stays inside", async () => {
    await lie("page", 25);
    const page = await person.request("GET", `/sessions/${hostile.id}/display?viewer=${"ab".repeat(16)}`);
    assert.equal(page.status, 426);
    assert.doesNotMatch(page.text, /__executed|<title>mine/);
    const answer = await upgrade(`/sessions/${hostile.id}/display?viewer=${"ab".repeat(16)}`);
    assert.notEqual(answer.status, 101);
    for (const name of ["set-cookie", "access-control-allow-origin", "x-accel-redirect", "link", "location"]) assert.equal(answer.headers[name], undefined, name);
    assert.doesNotMatch(answer.headers["content-security-policy"] ?? "", /unsafe-inline' *\*|script-src \*/);
    const requests = await asked();
    assert.match(requests, /^GET \/sessions\//m);
    // Upgrades carry no credential of the platform (F17).
    assert.doesNotMatch(requests, /cookie|authorization|__Host-|x-forwarded|x-original/i);
    await nothingLost();
  });

  /** A WebSocket's request with what a browser would send and a little more; whatever comes back. */
  const upgrade = (path) =>
    new Promise((resolve, reject) => {
      const request = https.request(`${oriel.origin}${path}`, {
        ca: oriel.ca,
        headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", Cookie: person.cookie, Origin: oriel.origin, Authorization: "Bearer secret", "X-Oriel-Role": "owner" },
        timeout: 15_000,
      });
      const answer = (response) => {
        response.destroy?.();
        resolve({ status: response.statusCode, headers: response.headers });
      };
      request.on("response", answer);
      request.on("upgrade", (response, socket) => {
        socket.destroy();
        answer(response);
      });
      request.on("timeout", () => request.destroy(new Error("no answer")));
      request.on("error", (error) => (error.code?.startsWith("HPE_") ? resolve({ status: "no HTTP", headers: {} }) : reject(error)));
      request.end();
    });

  for (const mode of ["headers", "endless_headers", "garbage"]) {
    test(`an answer of ${mode.replace("_", " ")} is no stream`, async () => {
      await lie(mode, 6);
      const answer = await upgrade(`/sessions/${hostile.id}/display?viewer=${"ab".repeat(16)}`);
      assert.ok([502, 503, "no HTTP"].includes(answer.status), `HTTP ${answer.status}`);
      assert.match(await asked(), /\/display/, "the liar was not asked");
      await nothingLost();
    });
  }

  describe("to a person in Chromium", () => {
    let visitor;
    before(async () => {
      visitor = await Visitor.open(oriel, { width: 1000, height: 700 });
      await visitor.signsIn();
    });
    after(() => visitor?.leaves());

    const look = () =>
      visitor.page.evaluate(() => ({
        executed: window.__executed,
        images: document.querySelectorAll("img[src='x']").length,
        state: document.documentElement.dataset.sessionState,
        words: document.body.innerText.replace(/\s+/g, " "),
        width: document.querySelector("canvas")?.width ?? 0,
        memory: performance.memory?.usedJSHeapSize ?? 0,
      }));
    const visit = async (mode, whileThere) => {
      visitor.problems.length = 0;
      await lie(mode, 30);
      await visitor.goes(`${oriel.origin}/sessions/${hostile.id}`);
      await whileThere();
      // On a loaded machine an answer under a flood may take seconds; from a page that hangs it never comes.
      const seen = await Promise.race([look(), sleep(10_000).then(() => undefined)]);
      assert.ok(seen, "the page hangs");
      assert.match(await asked(), /\/display/, "the liar was not asked");
      assert.equal(seen.executed, undefined);
      assert.equal(seen.images, 0);
      assert.ok(seen.width <= 8192, `a canvas of ${seen.width}`);
      assert.ok(seen.memory < 200e6, `heap ${seen.memory}`);
      assert.deepEqual(visitor.problems, []);
      console.log(`# ${mode}: ${seen.state}: ${seen.words.slice(0, 160)}`);
      await inside(container, identities.display, ["pkill", "-f", "liar.py"]);
      return seen;
    };

    test("strings full of HTML, broken and exploding zstd, wrong epochs, giant screens and bodies, text, masks: the page says that it cannot read them", async () => {
      const seen = await visit("rotate", () => until("the page gives up", 25, async () => (await visitor.state()) === "failed"));
      assert.ok(new Set((await asked()).match(/^lie \w+$/gm)).size >= 5, "five different lies were told");
      assert.match(seen.words, /The picture of Desktop cannot be read/);
      assert.match(seen.words, /Continue here/, "and there is a way on");
    });
    for (const mode of ["giant_frame", "endless_message", "flood_state", "flood_cursor", "flood_frames"]) {
      test(`${mode.replace("_", " ")}: the page goes on answering`, () => visit(mode, () => sleep(2500)));
    }
    test("a forged end is an end of this page alone, in words and not in HTML", async () => {
      const seen = await visit("ended", () => until("ended", 10, async () => (await visitor.state()) === "ended"));
      assert.match(seen.words, /has ended/);
      assert.equal((await person.session(hostile.id)).state, "running");
    });
    test("nobody else lost anything", nothingLost);
  });
});
