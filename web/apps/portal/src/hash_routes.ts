/** What the fragment of a compatible product's link asks for. */
export type HashRoute =
  | { kind: "connect"; session: string; token: string }
  | { kind: "session"; session: string }
  | { kind: "unsupported" }
  | { kind: "home" };

const id = /^[0-9a-f]{32}$/;

function identifier(text: string | undefined): string | null {
  const plain = (text ?? "").toLowerCase().replaceAll("-", "");
  return id.test(plain) ? plain : null;
}

/** Reads `#/connect/kasm/<id>/<user>/<token>`, `#/session/<id>`, `#/kasm/<id>`; null when the fragment is no such route. */
export function parseHashRoute(hash: string): HashRoute | null {
  if (!hash.startsWith("#/")) return null;
  const path = hash.slice(2).split("?", 1)[0] ?? "";
  const parts = path.split("/").map(decode);
  if (parts.length === 1 && (parts[0] === "" || parts[0] === "login" || parts[0] === "dashboard")) return { kind: "home" };
  if (parts[0] === "connect" && parts[1] === "kasm") {
    const session = identifier(parts[2]);
    const token = parts[4] ?? "";
    return session && token !== "" && token.length <= 1024 ? { kind: "connect", session, token } : { kind: "unsupported" };
  }
  if (parts[0] === "session" || parts[0] === "kasm") {
    const session = identifier(parts[1]);
    return session ? { kind: "session", session } : { kind: "unsupported" };
  }
  return { kind: "unsupported" };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
