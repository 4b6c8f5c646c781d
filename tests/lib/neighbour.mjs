// Somebody else's session that streams while something fails: it must notice nothing.
import assert from "node:assert/strict";
import { run, sleep, until } from "./instance.mjs";

/** Windows that come and go once a second, so that a live stream must bring frames. */
export function startTicking(container) {
  const environment = ["-e", "DISPLAY=:0", "-e", "XAUTHORITY=/run/user/1000/Xauthority", "-e", "HOME=/home/user"];
  const clock = "n=0; while :; do n=$((n + 1)); timeout 0.5 xmessage -nearmouse tick $n >/dev/null 2>&1; sleep 0.1; done";
  return run("docker", ["exec", "-d", "-u", "1000", ...environment, container, "sh", "-c", clock]);
}

export class Neighbour {
  static async moveIn(oriel, person, workspace = "Small") {
    const neighbour = new Neighbour();
    Object.assign(neighbour, { oriel, person });
    neighbour.session = await person.launch(workspace);
    await person.running(neighbour.session.id, 60);
    neighbour.container = await oriel.containerOf(neighbour.session);
    neighbour.startedAt = (await oriel.inspect(neighbour.container)).State.StartedAt;
    await startTicking(neighbour.container);
    await neighbour.connect();
    return neighbour;
  }

  async connect() {
    this.stream = this.person.stream(this.session.id);
    await this.stream.opened;
    await until("the neighbour's first frame", 15, () => this.stream.frames > 0);
  }

  /** Frames still come now, on the same connection, from the same container. Answers how many have come. */
  async lives(seconds = 10) {
    const before = this.stream.frames;
    await until("a new frame for the neighbour", seconds, () => {
      if (this.stream.closed) throw new Error(`its stream closed: ${JSON.stringify(this.stream.closed)}`);
      return this.stream.frames > before + 1;
    });
    return this.stream.frames;
  }

  /** The longest time without a frame in the next `seconds`, in milliseconds: its windows come and go about every 0.3 s. */
  async longestPause(seconds) {
    const end = Date.now() + seconds * 1000;
    let longest = 0;
    let frames = this.stream.frames;
    let last = Date.now();
    while (Date.now() < end) {
      await sleep(10);
      if (this.stream.closed) throw new Error(`its stream closed: ${JSON.stringify(this.stream.closed)}`);
      if (this.stream.frames !== frames) {
        frames = this.stream.frames;
        last = Date.now();
      }
      longest = Math.max(longest, Date.now() - last);
    }
    return longest;
  }

  /** As `lives`, and the container has not been started anew. The daemon must answer. */
  async undisturbed(seconds = 10) {
    const frames = await this.lives(seconds);
    assert.equal((await this.oriel.inspect(this.container)).State.StartedAt, this.startedAt, "the same start of the same container");
    assert.equal((await this.person.session(this.session.id)).state, "running");
    return frames;
  }

  async movesOut() {
    this.stream?.close();
    await sleep(50);
    await this.person.end(this.session.id);
    await this.oriel.gone({ kasm_id: this.session.id }, 30);
  }
}
