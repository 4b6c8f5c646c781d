// Users, devices, the audit and diagnostics of the mock installation.
import { randomUUID } from "node:crypto";

const hex = () => randomUUID().replaceAll("-", "");
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const named = (name) => Buffer.from(name.padEnd(16, "-")).toString("hex").slice(0, 32);
const administrators = { id: named("administrators"), name: "Administrators", description: "May do everything.", administrators: true, members: 2 };
const everybody = { id: named("all-users"), name: "All Users", description: "Everybody who may start workspaces.", administrators: false, members: 62 };
const browsers = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
];

/** What the state of the mock has of people; made once, when it is first asked for. */
function peopleOf(state) {
  if (state.people) return state.people;
  const names = ["Mara Lindqvist", "Noor Haddad", "Lin Zhang", "Jonas Weber", "Amira Saleh", "Tomas Novak", "Priya Raman", "Sven Olsen", "Kofi Mensah", "Elena Petrova", "Wren Okafor", "Ines Duarte"];
  const users = [];
  for (let index = 0; index < (state.shape === "empty" ? 1 : 62); index++) {
    const [first, last] = names[index % names.length].split(" ");
    const username = index < names.length ? first.toLowerCase() : `${first.toLowerCase()}.${last.toLowerCase()}${Math.floor(index / names.length)}`;
    const disabled = index % 9 === 5;
    const locked = index % 17 === 8;
    users.push({
      id: index === 0 ? state.me.id : named(username), username, first_name: first, last_name: last, display_name: `${first} ${last}`,
      groups: index < 2 ? [administrators, everybody] : [everybody], administrator: index < 2, state: disabled ? "disabled" : locked ? "locked" : "active", locked,
      must_change_password: index % 11 === 10, created_at: ago(86_400 * (20 + index)), last_sign_in_at: index % 11 === 10 ? null : ago(240 + index * index * 900), last_session_at: null,
      live_sessions: disabled ? 0 : [3, 1, 0, 1, 2, 0][index % 6], devices: disabled ? 0 : [2, 1, 1, 0][index % 4],
    });
  }
  for (const user of users) user.groups = user.groups.map(({ id, name }) => ({ id, name }));
  users.sort((a, b) => a.username.localeCompare(b.username));
  const devices = browsers.map((user_agent, index) => ({ id: hex(), address: ["192.0.2.17", "198.51.100.4", "203.0.113.80"][index], user_agent, created_at: ago(3600 * (index * 30 + 2)), last_used_at: ago(20 + index * 5000), session_id: null, current: index === 0 }));
  const acts = [["sign_in", "user"], ["session.request", "session"], ["user.edit", "user"], ["sign_in", "user"], ["session.end", "session"], ["user.reset_password", "user"], ["sign_out", "user"], ["user.create", "user"], ["sign_in", "user"]];
  const entries = [];
  for (let index = 0; index < (state.shape === "empty" ? 0 : 180); index++) {
    const [action, kind] = acts[index % acts.length];
    const actor = users[(index * 7) % users.length];
    const object = kind === "user" && action.startsWith("user.") ? users[(index * 5) % users.length] : actor;
    const refused = index % 9 === 8 || index % 31 === 5;
    entries.push({
      id: 5000 - index, at: ago(30 + index * 611), actor: refused && action === "sign_in" ? { kind: "anonymous", id: null, name: "" } : { kind: "user", id: actor.id, name: actor.username }, action,
      object: kind === "user" ? { kind, id: object.id, name: object.username } : { kind, id: named(`session-${index}`), name: "Desktop" },
      address: ["192.0.2.17", "198.51.100.4", "2001:db8::5e1"][index % 3], request_id: hex(), result: refused ? "refused" : "done", reason: refused ? (action === "sign_in" ? "wrong_password" : "forbidden") : "",
      detail: action === "user.edit" ? { changed: ["names", "groups"] } : {},
    });
  }
  state.people = { users, devices, entries };
  return state.people;
}

