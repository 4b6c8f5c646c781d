// The WebAssembly build draws the golden frames as the native decoder does: node --test golden.test.mjs (ORIEL_WASM names a built module).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const golden = (name) => {
  const text = readFileSync(join(here, '../../../../protocol/display/golden', `${name}.hex`), 'utf8');
  return Buffer.from(text.replace(/#.*$/gm, '').replace(/\s+/g, ''), 'hex');
};

const built = process.env.ORIEL_WASM ?? join(tmpdir(), `oriel-decoder-${process.pid}.wasm`);
if (!process.env.ORIEL_WASM) execFileSync(join(here, 'build.sh'), [built], { stdio: 'ignore' });
const module = await WebAssembly.compile(readFileSync(built));

const start = async () => {
  const w = (await WebAssembly.instantiate(module, {})).exports;
  w._initialize();
  const receive = (message) => {
    const at = w.oriel_input(message.length); // May grow the memory: the view comes after it.
    new Uint8Array(w.memory.buffer, at).set(message);
    const types = [];
    for (let type = w.oriel_next(); type !== 0; type = w.oriel_next()) {
      types.push(type);
      if (type < 0) break;
    }
    return types;
  };
  return { w, receive };
};

test('needs nothing of its host and is small', () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test('draws the golden frames', async () => {
  const { w, receive } = await start();
  assert.deepEqual(receive(golden('frames')), [0x02, 0x04, 0x04]);
  assert.equal(w.oriel_width(), 32);
  const expected = golden('frames-result');
  const pixels = new Uint8Array(w.memory.buffer, w.oriel_frame_buffer(), 32 * 32 * 4);
  const rgb = Buffer.from(pixels.filter((_, index) => index % 4 !== 3));
  assert.deepEqual(rgb, expected);
  const end = new DataView(w.memory.buffer, w.oriel_end(), 24);
  assert.deepEqual([1, 2, 17, 3], [0, 4, 8, 12].map((at) => end.getUint32(at, true)));
  assert.equal(end.getFloat64(16, true), 2000);
  assert.ok(w.oriel_dirty_count() > 0);
  w.oriel_clear_dirty();
  assert.equal(w.oriel_dirty_count(), 0);
});

test('hands on what it does not apply and ends on what is wrong', async () => {
  const { w, receive } = await start();
  assert.deepEqual(receive(golden('cursor')), [0x05]);
  assert.equal(w.oriel_body_length(), 20);
  assert.deepEqual(receive(Buffer.concat([golden('state'), golden('pong')])), [0x07, 0x08]);
  assert.deepEqual(receive(Buffer.from([0x33, 0, 0, 0, 0])), [-2]);
  assert.deepEqual(receive(golden('state')).length, 1);
  assert.deepEqual(receive(Buffer.from([0x04, 9, 0, 0, 0])), [-1]);
});
