// Processes as the host sees them: those of one container, and how many descriptors one holds.
import { readFileSync, readdirSync } from "node:fs";

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Host pids of the container's processes whose command is `name` (as /proc/PID/comm has it). */
export function processesOf(container, name) {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => read(`/proc/${pid}/comm`).trim() === name && read(`/proc/${pid}/cgroup`).includes(container))
    .map(Number);
}

/** Open descriptors of a process; 0 when it is gone. */
export function descriptorsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