function diagnostics(state) {
  const good = state.shape === "empty";
  const checks = [
    ...(good ? [] : [
      { check: "agents", state: "problem", message: "delos is suspect", meaning: "A silent server starts no session; those on it run on.", mend: "oriel logs agent, on that host" },
      { check: "certificate", state: "warning", message: "ends in 12 days", meaning: "Browsers refuse an address whose certificate has ended.", mend: "oriel up makes a new one; a given one: oriel up --cert FILE --key FILE" },
      { check: "disk", state: "warning", message: "delos: 98 % of Docker's disk is used", meaning: "A full disk stops launches, images and the database.", mend: "Remove images that nobody uses there (docker image prune), or enlarge the disk." },
    ]),
    { check: "database", state: "ok", message: "answers; its schema is number 3", meaning: "Everything that must not be lost is in it. Without it nobody signs in and no session starts; those that run stay.", mend: "" },
    { check: "redis", state: "ok", message: "answers", meaning: "The API's instances share their count of sign-in attempts through it.", mend: "" },
    { check: "manager", state: "ok", message: "reports and is ready", meaning: "It places sessions, keeps their deadlines and hears the servers.", mend: "" },
    { check: "clock", state: "ok", message: "the API and the database: 2 ms apart", meaning: "Sign-ins, deadlines and the audit compare times of several machines.", mend: "" },
    { check: "disk", state: "ok", message: "the home: 212.4 GiB of 450.0 GiB free", meaning: "A full disk stops launches, images and the database.", mend: "" },
    { check: "host", state: "ok", message: `was looked at on ${ago(4000)}`, meaning: "What only the host can see: Docker, the firewall, the kernel, the port.", mend: "" },
    { check: "docker", state: "ok", message: "26.1.5, overlay2, cgroup 2", meaning: "Every session is one of its containers.", mend: "" },
  ];
  return {
    checked_at: ago(0), version: "0.1.0 (1a2b3c4)", test_build: false, checks,
    services: [
      { name: "database", state: "ready", version: "15.14", memory_bytes: null, seen_at: ago(0), detail: "38 MiB of data, answered in 1 ms" },
      { name: "redis", state: "ready", version: "", memory_bytes: null, seen_at: ago(0), detail: "" },
      { name: "api", state: "ready", version: "0.1.0", memory_bytes: 18_400_000, seen_at: ago(0), detail: "answers this page" },
      { name: "proxy", state: "ready", version: "", memory_bytes: null, seen_at: ago(0), detail: "this page came through it" },
      { name: "manager", state: "ready", version: "0.1.0", memory_bytes: 11_200_000, seen_at: ago(7), detail: "leads" },
    ],
    servers: state.servers.map(({ hostname, state: now, last_seen_at, version, docker_version, kernel, operating_system }) => ({ hostname, state: now, last_seen_at, version, docker_version, kernel, operating_system, clock_difference_ms: now === "suspect" ? null : 3 })),
    text: "Oriel 0.1.0 (1a2b3c4)\n",
  };
}

function page(list, url) {
  const limit = Number(url.searchParams.get("limit") ?? 50);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  return { rows: list.slice(from, from + limit), next: from + limit < list.length ? String(from + limit) : null, previous: from > 0 ? String(Math.max(0, from - limit)) : null };
}

