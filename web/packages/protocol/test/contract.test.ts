import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import openapiTypescript, { astToString } from "openapi-typescript";
import * as display from "../src/display.ts";

test("the API's types are those of the description", async () => {
  const description = JSON.parse(readFileSync("../protocol/web-api/openapi.json", "utf8")) as Parameters<typeof openapiTypescript>[0];
  const generated = astToString(await openapiTypescript(description));
  const kept = readFileSync("packages/protocol/src/openapi.d.ts", "utf8");
  const plain = (text: string) => text.replace(/\/\*\*[\s\S]*?\*\//g, "").replace(/\s+/g, " ").trim();
  assert.equal(plain(kept), plain(generated), "run `npm run types`");
});

const readme = readFileSync("../protocol/display/README.md", "utf8");

test("the display protocol's numbers are those of its description", () => {
  const stated = new Map([...readme.matchAll(/\| (0x[0-9a-f]{2}) \| `(\w+)` \|/g)].map((match) => [`${Number(match[1])}`, match[2]?.toLowerCase()]));
  const tables = { ...invert(display.ServerMessage), ...invert(display.ClientMessage), ...invert(display.InputMessage) };
  for (const [number, name] of Object.entries(tables)) if (name !== "locks") assert.equal(stated.get(number), name, `message ${number}`);
  assert.match(readme, new RegExp(`Protocol version \\*\\*${display.protocolVersion}\\*\\*`));
  assert.match(readme, new RegExp(`0x${display.InputMessage.locks.toString(16)} LOCKS`));
});

function invert(table: Record<string, number>): Record<string, string> {
  return Object.fromEntries(Object.entries(table).map(([name, number]) => [String(number), name]));
}

test("golden messages are framed as the numbers say", () => {
  const folder = "../protocol/display/golden";
  const files = readdirSync(folder).filter((file) => file.endsWith(".hex") && !file.endsWith("-result.hex"));
  assert.ok(files.length > 10);
  const known = new Set<number>(
    [display.ServerMessage, display.ClientMessage, display.InputMessage, display.ClipboardMessage].flatMap((table): number[] => Object.values(table)),
  );
  for (const file of files) {
    const text = readFileSync(`${folder}/${file}`, "utf8").replace(/#.*$/gm, "").replace(/\s+/g, "");
    assert.match(text, /^([0-9a-f]{2})+$/i, file);
    const bytes = Buffer.from(text, "hex");
    for (let at = 0; at < bytes.length; ) {
      assert.ok(at + display.headerBytes <= bytes.length, `${file}: a header ends early`);
      const type = bytes.readUInt8(at);
      const length = bytes.readUInt32LE(at + 1);
      assert.ok(known.has(type) || type >= display.firstSkippableType, `${file}: type ${type}`);
      assert.ok(length <= display.maximumBodyBytes, file);
      at += display.headerBytes + length;
      assert.ok(at <= bytes.length, `${file}: a body ends early`);
    }
  }
});
