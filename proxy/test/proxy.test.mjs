// Drives the proxy from outside and looks at what arrives inside. Started by ./run.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import test from 'node:test';
import tls from 'node:tls';

const work = process.env.ORIEL_TEST_WORK;
const id = '0123456789abcdef0123456789abcdef';
const socketOf = (name) => `${work}/run/pub/${name}.sock`;
let seenByApi = [];
let seenByStream = [];
let authorise = () => ({});

function webSocketAccept(request) {
  return createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
const textFrame = (text) => Buffer.concat([Buffer.from([0x81, Buffer.byteLength(text)]), Buffer.from(text)]);

const api = http.createServer((request, response) => {
  seenByApi.push({ url: request.url, method: request.method, headers: request.headers });
  if (request.url === '/internal/authorize') {
    const answer = authorise(request);
    response.writeHead(answer.status ?? 200, answer.headers ?? {
      'X-Session-Socket': socketOf(id), 'X-Oriel-Viewer': 'aa'.repeat(16), 'X-Oriel-User': 'Ada%20L', 'X-Oriel-Role': 'owner',
      'X-Oriel-Permissions': 'input', 'X-Oriel-Expires': '1800000000', 'X-Oriel-Grant': 'bb'.repeat(16) });
    return response.end();
  }
  if (request.url === '/api/v1/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('event: ready\ndata: {}\n\n');
    setTimeout(() => response.end('event: ping\ndata: {}\n\n'), 400);
    return undefined;
  }
  response.setHeader('Content-Type', 'application/json');
  return response.end(JSON.stringify({ headers: request.headers, url: request.url }));
});
const stream = http.createServer((request, response) => {
  seenByStream.push({ url: request.url, headers: request.headers });
  response.setHeader('Set-Cookie', '__Host-oriel=stolen');
  response.end('not a websocket');
});
stream.on('upgrade', (request, socket) => {
  seenByStream.push({ url: request.url, headers: request.headers });
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: __Host-oriel=stolen\r\nSec-WebSocket-Accept: ${webSocketAccept(request)}\r\n\r\n`);
  socket.on('error', () => {});
  socket.on('data', () => socket.write(textFrame('echo')));
  socket.write(textFrame('hello'));
});
const manager = http.createServer((request, response) => response.end(JSON.stringify({ manager: request.url, headers: request.headers })));
const listen = (server, path) => new Promise((done) => server.listen(path, done));
await listen(api, `${work}/run/api/api.sock`);
await listen(stream, socketOf(id));
await listen(manager, `${work}/run/manager/manager.sock`);
const { chmodSync } = await import('node:fs');
for (const path of [`${work}/run/api/api.sock`, socketOf(id), `${work}/run/manager/manager.sock`]) chmodSync(path, 0o777);
chmodSync(work, 0o755);

/** Sends raw HTTP/1.1, so that nothing normalises the path; resolves with what came until the end or `until` is seen. */
function raw(port, text, { until, wait = 3000, then } = {}) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    let got = '';
    const end = setTimeout(() => { socket.destroy(); resolve(got); }, wait);
    socket.on('secureConnect', () => socket.write(text));
    socket.on('data', (data) => {
      got += data.toString('latin1');
      if (then) { const next = then(got); if (next) { then = undefined; socket.write(next); } }
      if (until && got.includes(until)) { clearTimeout(end); socket.destroy(); resolve(got); }
    });
    socket.on('close', () => { clearTimeout(end); resolve(got); });
    socket.on('error', (error) => { clearTimeout(end); reject(error); });
  });
}
const request = (path, { method = 'GET', headers = {}, host = 'localhost:28443' } = {}) =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
const upgrade = (path, { headers = {}, host = 'localhost:28443' } = {}) =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
const status = (answer) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const body = (answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const unchunk = (text) => JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));

for (let tries = 0; tries < 50; tries += 1) {
  const up = await Promise.all([28443, 28444, 28445].map((port) => new Promise((done) => {
    const probe = net.connect(port, '127.0.0.1');
    probe.on('connect', () => { probe.destroy(); done(true); });
    probe.on('error', () => done(false));
  })));
  if (up.every(Boolean)) break;
  await new Promise((done) => { setTimeout(done, 100); });
}
test.beforeEach(() => { seenByApi = []; seenByStream = []; authorise = () => ({}); });

const maskedFrame = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]);

test('a WebSocket passes to the socket that the API named, with our headers and without the browser\'s', async () => {
  const answer = await raw(28443, upgrade(`/sessions/${id}/display?viewer=1&epoch=2`, { headers: {
    Cookie: '__Host-oriel=secret', Origin: 'https://localhost:28443', 'X-Oriel-User': 'mallory', 'X-Oriel-Role': 'owner', 'X-Oriel-Anything': 'x',
    'X-Session-Socket': '/etc/passwd', 'X_Oriel_User': 'mallory', Authorization: 'Bearer x' } }),
  { until: 'echo', then: (got) => (got.includes('hello') ? maskedFrame : undefined) });
  assert.equal(status(answer), 101);
  assert.match(answer, /hello.*echo/s);
  assert.doesNotMatch(answer, /Set-Cookie/i);
  assert.equal(seenByStream[0].url, `/sessions/${id}/display?viewer=1&epoch=2`);
  const headers = seenByStream[0].headers;
  assert.equal(headers['x-oriel-user'], 'Ada%20L');
  assert.equal(headers['x-oriel-role'], 'owner');
  assert.equal(headers['x-oriel-permissions'], 'input');
  assert.equal(headers['x-oriel-expires'], '1800000000');
  assert.equal(headers['x-oriel-grant'], 'bb'.repeat(16));
  for (const name of ['cookie', 'authorization', 'x-oriel-anything', 'x-session-socket', 'x_oriel_user']) assert.equal(headers[name], undefined, name);
  const asked = seenByApi[0];
  assert.equal(asked.url, '/internal/authorize');
  assert.equal(asked.headers['x-original-uri'], `/sessions/${id}/display?viewer=1&epoch=2`);
  assert.equal(asked.headers.cookie, '__Host-oriel=secret');
  assert.equal(asked.headers.origin, 'https://localhost:28443');
  assert.equal(asked.headers['x-oriel-user'], undefined);
});

test('401 and 403 of the API reach the browser and no stream is touched', async () => {
  for (const refused of [401, 403]) {
    authorise = () => ({ status: refused, headers: {} });
    const answer = await raw(28443, upgrade(`/sessions/${id}/input`));
    assert.equal(status(answer), refused);
    assert.match(answer, /"code":"(unauthenticated|forbidden)"/);
  }
  assert.equal(seenByStream.length, 0);
});

test('a socket outside run/pub is never opened', async () => {
  for (const path of [`${work}/run/api/api.sock`, '/var/run/docker.sock', `${work}/run/pub/../api/api.sock`, '']) {
    authorise = () => ({ headers: { 'X-Session-Socket': path } });
    const answer = await raw(28443, upgrade(`/sessions/${id}/display`));
    assert.ok(status(answer) >= 500, `${path}: ${status(answer)}`);
  }
  assert.ok(seenByApi.every((one) => one.url === '/internal/authorize'));
});

// In every other test here the second instance is away: each of their requests is one that was passed over to the first.
test('API instances share the requests, and what one received is never sent to another', async () => {
  const seenBySecond = [];
  let cut = false;
  const second = http.createServer((incoming, response) => {
    seenBySecond.push(incoming.method);
    if (cut) return incoming.socket.destroy();
    response.setHeader('Content-Type', 'application/json');
    return response.end('{}');
  });
  const ask = async (method) => status(await raw(28443, request('/api/v1/me', { method, headers: { 'Content-Length': 0 } })));
  await listen(second, `${work}/run/api/api-2.sock`);
  chmodSync(`${work}/run/api/api-2.sock`, 0o777);
  try {
    for (let tries = 0; tries < 8; tries += 1) assert.equal(await ask('GET'), 200);
    assert.ok(seenBySecond.length >= 2 && seenByApi.length >= 2, `${seenByApi.length} and ${seenBySecond.length}`);
    cut = true;
    seenBySecond.length = 0;
    seenByApi = [];
    const answers = [];
    for (let tries = 0; tries < 8; tries += 1) answers.push(await ask('POST'));
    assert.ok(seenBySecond.length >= 2, 'the second instance was asked');
    assert.equal(answers.filter((code) => code >= 500).length, seenBySecond.length);
    assert.equal(seenByApi.length + seenBySecond.length, 8);
    seenByApi = [];
    for (let tries = 0; tries < 8; tries += 1) assert.equal(await ask('GET'), 200);
    assert.equal(seenByApi.length, 8);
  } finally {
    second.closeAllConnections?.();
    await new Promise((done) => { second.close(done); });
  }
  for (let tries = 0; tries < 4; tries += 1) assert.equal(await ask('POST'), 200);
});

test('paths that could be read in two ways are refused', async () => {
  const mine = 'f'.repeat(32);
  for (const path of [`/sessions/${mine}/../${id}/display`, `/sessions//${id}/display`, `//sessions/${id}/display`, `/sessions/${mine}%2f..%2f${id}/display`,
    `/sessions/${mine}/%2e%2e/${id}/display`, `/sessions/${id}/display/..`, `/sessions/${id}/./display`, `/sessions/${id}\\display`, `/sessions/${id}/display%00`,
    `/sessions/${id};x/display`, '/api/v1/../../internal/authorize', '/x/..//internal/authorize', '/api/%2e%2e/internal/authorize']) {
    const answer = await raw(28443, upgrade(path));
    assert.equal(status(answer), 400, path);
  }
  assert.equal(seenByStream.length, 0);
  assert.equal(seenByApi.length, 0);
});

