import type { Me } from "@oriel/protocol";
import { useEffect } from "react";
import { live } from "../../state/live.ts";
import { NotFoundPage } from "../not_found.tsx";
import { AdminAuditPage } from "./audit.tsx";
import { AdminDiagnosticsPage } from "./diagnostics.tsx";
import { AdminServersPage } from "./servers.tsx";
import { AdminSessionsPage } from "./sessions.tsx";
import { AdminUserPage } from "./user.tsx";
import { AdminUsersPage } from "./users.tsx";
import { AdminWorkspacesPage } from "./workspaces.tsx";

/** Everything under /admin; loaded when an administrator goes there. */
export default function Administration({ me, path }: { me: Me; path: string }) {
  useEffect(() => {
    live.start("admin");
  }, []);
  if (path === "/admin/sessions") return <AdminSessionsPage me={me} />;
  if (path === "/admin/servers") return <AdminServersPage me={me} />;
  if (path === "/admin/workspaces") return <AdminWorkspacesPage me={me} />;
  if (path === "/admin/users") return <AdminUsersPage me={me} />;
  if (path.startsWith("/admin/users/")) return <AdminUserPage key={path} me={me} id={path.slice("/admin/users/".length)} />;
  if (path === "/admin/audit") return <AdminAuditPage me={me} />;
  if (path === "/admin/diagnostics") return <AdminDiagnosticsPage me={me} />;
  return <NotFoundPage me={me} />;
}
