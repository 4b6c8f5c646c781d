import type { AdminWorkspace, Me } from "@oriel/protocol";
import { Button, type Column, EmptyState, format, IconButton, Menu, type MenuItem, type Order, StateDot, Table, t } from "@oriel/ui";
import { Ellipsis, Monitor, Play } from "lucide-react";
import { Link } from "../../parts/link.tsx";
import { usePage } from "../../parts/page.tsx";
import { WorkspaceIcon } from "../../parts/workspace_icon.tsx";
import { navigate, setParameters, usePlace } from "../../router.ts";
import { complete } from "../../state/launch.ts";
import { live } from "../../state/live.ts";
import { isLive } from "../../state/selectors.ts";
import { useStore } from "../../state/store.ts";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading, PageHead, SearchField } from "./parts.tsx";
import { useAdminWorkspaces } from "./use_admin_workspaces.ts";

/** Every registered workspace, whether it can start, for whom, and how much of it runs. */
export function AdminWorkspacesPage({ me }: { me: Me }) {
  usePage(t("admin_workspaces.title"));
  const { value, error, refresh } = useAdminWorkspaces();
  const sessions = useStore(live.sessions).value;
  const parameters = new URLSearchParams(usePlace().search);
  const query = parameters.get("q") ?? "";
  const order: Order = { column: (parameters.get("order") ?? "name").replace(/^-/, ""), descending: (parameters.get("order") ?? "").startsWith("-") };
  const needle = query.trim().toLowerCase();
  const rows = (value ?? []).filter((workspace) => `${workspace.friendly_name} ${workspace.name} ${workspace.reference} ${workspace.groups.join(" ")}`.toLowerCase().includes(needle));
  // The stream tells sessions; the list's own number is as old as the list.
  const running = new Map<string, number>();
  for (const session of sessions?.values() ?? []) if (isLive(session)) running.set(session.workspace.id, (running.get(session.workspace.id) ?? 0) + 1);
  const countOf = (workspace: AdminWorkspace) => (sessions ? (running.get(workspace.id) ?? 0) : workspace.sessions);

  const columns: Column<AdminWorkspace>[] = [
    {
      id: "name",
      head: t("admin_workspaces.name"),
      order: (workspace) => workspace.friendly_name,
      cell: (workspace) => (
        <span className="row">
          <WorkspaceIcon url={workspace.icon_url} hue={workspace.hue} size="sm" />
          <span className="name clip">{workspace.friendly_name}</span>
        </span>
      ),
    },
    {
      id: "state",
      head: t("admin_workspaces.state"),
      className: "state-cell",
      order: (workspace) => (workspace.enabled ? (workspace.available ? 0 : 1) : 2),
      cell: (workspace) => (
        <span className="row state-row">
          <StateDot tone={!workspace.enabled ? "hollow" : workspace.available ? "ok" : "warn"}>{!workspace.enabled ? t("admin_workspaces.disabled") : workspace.available ? t("admin_workspaces.ready") : t("admin_workspaces.unavailable")}</StateDot>
          {workspace.enabled && workspace.reason && (
            <span className="t3 clip state-note" title={workspace.reason}>
              · {workspace.reason}
            </span>
          )}
        </span>
      ),
    },
    {
      id: "image",
      head: t("admin_workspaces.image"),
      className: "mono image-cell",
      order: (workspace) => workspace.reference,
      cell: (workspace) => (
        <span className="clip" title={workspace.digest ?? t("admin_workspaces.digest_none")}>
          {workspace.reference}
        </span>
      ),
    },
    { id: "groups", head: t("admin_workspaces.groups"), className: "t2 groups-cell", cell: (workspace) => <span className="clip">{workspace.groups.length > 0 ? workspace.groups.join(", ") : t("admin_workspaces.no_groups")}</span> },
    { id: "cores", head: t("admin_workspaces.cores"), right: true, order: (workspace) => workspace.cores, cell: (workspace) => format.number(workspace.cores) },
    { id: "memory", head: t("admin_workspaces.memory"), right: true, order: (workspace) => workspace.memory_bytes, cell: (workspace) => format.bytes(workspace.memory_bytes) },
    {
      id: "sessions",
      head: t("admin_workspaces.sessions"),
      right: true,
      order: countOf,
      cell: (workspace) =>
        countOf(workspace) > 0 ? (
          <Link href={`/admin/sessions?workspace=${workspace.id}`} className="quiet-link" title={t("admin_workspaces.show_sessions")}>
            {countOf(workspace)}
          </Link>
        ) : (
          t("none")
        ),
    },
    {
      id: "actions",
      head: <span className="vh">{t("admin_sessions.actions")}</span>,
      right: true,
      cell: (workspace) => {
        const label = t("more_for", { name: workspace.friendly_name });
        const items: MenuItem[] = [{ label: t("admin_workspaces.show_sessions"), icon: Monitor, run: () => navigate(`/admin/sessions?workspace=${workspace.id}`) }];
        if (workspace.enabled && workspace.available) items.unshift({ label: t("admin_workspaces.start"), icon: Play, run: () => void complete(workspace.id, workspace.friendly_name) });
        return <Menu label={label} items={items} trigger={(props) => <IconButton {...props} icon={Ellipsis} label={label} small />} />;
      },
    },
  ];

  return (
    <AdminFrame me={me}>
      <PageHead title={t("admin_workspaces.title")} count={value ? (needle ? t("admin.of_rows", { shown: rows.length, count: value.length }) : t("admin.rows", { count: value.length })) : null} />
      <div className="filters">
        <SearchField label={t("admin_workspaces.search")} value={query} onChange={(q) => setParameters({ q })} />
      </div>
      {!value && !error && <ListLoading />}
      {!value && error && <ListFailed error={error} onRetry={refresh} />}
      {value && rows.length === 0 && (
        <div className="card">
          {needle ? (
            <EmptyState title={t("admin_workspaces.no_match", { query: query.trim() })}>
              <Button onClick={() => setParameters({ q: null })}>{t("workspaces.clear")}</Button>
            </EmptyState>
          ) : (
            <EmptyState title={t("admin_workspaces.empty")} text={t("admin_workspaces.empty_text")} />
          )}
        </div>
      )}
      {rows.length > 0 && (
        <section className="card table-card">
          <Table
            label={t("admin_workspaces.title")}
            className="workspaces-table"
            columns={columns}
            rows={rows}
            keyOf={(workspace) => workspace.id}
            order={order}
            onOrder={(next) => setParameters({ order: next.column === "name" && !next.descending ? null : `${next.descending ? "-" : ""}${next.column}` })}
          />
        </section>
      )}
    </AdminFrame>
  );
}