test('whatever the path looks like, the stream that is asked for is the stream that was authorised', async () => {
  const [mine, theirs] = ['f'.repeat(32), id];
  // The API's answer follows the address that the proxy showed it, letter by letter.
  authorise = (asked) => {
    const exact = /^\/sessions\/([0-9a-f]{32})\/(display|input|clipboard)\?viewer=[0-9a-f]+$/.exec(asked.headers['x-original-uri'] ?? '');
    return exact ? { headers: { 'X-Session-Socket': socketOf(exact[1]), 'X-Oriel-Viewer': 'a'.repeat(32), 'X-Oriel-Role': 'owner' } } : { status: 403, headers: {} };
  };
  const ways = ['/..', '/../', '/%2e%2e/', '/.%2e/', '/%2E%2E/', '/..%2f', '/..%2F', '/..%5c', '/..\\', '/..;/', '/.;/', '/%252e%252e/', '/%c0%ae%c0%ae/', '/..%00/', '/%09../', '/..%0d/', '//../', '/./../'];
  const paths = ways.flatMap((way) => [`/sessions/${mine}${way}${theirs}/display?viewer=1`, `/sessions/${mine}/display${way}input?viewer=1`, `/sessions/${mine}/display${way}${way}${theirs}/display?viewer=1`]);
  for (const prefix of ['/Sessions', '/SESSIONS', '/sessions/', '//sessions', '/./sessions', '/%73essions', '/sessions%2f', '/sessions;', '/x/../sessions', '/api/../sessions', '/assets/../sessions', '/_error/../sessions']) {
    paths.push(`${prefix}/${theirs}/display?viewer=1`);
  }
  for (const tail of ['.', '/', '%20', '%00', '%23', '%3f', ';', '#', '/.', '\t', '/display', '%2f', '.html', '::$DATA', '~']) paths.push(`/sessions/${theirs}/display${tail}?viewer=1`);
  paths.push(`/sessions/${theirs.toUpperCase()}/display?viewer=1`, `/sessions/${theirs}/Display?viewer=1`, `/sessions/${theirs}/display%3fviewer=1`, `/sessions/${theirs}/display?viewer=1#/../input`,
    `/sessions/${theirs.slice(0, 8)}-${theirs.slice(8)}/display?viewer=1`, `/sessions/${theirs}/display?viewer=1&/../${mine}`, `*`, `sessions/${theirs}/display?viewer=1`, `?/sessions/${theirs}/display?viewer=1`);
  const answers = await Promise.all(paths.map(async (path) => [path, status(await raw(28443, upgrade(path), { wait: 2000, until: 'hello' }))]));
  for (const [path, code] of answers) assert.ok(code >= 400 || code === 200 || Number.isNaN(code), `${path}: ${code}`);
  for (const one of seenByStream) assert.match(one.url, new RegExp(`^/sessions/${theirs}/(display|input|clipboard)\\?viewer=`), 'a stream was reached by another address than its own');
  assert.deepEqual(seenByStream, [], 'no crooked path reaches a stream');
  // The right one does.
  assert.equal(status(await raw(28443, upgrade(`/sessions/${theirs}/display?viewer=1`), { until: 'hello' })), 101);
});

