// The mock's administration: lists that are filtered, ordered and paged as the API does, messages, ends, servers and their logs.

const live = ["requested", "placed", "starting", "running", "paused", "stopped", "ending"];
const keys = {
  age: (session) => -Date.parse(session.created_at),
  ended: (session) => -Date.parse(session.ended_at ?? 0),
  workspace: (session) => session.workspace.friendly_name.toLowerCase(),
  user: (session) => session.user.username,
  state: (session) => session.state,
  server: (session) => session.server ?? "",
  cpu: (session) => session.cpu ?? 0,
  memory: (session) => session.memory ?? 0,
  viewers: (session) => session.viewers,
};

/** What the API would answer to the list's query. */
export function listSessions(all, parameters) {
  const get = (name) => parameters.get(name) ?? "";
  const states = get("state") === "" ? live : get("state").split(",");
  const text = get("q").toLowerCase();
  const order = get("order").replace(/^-/, "") || "age";
  const sign = get("order").startsWith("-") ? -1 : 1;
  const found = [...all]
    .filter((session) => states.includes(session.state))
    .filter((session) => get("user") === "" || session.user.username === get("user"))
    .filter((session) => get("workspace") === "" || session.workspace.id === get("workspace"))
    .filter((session) => get("server") === "" || session.server === get("server"))
    .filter((session) => text === "" || [session.user.username, session.workspace.friendly_name, session.id].some((word) => word.toLowerCase().includes(text)))
    .sort((a, b) => {
      const [x, y] = [keys[order](a), keys[order](b)];
      return (x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1) * sign;
    });
  const limit = Number(get("limit") || 100);
  const from = Number(get("cursor") || 0);
  return { sessions: found.slice(from, from + limit), cursor: from + limit < found.length ? String(from + limit) : null, total: from === 0 ? found.length : null };
}

const words = [
  ["info", "connected to the manager", { agent: "0c1d7e22" }],
  ["info", "session starts", { session: "9f3c07e1", attempt: "1" }],
  ["info", "image pulled", { reference: "oriel/desktop-deluxe:1.4", seconds: "41" }],
  ["warning", "the registry does not answer, try 3 of 5", { reference: "registry.example.net/cad:8" }],
  ["error", "a session's container is gone", { session: "f1930b77", exit: "139" }],
  ["info", "heartbeat", { sessions: "6", cpu: "0.64" }],
];

/** Answers when the route is one of administration's; false when it is not. */
export function administer({ state, route, url, body, send: answer, refuse: deny, tell, tellSession, request, response }) {
  const send = (...parts) => {
    answer(...parts);
    return true;
  };
  const refuse = (...parts) => {
    deny(...parts);
    return true;
  };
  if (!/^\w+ \/admin\//.test(route) && !route.includes("/messages/")) return false;
  if (route.startsWith("GET /admin/sessions/")) {
    const session = state.sessions.get(route.slice("GET /admin/sessions/".length));
    if (!session) return refuse(404, "not_found", "There is no such session.");
    send(200, {
      ...session, sent_messages: session.sent_messages ?? [], zone: "main", attempt: 1, generation: 4, container_id: session.started_at ? "3f2a9c0d11e7b64f9a" : null,
      image_reference: "oriel/desktop:1.4", runtime: "a1b2c3", cores_reserved: 2, memory_reserved_bytes: 4 * 1024 ** 3, placed_at: session.started_at, released_at: session.ended_at,
      last_input_at: session.started_at, locale: "en_GB.UTF-8", timezone: "Europe/Berlin", cpu: session.cpu ?? 0, memory: session.memory ?? 0,
    });
    return true;
  }
  if (route === "GET /admin/sessions") return send(200, listSessions(state.sessions.values(), url.searchParams));
  if (route === "POST /admin/sessions/message" || route === "POST /admin/sessions/end") {
    const results = body.sessions.map((id) => {
      const session = state.sessions.get(id);
      if (!session) return { id, ok: false, message: "There is no such session." };
      if (route.endsWith("message")) {
        state.numbered = (state.numbered ?? 0) + 1;
        const message = { id: state.numbered.toString(16).padStart(32, "0"), from: state.me.display_name, text: body.text, sent_at: new Date().toISOString() };
        session.messages.push(message);
        session.sent_messages = [{ ...message, read_at: null }, ...(session.sent_messages ?? [])];
      } else {
        Object.assign(session, { desired: "ended", state: "ending", reason: body.reason ? `An administrator ended it: ${body.reason}` : "An administrator ended it.", reason_code: "ended_by_administrator" });
        setTimeout(() => {
          Object.assign(session, { state: "ended", ended_at: new Date().toISOString() });
          tellSession(session);
        }, 400).unref();
      }
      tellSession(session);
      return { id, ok: true, message: null };
    });
    return send(200, { results });
  }
  const read = /^POST \/sessions\/(\w+)\/messages\/(\w+)\/read$/.exec(route);
  if (read) {
    const session = state.sessions.get(read[1]);
    if (!session) return refuse(404, "not_found", "There is no such session.");
    session.messages = session.messages.filter((message) => message.id !== read[2]);
    for (const message of session.sent_messages ?? []) if (message.id === read[2]) message.read_at = new Date().toISOString();
    send(204);
    tellSession(session);
    return true;
  }
  if (/^POST \/admin\/sessions\/\w+\/watch$/.test(route)) return send(204);
  const one = /^(PATCH|DELETE|GET) \/admin\/servers\/(\w+)(\/log)?$/.exec(route);
  if (!one) return false;
  const server = state.servers.find((each) => each.id === one[2]);
  if (!server) return refuse(404, "not_found", "There is no such server.");
  if (one[3]) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(`event: state\ndata: ${JSON.stringify({ connected: server.connection === "online" })}\n\n`);
    const line = (index, at) => response.write(`event: line\ndata: ${JSON.stringify({ at: new Date(at).toISOString(), level: words[index % words.length][0], message: words[index % words.length][1], fields: words[index % words.length][2] })}\n\n`);
    for (let index = 0; index < 40; index++) line(index, Date.now() - (40 - index) * 7000);
    let index = 40;
    const timer = setInterval(() => line(index++, Date.now()), 2000);
    request.on("close", () => clearInterval(timer));
    return true;
  }
  if (one[1] === "DELETE") {
    if (server.connection !== "unreachable") return refuse(409, "conflict", `${server.hostname} still answers. Drain it, wait until its sessions have ended, and stop its agent; it can be removed 30 seconds later.`);
    state.servers = state.servers.filter((each) => each !== server);
    return send(204);
  }
  for (const key of Object.keys(body.labels ?? {})) {
    if (!/^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/.test(key)) {
      return refuse(400, "invalid", "The server cannot be changed like that.", {}, [{ pointer: `/labels/${key}`, message: "a key has 1 to 63 of a–z, 0–9, dot, line and slash, and begins and ends with a letter or digit" }]);
    }
  }
  Object.assign(server, body, { cores_override: body.cores_override === undefined ? server.cores_override : body.cores_override || null, memory_override_bytes: body.memory_override_bytes === undefined ? server.memory_override_bytes : body.memory_override_bytes || null, state_since: new Date().toISOString() });
  server.state = !server.enabled ? "disabled" : server.connection !== "online" ? server.connection : server.draining ? "draining" : "online";
  send(200, server);
  tell("server", server, true);
  return true;
}
