// The stream as a person meets it, through nginx and into the browser's frame buffer: node bench/client/client.mjs [KEYS] [SECONDS]
// Prints key → applied (idle terminal), a text page scrolled 30 times a second at 1080p (frames, bits, exactness), and an idle screen.
import { Instance, run, sleep, until } from "../../tests/lib/instance.mjs";
import { Internet } from "../../tests/lib/internet.mjs";
import { Visitor } from "../../tests/lib/browser.mjs";

const keys = Number(process.argv[2] ?? 120);
const seconds = Number(process.argv[3] ?? 10);
const rank = (values, share) => values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const words = "the quick brown fox jumps over the lazy dog while a calm window shows exact pixels of every letter that was drawn ".split(" ");
const page = `<!doctype html><title>scroll</title><style>body{font:16px/1.4 "DejaVu Sans";margin:20px}</style>
<script>const words=${JSON.stringify(words)};
for(let at=0;at<1500;at++){const p=document.createElement('p');p.textContent=at+' '+Array.from({length:16},(_,n)=>words[(at*7+n*3)%words.length]).join(' ');document.body?.append(p)||document.documentElement.append(p)}
let y=0;setInterval(()=>{y+=12;scrollTo(0,y)},1000/30)</script>`;

const oriel = new Instance();
const internet = await Internet.create();
await internet.serve({ "/": page });
const visitor = await Visitor.open(oriel, { width: 1920, height: 1080 });
const environment = ["-e", "DISPLAY=:0", "-e", "XAUTHORITY=/run/user/1000/Xauthority", "-e", "HOME=/home/user"];
const state = () => visitor.page.evaluate(() => window.orielMeasure.state());
try {
  const messages = { sent: 0, received: 0 };
  visitor.page.on("websocket", (socket) => {
    socket.on("framesent", () => (messages.sent += 1));
    socket.on("framereceived", () => (messages.received += 1));
  });
  await visitor.signsIn();
  let id = await visitor.launches("Desktop");
  await visitor.measures();
  await run("docker", ["exec", "-d", "-u", "1000", ...environment, await oriel.containerOf({ id }), "xfce4-terminal", "--disable-server", "-x", "cat"]);
  await sleep(4000);
  await visitor.page.evaluate(() => {
    window.applied = [];
    window.orielMeasure.on("applied", (times) => window.applied.push(times.appliedTime - times.inputTime));
  });
  for (let at = 0; at < keys; at += 1) {
    await visitor.page.keyboard.down("abcdefghij"[at % 10]);
    await sleep(60 + (at * 37) % 50);
    await visitor.page.keyboard.up("abcdefghij"[at % 10]);
    await sleep(90);
  }
  // Releases change nothing on the screen and are reported with the next frame: the faster half of all is the presses.
  const applied = await visitor.page.evaluate(() => window.applied);
  const presses = applied.filter((time) => time < 60);
  console.log(`key → applied: p50 ${rank(presses, 0.5).toFixed(1)} ms, p95 ${rank(presses, 0.95).toFixed(1)} ms (${presses.length} of ${keys} keys seen)`);

  await run("docker", ["exec", "-u", "1000", await oriel.containerOf({ id }), "pkill", "-f", "xfce4-terminal"], { tolerate: true });
  await visitor.page.mouse.move(900, 500);
  await sleep(8000);
  const quiet = await state();
  const counted = { ...messages };
  await sleep(20_000);
  const later = await state();
  console.log(`idle: ${later.received - quiet.received} bytes, ${later.frames - quiet.frames} frames in 20 s (the desktop's clock may tick once); WebSocket messages: ${messages.sent - counted.sent} sent, ${messages.received - counted.received} received`);
  await oriel.destroy({ kasm_id: id });
  await oriel.gone({ kasm_id: id });

  await visitor.goes(`${oriel.origin}/`);
  id = await visitor.launches("Firefox");
  await visitor.measures();
  await visitor.canvas.click({ position: { x: 900, y: 600 } });
  await visitor.page.keyboard.press("Control+l");
  await sleep(300);
  await visitor.page.keyboard.type(`http://${internet.address}/`, { delay: 15 });
  await visitor.page.keyboard.press("Enter");
  await until("the page scrolls", 15, async () => {
    const first = (await state()).frames;
    await sleep(1000);
    return (await state()).frames - first > 15;
  });
  await sleep(2000);
  const before = await state();
  const start = Date.now();
  await sleep(seconds * 1000);
  const after = await state();
  const took = (Date.now() - start) / 1000;
  console.log(`scroll 30/s at 1920×1080: ${((after.frames - before.frames) / took).toFixed(1)} frames/s, ${(((after.received - before.received) * 8) / took / 1e6).toFixed(2)} Mbit/s; state ${JSON.stringify(after)}`);
  await oriel.destroy({ kasm_id: id });
} finally {
  await visitor.leaves();
  await internet.remove();
}
process.exit(0);
