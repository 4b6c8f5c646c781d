// The web API's shapes, named as in protocol/web-api/README.md.

export type Identifier = string;
/** RFC 3339 in UTC. */
export type Time = string;

export type Me = {
  id: Identifier;
  username: string;
  display_name: string;
  administrator: boolean;
  permissions: string[];
  session_limit: number;
  theme: string;
  version: string;
  instance: string;
};

export type Workspace = {
  id: Identifier;
  name: string;
  friendly_name: string;
  description: string;
  categories: string[];
  icon_url: string;
  hue: number;
  available: boolean;
  /** Why it cannot start now. */
  reason: string | null;
  cores: number;
  memory_bytes: number;
};

export type SessionState = "requested" | "placed" | "starting" | "running" | "paused" | "stopped" | "ending" | "ended" | "failed";

export type PlacementCheck = {
  check: "enabled" | "reachable" | "image" | "cores" | "memory" | "disk" | "zone" | "label" | "slots";
  ok: boolean;
  message: string;
};

export type Placement = { servers: { server: string; checks: PlacementCheck[] }[] };

export type Session = {
  id: Identifier;
  workspace: { id: Identifier; friendly_name: string; icon_url: string; hue: number };
  state: SessionState;
  desired: "running" | "ended";
  step: string;
  /** 0 to 100. */
  progress: number;
  reason: string | null;
  reason_code: string | null;
  placement: Placement | null;
  log_tail: string | null;
  created_at: Time;
  started_at: Time | null;
  ended_at: Time | null;
  expires_at: Time | null;
  client_protocol: number;
  width: number;
  height: number;
  viewers: number;
  owner: { id: Identifier; username: string };
};

/** What administrators get besides; events may carry the plain session. */
export type AdminSession = Session & {
  user?: { id: Identifier; username: string; display_name?: string } | null;
  /** The host name of the server that runs it. */
  server?: string | null;
  /** Cores in use. */
  cpu?: number | null;
  /** Bytes in use. */
  memory?: number | null;
};

export type ImageState = "present" | "pulling" | "failed" | "absent";

export type ServerImage = {
  reference: string;
  id: string;
  size_bytes: number;
  state: ImageState;
  /** 0 to 100 while it is pulled. */
  progress: number;
  message: string;
};

export type Server = {
  id: Identifier;
  hostname: string;
  state: "online" | "suspect" | "unreachable" | "disabled";
  enabled: boolean;
  version: string;
  last_seen_at: Time;
  zone: string;
  address: string;
  cores_total: number;
  cores_used: number;
  cores_reserved: number;
  memory_total_bytes: number;
  memory_used_bytes: number;
  memory_reserved_bytes: number;
  disk_total_bytes: number;
  disk_used_bytes: number;
  load_1: number;
  gpus: { name: string }[];
  docker_version: string;
  kernel: string;
  operating_system: string;
  user_namespaces: boolean;
  live_restore: boolean;
  networks: string[];
  sessions: number;
  images: ServerImage[];
};

export type AdminWorkspace = Workspace & {
  reference: string;
  digest: string | null;
  enabled: boolean;
  groups: string[];
  /** Sessions of it that run now. */
  sessions: number;
};

export type SessionRequest = {
  workspace_id: Identifier;
  width?: number;
  height?: number;
  scale_percent?: number;
  locale?: string;
  timezone?: string;
  open_url?: string;
};

export type AdminSessionQuery = {
  state?: string;
  user?: string;
  workspace?: string;
  server?: string;
  q?: string;
  limit?: number;
  cursor?: string;
};

export type ErrorCode =
  | "not_found"
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "conflict"
  | "no_capacity"
  | "rate_limited"
  | "unavailable"
  | "internal";

export type Problem = {
  code: ErrorCode;
  message: string;
  fields?: { pointer: string; message: string }[];
  details?: Record<string, unknown>;
  request_id?: string;
};