test('an absolute address or a tunnel reaches nothing but us', async () => {
  for (const [line, wanted] of [[`GET https://localhost:28443/internal/authorize HTTP/1.1`, [404]], [`GET http://localhost/internal/authorize HTTP/1.1`, [404]], [`GET http://evil.example/api/v1/me HTTP/1.1`, [200, 400]],
    [`CONNECT localhost:5432 HTTP/1.1`, [400, 405]], [`TRACE / HTTP/1.1`, [405]], [`GET unix:/var/run/docker.sock HTTP/1.1`, [400]], [`PRI * HTTP/2.0`, [400, 405, 505, NaN]]]) {
    const answer = await raw(28443, `${line}\r\nHost: localhost:28443\r\nConnection: close\r\n\r\n`);
    assert.ok(wanted.some((code) => Object.is(code, status(answer))), `${line}: ${answer.slice(0, 80)}`);
    assert.doesNotMatch(body(answer), /X-Secret|GET |TRACE/);
  }
  assert.ok(seenByApi.every((one) => one.url !== '/internal/authorize'));
});

test('files of the proxy are not reached beside their folder', async () => {
  for (const path of ['/_error/../nginx.conf', '/_error../nginx.conf', '/_error/%2e%2e/nginx.conf', '/share/', '/key.pem', '/../key.pem', '/_error/', '/_error', '/.git/config', '/nginx.conf', '/nginx_status', '/server-status', '/debug', '/debug/pprof', '/metrics', '/actuator', '/.env']) {
    const answer = await raw(28443, request(path));
    assert.doesNotMatch(answer, /PRIVATE KEY|worker_processes|Index of/);
    assert.ok([400, 404].includes(status(answer)) || seenByApi.length > 0, path);
  }
});

