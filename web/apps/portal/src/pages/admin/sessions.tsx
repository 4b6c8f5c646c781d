import type { AdminSession, AdminSessionQuery, Me } from "@oriel/protocol";
import { Button, type Column, EmptyState, Icon, IconButton, Menu, type MenuItem, type Order, SegmentedControl, Table, t } from "@oriel/ui";
import { Copy, Ellipsis, Eye, Info, Keyboard, Maximize2, MessageSquare, Power, X } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { EndDialog } from "../../parts/end_dialog.tsx";
import { MessageDialog } from "../../parts/message_dialog.tsx";
import { usePage } from "../../parts/page.tsx";
import { leaveTo, setParameters, usePlace } from "../../router.ts";
import { open } from "../../state/launch.ts";
import { live } from "../../state/live.ts";
import { isLive, isOpenable, stateWord, userOf } from "../../state/selectors.ts";
import { useStore } from "../../state/store.ts";
import { FilterChip } from "./filter_chip.tsx";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading, PageHead, SearchField } from "./parts.tsx";
import { ageColumn, cpuColumn, endedColumn, idColumn, lastedColumn, memoryColumn, reasonColumn, serverColumn, stateColumn, userColumn, viewersColumn, workspaceColumn } from "./session_columns.tsx";
import { SessionDetailsDialog } from "./session_details.tsx";
import { ShortcutsDialog, useListKeys } from "./shortcuts.tsx";
import { useAdminWorkspaces } from "./use_admin_workspaces.ts";
import { pageSize, useSessionList } from "./use_session_list.ts";

const liveStates = ["running", "starting", "requested", "placed", "paused", "stopped", "ending"] as const;
const pastStates = ["ended", "failed"] as const;
/** More than the server counts. */
const longestCount = 10_000;

type Open = { dialog: "end" | "message" | "details"; sessions: AdminSession[] } | { dialog: "shortcuts" } | null;

/** The address as a question to the server. */
export function queryOf(parameters: URLSearchParams): AdminSessionQuery {
  const past = parameters.get("view") === "history";
  const query: AdminSessionQuery = {};
  const put = (name: "user" | "workspace" | "server" | "q" | "order") => {
    const value = parameters.get(name);
    if (value) query[name] = value;
  };
  const state = parameters.get("state");
  if (state) query.state = state;
  else if (past) query.state = pastStates.join(",");
  for (const name of ["user", "workspace", "server", "q", "order"] as const) put(name);
  if (past && !query.order) query.order = "ended";
  return query;
}