/** Answers a route of people; false when it is none of theirs. */
export function answerPeople({ state, route, url, body, send, refuse }) {
  const people = peopleOf(state);
  const find = (id) => people.users.find((user) => user.id === id);
  const field = (status, code, pointer, message) => refuse(status, code, message, {}, [{ pointer, message }]);
  const parameter = (name) => url.searchParams.get(name) ?? "";
  if (route === "GET /me/devices") send(200, { devices: people.devices });
  else if (route === "POST /me/end-devices") {
    const kept = people.devices.filter((device) => device.current || (body.device && device.id !== body.device));
    const ended = people.devices.length - kept.length;
    people.devices = kept;
    send(200, { ended });
  } else if (route === "POST /me/password") {
    if (body.current_password !== "oriel") field(403, "forbidden", "/current_password", "This is not your present password.");
    else if (body.new_password === "password123") field(400, "invalid", "/new_password", "This is one of the passwords that are guessed first. Choose another.");
    else {
      state.me.must_change_password = false;
      send(204);
    }
  } else if (!route.includes(" /admin/")) return false;
  else if (route === "GET /admin/groups") send(200, { groups: [administrators, everybody] });
  else if (route === "GET /admin/users") {
    const matching = people.users.filter((user) => `${user.username} ${user.display_name}`.toLowerCase().includes(parameter("q").toLowerCase()) && (!parameter("state") || user.state === parameter("state")) && (!parameter("group") || user.groups.some((group) => group.id === parameter("group"))));
    const { rows, next, previous } = page(matching, url);
    send(200, { users: rows, total: matching.length, next_cursor: next, previous_cursor: previous });
  } else if (route === "POST /admin/users") {
    if (people.users.some((user) => user.username === body.username.toLowerCase())) {
      field(409, "conflict", "/username", "This name is taken. Names compare without case.");
      return true;
    }
    const user = { id: hex(), username: body.username, first_name: body.first_name, last_name: body.last_name, display_name: `${body.first_name} ${body.last_name}`.trim() || body.username, groups: [administrators, everybody].filter((group) => body.groups.includes(group.id)).map(({ id, name }) => ({ id, name })), administrator: false, state: "active", locked: false, must_change_password: body.must_change_password, created_at: ago(0), last_sign_in_at: null, last_session_at: null, live_sessions: 0, devices: 0 };
    people.users.push(user);
    people.users.sort((a, b) => a.username.localeCompare(b.username));
    send(201, { user, password: body.password ? null : "hK7mWq3tZr9vNc4xBd2p" });
  } else if (route === "GET /admin/audit") {
    const action = parameter("action");
    const matching = people.entries.filter((entry) => (!action || (action.endsWith(".") ? entry.action.startsWith(action) : entry.action === action)) && (!parameter("result") || entry.result === parameter("result")) && (!parameter("actor") || entry.actor.id === parameter("actor")) && (!parameter("object") || entry.object.id === parameter("object")) && (!parameter("from") || entry.at >= parameter("from")) && JSON.stringify(entry).includes(parameter("q")));
    const { rows, next } = page(matching, url);
    send(200, { entries: rows, next_cursor: next });
  } else if (route.startsWith("GET /admin/audit/export")) send(200, {}, { "Content-Disposition": 'attachment; filename="oriel-audit.csv"' });
  else if (route === "GET /admin/diagnostics") send(200, diagnostics(state));
  else {
    const one = /^(GET|PATCH|DELETE|POST) \/admin\/users\/(\w+)(?:\/([\w-]+))?$/.exec(route);
    if (!one) return false;
    const [, method, id, act] = one;
    const user = find(id);
    if (!user) refuse(404, "not_found", "There is no such user.");
    else if (method === "GET" && act === "devices") send(200, { devices: people.devices.slice(0, user.devices).map((device) => ({ ...device, current: device.current && id === state.me.id })) });
    else if (method === "GET") send(200, { ...user, sign_in_paused_seconds: user.locked ? 48 : 0 });
    else if (method === "PATCH") {
      if (body.first_name !== undefined) Object.assign(user, { first_name: body.first_name, display_name: `${body.first_name} ${user.last_name}` });
      if (body.groups) user.groups = [administrators, everybody].filter((group) => body.groups.includes(group.id)).map(({ id: key, name }) => ({ id: key, name }));
      send(200, user);
    } else if (method === "DELETE") {
      people.users.splice(people.users.indexOf(user), 1);
      send(200, { sessions: user.live_sessions });
    } else if (act === "disable") send(200, Object.assign(user, { state: "disabled", devices: 0 }));
    else if (act === "enable") send(200, Object.assign(user, { state: user.locked ? "locked" : "active" }));
    else if (act === "unlock") send(200, Object.assign(user, { locked: false, state: user.state === "locked" ? "active" : user.state }));
    else if (act === "password") send(200, { password: body.password ? null : "hK7mWq3tZr9vNc4xBd2p" });
    else if (act === "end-devices") {
      const ended = user.devices;
      user.devices = 0;
      send(200, { ended });
    } else return false;
  }
  return true;
}
