// Keyboard and pointer of a session over its input stream, and what its screen holds, read from X inside the container.
import WebSocket from "ws";
import { run, sleep, until } from "./instance.mjs";

/** X11 keysym and evdev keycode of the keys that have a name; letters and digits are looked up in `letters`. */
const named = {
  Return: [0xff0d, 28], Escape: [0xff1b, 1], Tab: [0xff09, 15], BackSpace: [0xff08, 14], Delete: [0xffff, 111], Home: [0xff50, 102], End: [0xff57, 107],
  Left: [0xff51, 105], Right: [0xff53, 106], Up: [0xff52, 103], Down: [0xff54, 108], Print: [0xff61, 99], Menu: [0xff67, 127],
  Shift: [0xffe1, 42], Control: [0xffe3, 29], Alt: [0xffe9, 56], Super: [0xffeb, 125], Space: [0x20, 57],
  F1: [0xffbe, 59], F2: [0xffbf, 60], F3: [0xffc0, 61], F4: [0xffc1, 62], F5: [0xffc2, 63], F6: [0xffc3, 64], F7: [0xffc4, 65], F8: [0xffc5, 66],
  F9: [0xffc6, 67], F10: [0xffc7, 68], F11: [0xffc8, 87], F12: [0xffc9, 88],
};
const letters = { a: 30, b: 48, c: 46, d: 32, e: 18, f: 33, g: 34, h: 35, i: 23, j: 36, k: 37, l: 38, m: 50, n: 49, o: 24, p: 25, q: 16, r: 19, s: 31, t: 20, u: 22, v: 47, w: 17, x: 45, y: 21, z: 44 };
const modifierBits = { Shift: 1, Control: 2, Alt: 4, Super: 8 };

export class Hands {
  static async of(person, id) {
    const hands = new Hands();
    hands.sequence = 0;
    const url = `${person.instance.origin.replace("https", "wss")}/sessions/${id}/input?viewer=${"5e".repeat(16)}`;
    hands.socket = new WebSocket(url, { ca: person.instance.ca, perMessageDeflate: false, headers: { Cookie: person.cookie, Origin: person.instance.origin } });
    await new Promise((resolve, reject) => {
      hands.socket.once("open", resolve);
      hands.socket.once("error", reject);
    });
    hands.socket.on("error", () => undefined);
    return hands;
  }

  #send(type, body) {
    const message = Buffer.alloc(9 + body.length);
    message[0] = type;
    message.writeUInt32LE(4 + body.length, 1);
    message.writeUInt32LE((this.sequence += 1), 5);
    body.copy(message, 9);
    this.socket.send(message);
  }

  #key(down, [keysym, code], modifiers) {
    const body = Buffer.alloc(8);
    body[0] = down ? 1 : 0;
    body.writeUInt32LE(keysym, 1);
    body.writeUInt16LE(code, 5);
    body[7] = modifiers;
    this.#send(0x61, body);
  }

  /** One chord, as `Control+Alt+t`. */
  async press(chord) {
    const keys = chord.split("+");
    let modifiers = 0;
    const pressed = [];
    for (const name of keys) {
      const key = named[name] ?? [name.charCodeAt(0), letters[name.toLowerCase()] ?? 0];
      this.#key(true, key, modifiers);
      modifiers |= modifierBits[name] ?? 0;
      pressed.unshift([name, key]);
    }
    for (const [name, key] of pressed) {
      modifiers &= ~(modifierBits[name] ?? 0);
      this.#key(false, key, modifiers);
    }
    await sleep(120);
  }

  async type(text) {
    this.#send(0x65, Buffer.from(text));
    await sleep(250);
  }

  async click(x, y, button = 1) {
    for (const buttons of [0, button, 0]) {
      const body = Buffer.alloc(5);
      body.writeUInt16LE(x, 0);
      body.writeUInt16LE(y, 2);
      body[4] = buttons;
      this.#send(0x62, body);
      await sleep(60);
    }
  }

  close() {
    this.socket.close();
  }
}

/** What stands on a session's screen: titles and classes of all windows that are viewable, read as the desktop's user. */
export async function windows(container) {
  const script = `export DISPLAY=:0 XAUTHORITY=/run/user/1000/Xauthority; xwininfo -root -tree`;
  const { stdout } = await run("docker", ["exec", "-u", "1000", container, "sh", "-c", script], { tolerate: true });
  return stdout.split("\n").filter((line) => /^\s+0x[0-9a-f]+ "/.test(line)).map((line) => line.trim());
}

/** Command lines of all processes of a container's user, from the host. */
export async function processes(container, user = "1000") {
  const { stdout } = await run("docker", ["top", container, "-eo", "uid,pid,args"]);
  return stdout.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/)).filter(([uid]) => uid === user).map(([, , ...words]) => words.join(" "));
}

/** Waits until a window's line matches. */
export function showsWindow(container, pattern, seconds = 15) {
  return until(`a window ${pattern}`, seconds, async () => (await windows(container)).find((line) => pattern.test(line)), 250);
}
