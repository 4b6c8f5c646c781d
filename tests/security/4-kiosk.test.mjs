// The Firefox workspace as a kiosk: keys, addresses, dialogs and downloads lead to no other program and to no file outside Downloads and Uploads.
// Driven through the input stream; judged by the processes, windows and files of the container.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Instance, run, sleep, until } from "../lib/instance.mjs";
import { Internet } from "../lib/internet.mjs";
import { Hands, processes, showsWindow, windows } from "../lib/hands.mjs";
import { identities, inside } from "../lib/probe.mjs";

const script = "#!/bin/sh\ntouch /tmp/escaped\n";
const attachment = (name, type, body) => ({ headers: { "Content-Type": type, "Content-Disposition": `attachment; filename="${name}"` }, body });

describe("Firefox as a kiosk", () => {
  let oriel;
  let person;
  let session;
  let container;
  let internet;
  let hands;
  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
    internet = await Internet.create("198.51.100.0");
    await internet.serve({
      "/": "<title>start page</title>hello",
      "/evil.sh": attachment("evil.sh", "application/x-sh", script),
      "/evil.desktop": attachment("evil.desktop", "application/x-desktop", "[Desktop Entry]\nType=Application\nName=x\nExec=sh -c 'touch /tmp/escaped'\nTerminal=true\n"),
      "/files": `<title>frames</title><iframe src="file:///etc/passwd"></iframe><a id=a href="file:///etc/passwd">x</a><script>try{a.click()}catch(e){}; setTimeout(()=>document.title="still here",500)</script>`,
    });
    session = await person.launch("Firefox", { width: 1280, height: 800 });
    await person.running(session.id);
    container = await oriel.containerOf(session);
    await showsWindow(container, /Mozilla Firefox/);
    hands = await Hands.of(person, session.id);
    // The first keys find the window focused when its address bar takes them.
    await arrives(`http://${internet.address}/`, "the first page", async () => /start page/.test(await title()));
  });
  after(async () => {
    hands?.close();
    if (session) await person.end(session.id);
    await internet?.remove();
    if (session) await oriel.gone({ kasm_id: session.id }, 20);
  });

  const goes = async (address) => {
    await hands.press("Escape");
    await hands.press("Control+l");
    await hands.type(address);
    await sleep(150);
    await hands.press("Delete"); // what the address bar adds by itself
    await hands.press("Return");
  };
  /** Goes to an address until what it leads to is seen: a key may meet a page that is just being painted. */
  const arrives = (address, what, probe) => {
    let next = 0;
    return until(what, 25, async () => {
      if (Date.now() > next) {
        await goes(address);
        next = Date.now() + 6000;
      }
      return probe();
    }, 250);
  };
  const title = async () => (await windows(container)).find((line) => /"Navigator"/.test(line)) ?? "";
  const exists = async (path) => (await inside(container, identities.root, ["test", "-e", path, "-a", "1", "=", "1"])) === "" && (await run("docker", ["exec", "-u", "1000", container, "test", "-e", path], { tolerate: true })).code === 0;
  const allowed = /^(\/usr\/lib\/xorg\/Xorg|\/usr\/bin\/dbus-daemon|\/usr\/lib\/firefox-esr\/|xfwm4|\/usr\/lib\/x86_64-linux-gnu\/xfce4\/xfconf\/xfconfd|\/usr\/libexec\/dconf-service|xwininfo|sh -c export DISPLAY|test -e|timeout)/;
  const nothingElseRuns = async (what) => {
    await sleep(700);
    assert.deepEqual((await processes(container)).filter((line) => !allowed.test(line)), [], `${what} started something`);
    assert.deepEqual((await windows(container)).filter((line) => !/"(Firefox|firefox-esr|xfwm4|Xfwm4|Navigator)"|Mozilla Firefox|"Browser"|"Places"|\(\)/.test(line)), [], `${what} opened something`);
    assert.equal(await exists("/tmp/escaped"), false, `${what} ran a download`);
  };

  test("the image holds no terminal, file manager or editor that anything could start, and no service or file type leads to one", async () => {
    const look = `ls /usr/bin | grep -xE 'xfce4-terminal.*|x-terminal-emulator|[Tt]hunar.*|mousepad|ristretto|xarchiver|xfce4-(panel|settings).*|exo-open|gtk-launch|xdg-open|xterm';
      ls /usr/share/applications/*.desktop | grep -v firefox-esr.desktop; ls /usr/share/dbus-1/services | grep -v -e Xfconf -e dconf; ls -d /usr/lib/*/gtk-3.0/*/printbackends 2>/dev/null; true`;
    assert.equal(await inside(container, identities.user, ["sh", "-c", look]), "");
    const [firefox] = (await inside(container, identities.user, ["pgrep", "-o", "-x", "firefox-esr"])).trim().split("\n");
    assert.match(await inside(container, identities.user, ["grep", "-c", "/usr/lib/oriel/confine.so", `/proc/${firefox}/maps`]), /^[1-9]/);
  });

  test("keys of window managers, terminals and X lead nowhere", async () => {
    const xorg = (await processes(container)).filter((line) => line.includes("Xorg"));
    for (const chord of ["Control+Alt+t", "Alt+F1", "Alt+F2", "Alt+F3", "Super", "Super+e", "Super+r", "Super+t", "Control+Escape", "Control+Alt+Escape", "Control+Alt+Delete", "Control+Alt+l", "Control+Alt+f", "Alt+Tab", "Print", "Control+Alt+F1", "Control+Alt+F2", "Control+Alt+BackSpace", "Control+Shift+Escape", "Alt+Space"]) {
      await hands.press(chord);
      await hands.press("Escape");
    }
    await hands.click(5, 795, 4);
    await hands.press("Escape");
    await nothingElseRuns("a key");
    assert.deepEqual((await processes(container)).filter((line) => line.includes("Xorg")), xorg);
  });

  test("addresses of files, of settings and of tools are blocked; Downloads can be looked at", async () => {
    const blocked = ["file:///etc/passwd", "file:///", "file:///home/user/", "view-source:file:///etc/passwd", "file:///home/user/Downloads/../../../proc/self/environ", "about:config", "about:addons", "about:debugging", "about:support"];
    for (const address of blocked) {
      await arrives(`http://${internet.address}/`, "the start page", async () => /start page/.test(await title()));
      await arrives(address, `${address} is blocked`, async () => /Blocked Page/.test(await title()));
    }
    await arrives("file:///home/user/Downloads/", "Downloads", async () => /Index of file:\/\/\/home\/user\/Downloads/.test(await title()));
    await arrives(`http://${internet.address}/files`, "a page's frame and link to a file", async () => /still here/.test(await title()));
  });

  test("developer tools and extensions are switched off, by the policies that Firefox reads", async () => {
    const { policies } = JSON.parse(await inside(container, identities.user, ["cat", "/etc/firefox-esr/policies/policies.json"]));
    assert.equal(policies.DisableDeveloperTools, true);
    assert.equal(policies.ExtensionSettings["*"].installation_mode, "blocked");
    assert.equal(policies.DisableTelemetry, true, "the desktop's policies hold, too");
  });

  test("a download that is opened runs nothing", async () => {
    const files = [];
    for (const name of ["evil.sh", "evil.desktop"]) {
      // Firefox itself gives what a desktop would run another ending.
      const arrived = async () => (await inside(container, identities.user, ["ls", "/home/user/Downloads"])).split("\n").find((one) => one.startsWith(name) && !one.endsWith(".part"));
      files.push(await arrives(`http://${internet.address}/${name}`, `${name} in Downloads`, arrived));
    }
    // The list of downloads: whatever its keys open.
    await goes("about:downloads");
    await sleep(900);
    for (const key of ["Tab", "Tab", "Down", "Up", "Return", "Tab", "Return", "Down", "Return"]) await hands.press(key);
    await nothingElseRuns("opening a download from the list");
    for (const file of files) {
      await goes(`file:///home/user/Downloads/${file}`);
      await nothingElseRuns(`opening ${file} by its address`);
    }
  });

  test("mailto and other schemes start nothing", async () => {
    for (const address of ["mailto:someone@example.invalid", "ssh://example.invalid/", "x-terminal:", "tel:123"]) {
      await goes(address);
      await nothingElseRuns(address);
    }
    await hands.press("Escape");
  });

  test("dialogs: nothing is opened from or saved to a place outside", async () => {
    await arrives(`http://${internet.address}/`, "the start page", async () => /start page/.test(await title()));
    await hands.press("Control+o");
    await showsWindow(container, /"Open File/);
    await sleep(600);
    await hands.type("/etc/passwd");
    await sleep(600);
    await hands.press("Return");
    await sleep(1000);
    assert.match(await title(), /start page/, "a file outside was opened");
    for (let turn = 0; turn < 3 && (await windows(container)).some((line) => /"Open File/.test(line)); turn += 1) await hands.press("Escape");
    const saves = async (path) => {
      await hands.press("Control+s");
      await showsWindow(container, /"Save As/);
      await sleep(600);
      await hands.press("Control+a");
      await hands.type(path);
      await sleep(500);
      await hands.press("Return");
      await sleep(1500);
      for (let turn = 0; turn < 3 && (await windows(container)).some((line) => /"Save As/.test(line)); turn += 1) {
        await hands.press("Escape");
        await sleep(300);
      }
    };
    await saves("/tmp/outside.html");
    assert.equal(await exists("/tmp/outside.html"), false, "saved outside");
    await saves("/home/user/Downloads/inside.html");
    assert.equal(await exists("/home/user/Downloads/inside.html"), true, "saving to Downloads works");
  });

  test("Firefox's process itself starts no program but its parts, and loads no library from where a person can put one", async () => {
    const attempt = `
import ctypes, os, shutil
shutil.copy("/usr/lib/x86_64-linux-gnu/libz.so.1", "/home/user/Downloads/device.so")
try: ctypes.CDLL("/home/user/Downloads/device.so"); print("loaded")
except OSError: print("not loaded")
try: ctypes.CDLL("libz.so.1"); print("the system's loads")
except OSError: print("broken")
try: os.execv("/bin/sh", ["sh", "-c", "echo shell"])
except OSError: print("not started")`;
    const answer = await inside(container, identities.user, ["env", "LD_PRELOAD=/usr/lib/oriel/confine.so", "python3", "-"], { input: attempt });
    // env is started by timeout without the library; what Python does has it.
    assert.deepEqual(answer.trim().split("\n"), ["not loaded", "the system's loads", "not started"]);
  });

  test("the session is still the same and shows Firefox", async () => {
    assert.equal((await person.session(session.id)).state, "running");
    assert.ok((await windows(container)).some((line) => /"Navigator"/.test(line)));
  });
});
