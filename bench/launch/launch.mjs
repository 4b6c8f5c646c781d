// From the pointer going down on a workspace's tile to the picture: node bench/launch/launch.mjs [WORKSPACE] [RUNS]
// Prints, in milliseconds, the median (minimum–maximum) of: first picture (wallpaper) on the canvas, running, and gone after the end.
import { Instance, sleep } from "../../tests/lib/instance.mjs";
import { Visitor } from "../../tests/lib/browser.mjs";

const workspace = process.argv[2] ?? "Desktop";
const runs = Number(process.argv[3] ?? 7);

const watch = () => {
  const now = () => performance.timeOrigin + performance.now();
  addEventListener("pointerdown", () => sessionStorage.setItem("bench-down", String(now())), true);
  if (!location.pathname.startsWith("/sessions/")) return;
  const result = (window.bench = { down: Number(sessionStorage.getItem("bench-down")), page: now() });
  const probe = document.createElement("canvas");
  probe.width = 16;
  probe.height = 16;
  const context = probe.getContext("2d", { willReadFrequently: true });
  const look = () => {
    const canvas = document.querySelector('canvas[aria-label="Remote screen"]');
    if (canvas && canvas.width > 0 && result.picture === undefined) {
      context.drawImage(canvas, 0, 0, 16, 16);
      const data = context.getImageData(0, 0, 16, 16).data;
      let lit = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 0 && data[at] + data[at + 1] + data[at + 2] > 12) lit += 1;
      if (lit > 128) result.picture = now();
    }
    if (document.documentElement.dataset.sessionState === "running" && result.running === undefined) result.running = now();
    if (result.picture === undefined || result.running === undefined) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

const oriel = new Instance();
const visitor = await Visitor.open(oriel, { width: 1920, height: 1080 });
await visitor.context.addInitScript(watch);
await visitor.signsIn();
const figures = { picture: [], running: [], gone: [] };
for (let turn = 0; turn < runs; turn += 1) {
  await visitor.goes(`${oriel.origin}/`);
  await visitor.page.getByRole("button", { name: workspace, exact: true }).waitFor();
  await sleep(1500);
  const id = await visitor.launches(workspace);
  await sleep(300);
  const { down, picture, running } = await visitor.page.evaluate(() => window.bench);
  figures.picture.push(picture - down);
  figures.running.push(running - down);
  await sleep(1000);
  const start = Date.now();
  await oriel.destroy({ kasm_id: id });
  await oriel.gone({ kasm_id: id }, 20);
  figures.gone.push(Date.now() - start);
  process.stderr.write(`run ${turn + 1}: picture ${Math.round(picture - down)}, running ${Math.round(running - down)}, gone ${figures.gone.at(-1)} ms\n`);
  await sleep(1000);
}
await visitor.leaves();
for (const [name, values] of Object.entries(figures)) {
  values.sort((a, b) => a - b);
  console.log(`${workspace} ${name}: ${Math.round(values[values.length >> 1])} (${Math.round(values[0])}–${Math.round(values.at(-1))}) ms, ${values.length} runs`);
}