/** Everybody's sessions, living or past. Filters and order are in the address, so a view can be sent to a colleague. */
export function AdminSessionsPage({ me }: { me: Me }) {
  usePage(t("admin_sessions.title"));
  const place = usePlace();
  const parameters = useMemo(() => new URLSearchParams(place.search), [place.search]);
  const past = parameters.get("view") === "history";
  const query = useMemo(() => queryOf(parameters), [parameters]);
  const list = useSessionList(query, !past);
  const servers = useStore(live.servers).value;
  const workspaces = useAdminWorkspaces().value;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<Open>(null);
  const content = useRef<HTMLDivElement>(null);

  const rows = list.rows ?? [];
  const selected = useMemo(() => rows.filter((session) => chosen.has(session.id)), [rows, chosen]);
  const endable = selected.filter((session) => isLive(session) && session.desired !== "ended");
  const reachable = selected.filter(isLive);
  const standard = past ? "ended" : "age";
  const order: Order = { column: (query.order ?? standard).replace(/^-/, ""), descending: (query.order ?? "").startsWith("-") };
  const value = (name: string) => parameters.get(name) ?? "";
  const filtered = ["state", "user", "workspace", "server", "q"].some((name) => value(name) !== "");
  const clear = () => setParameters({ state: null, user: null, workspace: null, server: null, q: null });
  const details = (session: AdminSession) => setShown({ dialog: "details", sessions: [session] });

  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const onKeyDown = useListKeys({
    "/": () => content.current?.querySelector<HTMLInputElement>("input[type=search]")?.focus(),
    "?": () => setShown({ dialog: "shortcuts" }),
    m: () => reachable.length > 0 && setShown({ dialog: "message", sessions: reachable }),
    e: () => endable.length > 0 && setShown({ dialog: "end", sessions: endable }),
  }, () => setChosen(new Set()));

  const select: Column<AdminSession> = {
    id: "select",
    className: "ck",
    head: (
      <input
        type="checkbox"
        className="check"
        aria-label={t("admin_sessions.select_all")}
        checked={rows.length > 0 && selected.length === rows.length}
        ref={(box) => {
          if (box) box.indeterminate = selected.length > 0 && selected.length < rows.length;
        }}
        onChange={() => setChosen(selected.length === rows.length ? new Set() : new Set(rows.map((session) => session.id)))}
      />
    ),
    cell: (session) => <input type="checkbox" className="check" aria-label={t("admin_sessions.select", { id: session.id.slice(0, 8) })} checked={chosen.has(session.id)} onChange={() => toggle(session.id)} />,
  };
  const actions: Column<AdminSession> = {
    id: "actions",
    head: <span className="vh">{t("admin_sessions.actions")}</span>,
    right: true,
    cell: (session) => {
      const name = `${session.workspace.friendly_name} ${session.id.slice(0, 8)}`;
      const items: MenuItem[] = [{ label: t("session.details"), icon: Info, run: () => details(session) }];
      if (isOpenable(session)) {
        items.push(
          session.owner.id === me.id
            ? { label: t("admin_sessions.open_own"), icon: Maximize2, run: () => open(session) }
            : { label: t("admin_sessions.open"), icon: Eye, run: () => leaveTo(`/sessions/${session.id}?view=1`) },
        );
      }
      if (isLive(session)) items.push({ label: t("admin_sessions.message"), icon: MessageSquare, run: () => setShown({ dialog: "message", sessions: [session] }) });
      items.push({ label: t("session.copy_id"), icon: Copy, run: () => void navigator.clipboard?.writeText(session.id) });
      if (isLive(session) && session.desired !== "ended") items.push({ kind: "line" }, { label: t("session.end"), icon: Power, bad: true, run: () => setShown({ dialog: "end", sessions: [session] }) });
      return <Menu label={t("more_for", { name })} items={items} trigger={(props) => <IconButton {...props} icon={Ellipsis} label={t("more_for", { name })} small />} />;
    },
  };
  const columns = past
    ? [workspaceColumn(details), idColumn, userColumn, stateColumn, reasonColumn, serverColumn, lastedColumn, endedColumn, actions]
    : [select, workspaceColumn(details), idColumn, userColumn, stateColumn, serverColumn, ageColumn, cpuColumn, memoryColumn, viewersColumn, actions];

  const users = [...new Set([...rows.map(userOf), ...(value("user") ? [value("user")] : [])])].sort().map((name) => ({ value: name, label: name }));
  const workspaceOptions = (workspaces ?? []).map((workspace) => ({ value: workspace.id, label: workspace.friendly_name })).sort((a, b) => a.label.localeCompare(b.label));
  const serverOptions = (servers ?? []).map((server) => ({ value: server.hostname, label: server.hostname })).sort((a, b) => a.label.localeCompare(b.label));
  const total = list.total === null ? null : list.total > longestCount ? t("admin_sessions.more_than", { count: longestCount.toLocaleString("en-GB") }) : list.total.toLocaleString("en-GB");

  return (
    <AdminFrame me={me}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the list; every one is also a button or a menu's line */}
      <div ref={content} onKeyDown={onKeyDown}>
        <PageHead title={t("admin_sessions.title")} count={total}>
          <SegmentedControl
            label={t("admin_sessions.view")}
            value={past ? "history" : "live"}
            options={[
              { value: "live", label: t("admin_sessions.view_live") },
              { value: "history", label: t("admin_sessions.view_history") },
            ]}
            onChange={(view) => {
              setChosen(new Set());
              setParameters({ view: view === "live" ? null : view, state: null, order: null });
            }}
          />
          <IconButton icon={Keyboard} label={t("shortcuts.title")} onClick={() => setShown({ dialog: "shortcuts" })} />
        </PageHead>
        <div className="filters">
          <SearchField label={t("admin_sessions.search")} value={value("q")} onChange={(q) => setParameters({ q })} />
          <FilterChip name={t("admin_sessions.state")} value={value("state")} parameter="state" whenEmpty={t("admin_sessions.any")} options={(past ? pastStates : liveStates).map((state) => ({ value: state, label: t(stateWord(state)) }))} />
          <FilterChip name={t("admin_sessions.user")} value={value("user")} parameter="user" options={users} />
          <FilterChip name={t("admin_sessions.workspace")} value={value("workspace")} parameter="workspace" options={workspaceOptions} />
          <FilterChip name={t("admin_sessions.server")} value={value("server")} parameter="server" options={serverOptions} />
        </div>
        {!list.rows && !list.error && <ListLoading />}
        {!list.rows && list.error && <ListFailed error={list.error} onRetry={list.refresh} />}
        {list.rows && list.error && (
          <p className="stale" role="status">
            <Icon of={Info} />
            {t("admin_sessions.stale", { reason: list.error.message })}
          </p>
        )}
        {list.rows && rows.length === 0 && (
          <div className="card">
            {filtered ? (
              <EmptyState title={t("admin_sessions.no_match")} text={t("admin_sessions.no_match_text")}>
                <Button onClick={clear}>{t("admin_sessions.clear_filters")}</Button>
              </EmptyState>
            ) : past ? (
              <EmptyState title={t("admin_sessions.empty_history")} text={t("admin_sessions.empty_history_text")} />
            ) : (
              <EmptyState title={t("admin_sessions.empty")} text={t("admin_sessions.empty_text")} />
            )}
          </div>
        )}
        {rows.length > 0 && (
          <>
            <section className="card table-card">
              <Table
                label={past ? t("admin_sessions.view_history") : t("admin_sessions.title")}
                className={past ? "sessions-table past" : "sessions-table"}
                columns={columns}
                rows={rows}
                keyOf={(session) => session.id}
                selected={chosen}
                order={order}
                onOrder={(next) => setParameters({ order: next.column === standard && !next.descending ? null : `${next.descending ? "-" : ""}${next.column}` })}
              />
            </section>
            <div className="paging">
              <span className="t3 num">{total !== null && list.more ? t("admin_sessions.shown", { shown: rows.length, count: total }) : t("admin_sessions.all_shown", { count: rows.length })}</span>
              {list.more && (
                <Button aria-disabled={list.loading} onClick={() => !list.loading && list.loadMore()}>
                  {t("admin_sessions.load_more", { count: pageSize })}
                </Button>
              )}
            </div>
          </>
        )}
        {!past && selected.length > 0 && (
          <div className="bulk" role="toolbar" aria-label={t("admin_sessions.selected_label", { count: selected.length })}>
            <span className="num">{t("admin_sessions.selected", { count: selected.length })}</span>
            <span className="sep" />
            <Button icon={MessageSquare} aria-disabled={reachable.length === 0} onClick={() => reachable.length > 0 && setShown({ dialog: "message", sessions: reachable })}>
              {t("admin_sessions.message_short")}
            </Button>
            <Button kind="bad" icon={Power} aria-disabled={endable.length === 0} onClick={() => endable.length > 0 && setShown({ dialog: "end", sessions: endable })}>
              {t("admin_sessions.end_many", { count: endable.length })}
            </Button>
            <span className="sep" />
            <IconButton icon={X} label={t("admin_sessions.clear")} onClick={() => setChosen(new Set())} />
          </div>
        )}
      </div>
      {shown?.dialog === "end" && <EndDialog sessions={shown.sessions} foreign onClose={() => setShown(null)} onEnded={() => setChosen(new Set())} />}
      {shown?.dialog === "message" && <MessageDialog sessions={shown.sessions} onClose={() => setShown(null)} onSent={() => setChosen(new Set())} />}
      {shown?.dialog === "details" && shown.sessions[0] && <SessionDetailsDialog session={rows.find((row) => row.id === shown.sessions[0]?.id) ?? shown.sessions[0]} onClose={() => setShown(null)} />}
      {shown?.dialog === "shortcuts" && (
        <ShortcutsDialog
          onClose={() => setShown(null)}
          shortcuts={[
            { keys: "↑ ↓", text: t("shortcuts.rows") },
            { keys: "Home End", text: t("shortcuts.ends") },
            { keys: "Space", text: t("shortcuts.select") },
            { keys: "M", text: t("shortcuts.message") },
            { keys: "E", text: t("shortcuts.end") },
            { keys: "Esc", text: t("shortcuts.clear") },
            { keys: "/", text: t("shortcuts.search") },
            { keys: "?", text: t("shortcuts.list") },
            { keys: "Ctrl K", text: t("shortcuts.palette") },
          ]}
        />
      )}
    </AdminFrame>
  );
}
