// The web API's shapes under short names. They are generated from protocol/web-api/openapi.json by `npm run types`; a test compares.
import type { components, paths } from "./openapi.d.ts";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Workspace = Schemas["Workspace"];
export type AdminWorkspace = Schemas["AdminWorkspace"];
export type SessionState = Schemas["SessionState"];
export type PlacementCheck = Schemas["PlacementCheck"];
export type Placement = Schemas["Placement"];
export type Session = Schemas["Session"];
export type SessionRequest = Schemas["SessionRequest"];
export type Server = Schemas["Server"];
export type ServerChange = Schemas["ServerChange"];
export type SessionDetails = Schemas["SessionDetails"];
export type Outcome = Schemas["Outcome"];
export type LogLine = Schemas["LogLine"];
export type ServerImage = Schemas["ServerImage"];
export type ImageState = ServerImage["state"];
export type User = Schemas["User"];
export type UserToCreate = Schemas["UserToCreate"];
export type UserChanges = Schemas["UserChanges"];
export type CreatedUser = Schemas["CreatedUser"];
export type Group = Schemas["Group"];
export type Device = Schemas["Device"];
export type AuditEntry = Schemas["AuditEntry"];
export type Diagnostics = Schemas["Diagnostics"];
export type Exchanged = Schemas["Exchanged"];
export type Problem = Schemas["Problem"]["error"];
export type ErrorCode = Problem["code"];

/** A session with what the administrators' list tells besides; events carry the plain session, so those may be absent. */
export type AdminSession = Session & Partial<Pick<Schemas["AdminSession"], "user" | "server" | "cpu" | "memory">>;

export type UserQuery = NonNullable<paths["/api/v1/admin/users"]["get"]["parameters"]["query"]>;
export type AuditQuery = NonNullable<paths["/api/v1/admin/audit"]["get"]["parameters"]["query"]>;
export type AdminSessionQuery = NonNullable<paths["/api/v1/admin/sessions"]["get"]["parameters"]["query"]>;
