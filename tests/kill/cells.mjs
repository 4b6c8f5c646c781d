// The cells of the kill matrix: who is killed, at which step, in which phase of a session's life.
import { failpoints } from "../lib/failpoints.mjs";

/** Ours can be killed at their own steps; the others are killed while somebody waits at a step. */
const services = ["api", "manager", "agent", "broker", "db", "redis", "proxy"];
const inside = ["display", "x", "init", "container"];
export const victims = [...services, ...inside];

/** Steps at which the session's container cannot be there yet, so that nothing in it can be killed. */
const beforeContainer = new Set([
  "api.session_allowed", "api.session_requested", "manager.session_seen", "manager.session_placed", "manager.session_told", "agent.session_wanted",
  "agent.control_made", "agent.control_opened", "broker.control_made", "broker.image_found", "broker.network_ensured", "broker.container_created",
]);
/** Steps at which it is gone already. */
const afterContainer = new Set([
  "agent.container_removed", "agent.control_closed", "broker.container_stopped", "broker.container_removed", "broker.control_removed", "manager.session_gone",
]);

export const nameOf = (cell) => `${cell.phase} ${cell.point} ${cell.victim}`;

/** Every cell that can be, in the order of the tables. */
export function allCells() {
  const cells = [];
  for (const point of failpoints) {
    for (const phase of point.phases) {
      for (const victim of victims) {
        const gone = inside.includes(victim) && ((phase === "launch" && beforeContainer.has(point.name)) || (phase === "end" && afterContainer.has(point.name)));
        if (!gone) cells.push({ phase, point: point.name, service: point.service, victim, inside: inside.includes(victim) });
      }
    }
  }
  return cells;
}

/** A random number in [0, 1) from a seed: mulberry32. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The cells in the seed's order. */
export function shuffled(cells, seed) {
  const next = random(seed);
  const list = [...cells];
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = Math.floor(next() * (at + 1));
    [list[at], list[other]] = [list[other], list[at]];
  }
  return list;
}
