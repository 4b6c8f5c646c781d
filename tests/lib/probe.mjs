// The probe program (tests/security/probe.c), built once, and ways to run things inside a session's container.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { run } from "./instance.mjs";

const root = new URL("../..", import.meta.url).pathname;

/** Who can be inside: the desktop's user, the display server's, and root as `docker exec` gives it. */
export const identities = { user: "1000:1000", display: "64010:64010", root: "0:0" };

export async function buildProbe() {
  mkdirSync(`${root}build/test-logs`, { recursive: true });
  const program = `${root}build/test-logs/probe`;
  await run("clang-19", ["-static", "-fno-pie", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-command-line-argument", "-o", program, `${root}tests/security/probe.c`]);
  return program;
}

/** Runs a command in a container with `input` on its standard input; never longer than `seconds`. Answers its output; what went wrong is in it. */
export function inside(container, user, command, { input = "", seconds = 30 } = {}) {
  return new Promise((resolve) => {
    const child = spawn("docker", ["exec", "-i", "-u", user, container, "timeout", String(seconds), ...command], { stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.stdin.on("error", () => undefined);
    child.on("close", () => resolve(output));
    child.stdin.end(input);
  });
}

/** Runs Python text inside a container. */
export const python = (container, user, text, seconds = 30) => inside(container, user, ["python3", "-"], { input: text, seconds });

/** Puts the probe where every identity can run it. */
export async function placeProbe(container, program) {
  await inside(container, identities.user, ["sh", "-c", "cat >/tmp/probe && chmod 755 /tmp/probe"], { input: readFileSync(program) });
}

/** Python text in a process's network namespace, with the host's rights: a neighbour that has what no session has. */
export function inNetworkOf(pid, text, seconds = 20) {
  const child = spawn("nsenter", [`--net=/proc/${pid}/ns/net`, "timeout", String(seconds), "python3", "-"], { stdio: ["pipe", "pipe", "pipe"] });
  const running = { output: "", child };
  child.stdout.on("data", (chunk) => (running.output += chunk));
  child.stderr.on("data", (chunk) => (running.output += chunk));
  running.done = new Promise((resolve) => child.on("close", () => resolve(running.output)));
  child.stdin.end(text);
  return running;
}