test('a request is one request, or none: no second one hides in it', async () => {
  const hidden = 'GET /api/v1/hidden HTTP/1.1\r\nHost: localhost:28443\r\n\r\n';
  const head = (fields, method = 'POST', path = '/api/v1/first') => `${method} ${path} HTTP/1.1\r\nHost: localhost:28443\r\n${fields}`;
  const chunked = `0\r\n\r\n${hidden}`;
  const cases = {
    'Content-Length and Transfer-Encoding': head(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\r\n\r\n`) + chunked,
    'Transfer-Encoding and Content-Length': head(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n`) + `5\r\nabcde\r\n0\r\n\r\n`,
    'two lengths': head(`Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n`) + hidden,
    'a list of lengths': head(`Content-Length: 0, ${hidden.length}\r\n\r\n`) + hidden,
    'a signed length': head(`Content-Length: +0\r\n\r\n`),
    'a negative length': head(`Content-Length: -1\r\n\r\n`),
    'a length in hex': head(`Content-Length: 0x10\r\n\r\n`),
    'a coding with a space before its colon': head(`Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc`),
    'an unknown coding': head(`Transfer-Encoding: xchunked\r\n\r\n`) + chunked,
    'two codings': head(`Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`) + chunked,
    'a folded coding': head(`Transfer-Encoding:\r\n chunked\r\n\r\n`) + chunked,
    'a coding after a tab': head(`Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n`) + `0\r\n\r\n`,
    'two hosts': 'GET /api/v1/first HTTP/1.1\r\nHost: localhost:28443\r\nHost: evil.example\r\n\r\n',
    'no host': 'GET /api/v1/first HTTP/1.1\r\n\r\n',
    'a NUL in a header': head('X-A: a\0b\r\n\r\n', 'GET'),
    'a bare return in a header': head('X-A: a\rX-Real-IP: 203.0.113.9\r\n\r\n', 'GET'),
    'a chunk that is too long': head('Transfer-Encoding: chunked\r\n\r\n') + 'ffffffffffffffff1\r\nabc\r\n0\r\n\r\n',
    'HTTP/1.0 with a coding': `POST /api/v1/first HTTP/1.0\r\nHost: localhost:28443\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
  };
  for (const [name, text] of Object.entries(cases)) {
    seenByApi = [];
    const answer = await raw(28443, text, { wait: 1200 });
    const hiddenSeen = seenByApi.filter((one) => one.url === '/api/v1/hidden').length;
    const answers = answer.split(/^HTTP\/1\.1 /m).length - 1;
    // What is passed on is passed on whole, with one way to say where it ends; then two requests are two.
    for (const one of seenByApi) {
      assert.ok(!(one.headers['content-length'] !== undefined && one.headers['transfer-encoding'] !== undefined), name);
      assert.equal(one.headers['x-real-ip'], '127.0.0.1', name);
      assert.equal(one.headers.host, 'localhost:28443', name);
    }
    assert.equal(hiddenSeen, 0, `${name}: a hidden request was seen`);
    assert.ok(answers <= 1, `${name}: ${answers} answers`);
  }
});

test('a client cannot take our own headers away, nor write them', async () => {
  const ours = ['X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Request-ID', 'Host', 'Cookie', 'Origin', 'X-Oriel-Role', 'X-Oriel-Grant', 'X-Original-URI'];
  const forged = Object.fromEntries(['X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Request-ID', 'Forwarded', 'X-Original-URI', 'X-Original-Method', 'X-Session-Socket', 'X-Oriel-Viewer', 'X-Oriel-User', 'X-Oriel-Role',
    'X-Oriel-Permissions', 'X-Oriel-Expires', 'X-Oriel-Grant'].flatMap((name) => [[name, '203.0.113.9'], [name.replaceAll('-', '_'), '203.0.113.9'], [name.toLowerCase().replace('-', '_'), '203.0.113.9']]));
  for (const headers of [forged, { ...forged, Connection: `close, ${ours.join(', ')}` }, { Connection: `keep-alive, ${ours.join(', ')}` }, { 'Proxy-Connection': ours.join(', '), 'Keep-Alive': 'x' }, { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA', Connection: 'Upgrade, HTTP2-Settings' }]) {
    seenByApi = [];
    const text = `GET /api/v1/me HTTP/1.1\r\nHost: localhost:28443\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    await raw(28443, text, { wait: 500, until: '"url"' });
    assert.equal(seenByApi.length, 1);
    const seen = seenByApi[0].headers;
    assert.equal(seen['x-real-ip'], '127.0.0.1');
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen['x-forwarded-host'], 'localhost:28443');
    assert.match(seen['x-request-id'], /^[0-9a-f]{32}$/);
    for (const name of Object.keys(seen)) assert.ok(!/oriel|original|session.socket|^forwarded|_/.test(name) , name);
    assert.ok(!Object.values(seen).includes('203.0.113.9'));
  }
});

test('other routes of a session do not exist at the stream', async () => {
  for (const path of [`/sessions/${id}/other`, `/sessions/${id}/display/x`, `/sessions/${id.toUpperCase()}/display`, `/sessions/${id}0/display`]) await raw(28443, request(path));
  assert.equal(seenByStream.length, 0);
});

test('what is ours alone is not there from outside', async () => {
  for (const path of ['/internal/authorize', '/internal/', '/internal', '/live', '/ready', '/_error/503.html', '/metrics']) {
    const answer = await raw(28443, request(path));
    assert.equal(status(answer), 404, path);
  }
  assert.equal(seenByApi.length, 0);
});

test('the client address is the peer\'s: X-Forwarded-For of an untrusted client is replaced', async () => {
  const answer = unchunk(body(await raw(28443, request('/api/v1/me', { headers: { 'X-Forwarded-For': '203.0.113.9', 'X-Real-IP': '203.0.113.9', Forwarded: 'for=203.0.113.9' } }))));
  assert.equal(answer.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(answer.headers['x-real-ip'], '127.0.0.1');
  assert.equal(answer.headers.forwarded, undefined);
  assert.equal(answer.headers['x-forwarded-proto'], 'https');
  assert.equal(answer.headers.host, 'localhost:28443');
});

test('behind a trusted proxy the address is the last one that no trusted proxy wrote', async () => {
  const answer = unchunk(body(await raw(28444, request('/api/v1/me', { headers: { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9' } }))));
  assert.equal(answer.headers['x-forwarded-for'], '203.0.113.9');
});

test('events arrive as they are written', async () => {
  const begin = Date.now();
  await raw(28443, request('/api/v1/events'), { until: 'event: ready' });
  assert.ok(Date.now() - begin < 350, 'buffered');
});

test('agents reach the manager and no cookie does', async () => {
  const answer = unchunk(body(await raw(28443, request('/agent/v1/enrol', { method: 'POST', headers: { Cookie: 'a=b', 'Content-Length': '0' } }))));
  assert.equal(answer.manager, '/agent/v1/enrol');
  assert.equal(answer.headers.cookie, undefined);
});

test('HSTS, no version, and only modern TLS', async () => {
  const answer = await raw(28443, request('/api/v1/me'));
  assert.match(answer, /Strict-Transport-Security: max-age=31536000/);
  assert.match(answer, /^Server: nginx\r$/m);
  const old = await new Promise((done) => {
    const socket = tls.connect({ port: 28443, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    socket.on('secureConnect', () => { socket.destroy(); done('connected'); });
    socket.on('error', () => done('refused'));
  });
  assert.equal(old, 'refused');
  const h2 = await new Promise((done, failed) => {
    const socket = tls.connect({ port: 28443, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] });
    socket.on('secureConnect', () => { done(socket.alpnProtocol); socket.destroy(); });
    socket.on('error', failed);
  });
  assert.equal(h2, 'h2');
});

test('plain HTTP on the TLS port is sent to https', async () => {
  const answer = await new Promise((done) => {
    const socket = net.connect(28443, '127.0.0.1', () => socket.write(request('/x?y=1')));
    let got = '';
    socket.on('data', (data) => { got += data; });
    socket.on('close', () => done(got));
  });
  assert.equal(status(answer), 308);
  assert.match(answer, /Location: https:\/\/localhost:28443\/x\?y=1/);
});

test('bodies and headers have bounds', async () => {
  const large = await raw(28443, request('/api/v1/sessions', { method: 'POST', headers: { 'Content-Length': String(3 * 1024 * 1024) } }));
  assert.equal(status(large), 413);
  assert.match(large, /"code":"invalid"/);
});

test('a stopped session answers at once, in words', async () => {
  authorise = () => ({ headers: { 'X-Session-Socket': socketOf('dd'.repeat(16)) } });
  const begin = Date.now();
  const answer = await raw(28443, upgrade(`/sessions/${id}/display`), { until: '"unavailable"' });
  assert.equal(status(answer), 502);
  assert.match(answer, /"code":"unavailable"/);
  assert.ok(Date.now() - begin < 500);
});

for (const [name, port] of [['nginx', 28445], ['HAProxy', 28446]]) {
  test(`behind ${name} at another name and port`, { skip: name === 'HAProxy' && process.env.ORIEL_TEST_HAPROXY !== '1' && 'haproxy is not installed' }, async () => {
    const host = `desk.example.test:${port}`;
    const answer = await raw(port, upgrade(`/sessions/${id}/display?viewer=2`, { host, headers: { Origin: `https://${host}`, 'X-Oriel-User': 'mallory' } }), { until: 'hello' });
    assert.equal(status(answer), 101);
    assert.equal(seenByApi[0].headers.host, host);
    assert.equal(seenByApi[0].headers.origin, `https://${host}`);
    assert.equal(seenByStream[0].headers['x-oriel-user'], 'Ada%20L');
  });
}

test('who guesses at passwords, links or enrolment tokens is slowed before the API is asked', async () => {
  for (const [path, most] of [['/api/v1/sign-in', 60], ['/api/v1/exchange', 60], ['/agent/v1/enrol', 300]]) {
    // Sign-in and links share what an address may ask, ten a second: without this nothing is left for the second of them.
    await new Promise((done) => { setTimeout(done, 500); });
    const answers = await new Promise((done) => {
      const socket = tls.connect({ port: 28443, host: '127.0.0.1', rejectUnauthorized: false });
      let got = '';
      const total = most + 150;
      const one = `POST ${path} HTTP/1.1\r\nHost: localhost:28443\r\nContent-Length: 0\r\n\r\n`;
      const finish = () => done([...got.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1])));
      socket.on('secureConnect', () => socket.write(one.repeat(total - 1) + one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')));
      socket.on('data', (data) => { got += data.toString('latin1'); });
      socket.on('close', finish);
      socket.on('error', finish);
    });
    const slowed = answers.filter((code) => code === 429).length;
    assert.ok(slowed >= 50, `${path}: ${slowed} of ${answers.length} were slowed`);
    assert.ok(answers.includes(200), path);
  }
});

test('the access log holds neither queries nor cookies', async () => {
  await raw(28443, request('/api/v1/me?token=planted-secret', { headers: { Cookie: 'c=planted-secret' } }));
  await new Promise((done) => { setTimeout(done, 2500); });
  const log = readFileSync(`${work}/plain/access.log`, 'utf8');
  assert.match(log, /"path":"\/api\/v1\/me"/);
  assert.doesNotMatch(log, /planted-secret/);
  for (const line of log.trim().split('\n')) JSON.parse(line);
});

test.after(() => { for (const server of [api, stream, manager]) { server.close(); server.closeAllConnections(); server.unref(); } });
