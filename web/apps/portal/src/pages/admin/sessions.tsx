import type { AdminSession, Me } from "@oriel/protocol";
import { Age, Avatar, Button, type Column, EmptyState, format, Icon, IconButton, Menu, type MenuItem, type Order, StateDot, Table, t } from "@oriel/ui";
import { Copy, Ellipsis, Info, Maximize2, Plus, Power, X } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { EndDialog } from "../../parts/end_dialog.tsx";
import { FailureDialog } from "../../parts/failure_dialog.tsx";
import { usePage } from "../../parts/page.tsx";
import { WorkspaceIcon } from "../../parts/workspace_icon.tsx";
import { setParameters, usePlace } from "../../router.ts";
import { open } from "../../state/launch.ts";
import { live } from "../../state/live.ts";
import { isLive, isOpenable, isStarting, matches, type SessionFilter, shownState, stateWord, toneOf, userOf } from "../../state/selectors.ts";
import { useStore } from "../../state/store.ts";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading, PageHead, SearchField } from "./parts.tsx";

const states = ["running", "starting", "requested", "placed", "paused", "stopped", "ending", "failed", "ended"] as const;
const startOf = (session: AdminSession) => session.started_at ?? session.created_at;

/** All sessions, living. Filters and order are in the address, so a view can be sent to a colleague. */
export function AdminSessionsPage({ me }: { me: Me }) {
  usePage(t("admin_sessions.title"));
  const { value, error } = useStore(live.sessions);
  const servers = useStore(live.servers).value;
  const place = usePlace();
  const parameters = new URLSearchParams(place.search);
  const filter: SessionFilter = {
    state: parameters.get("state") ?? "",
    user: parameters.get("user") ?? "",
    workspace: parameters.get("workspace") ?? "",
    server: parameters.get("server") ?? "",
    query: parameters.get("q") ?? "",
  };
  const order: Order = { column: (parameters.get("order") ?? "age").replace(/^-/, ""), descending: (parameters.get("order") ?? "").startsWith("-") };
  const deferred = useDeferredValue(place.search);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [ending, setEnding] = useState<AdminSession[] | null>(null);
  const [details, setDetails] = useState<AdminSession | null>(null);

  const all = useMemo(() => [...(value?.values() ?? [])], [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the filter is read from the address, which is the dependency
  const rows = useMemo(() => all.filter((session) => matches(session, filter)), [all, deferred]);
  const selected = useMemo(() => new Set(rows.filter((session) => chosen.has(session.id)).map((session) => session.id)), [rows, chosen]);
  const filtered = filter.state !== "" || filter.user !== "" || filter.workspace !== "" || filter.server !== "" || filter.query !== "";

  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };

  const columns: Column<AdminSession>[] = [
    {
      id: "select",
      className: "ck",
      head: (
        <input
          type="checkbox"
          className="check"
          aria-label={t("admin_sessions.select_all")}
          checked={rows.length > 0 && selected.size === rows.length}
          ref={(box) => {
            if (box) box.indeterminate = selected.size > 0 && selected.size < rows.length;
          }}
          onChange={() => setChosen(selected.size === rows.length ? new Set() : new Set(rows.map((session) => session.id)))}
        />
      ),
      cell: (session) => <input type="checkbox" className="check" aria-label={t("admin_sessions.select", { id: session.id.slice(0, 8) })} checked={chosen.has(session.id)} onChange={() => toggle(session.id)} />,
    },
    {
      id: "workspace",
      head: t("admin_sessions.workspace"),
      order: (session) => session.workspace.friendly_name,
      cell: (session) => (
        <span className="row">
          <WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="sm" />
          {isOpenable(session) ? (
            <a className="name clip" href={`/sessions/${session.id}`}>
              {session.workspace.friendly_name}
            </a>
          ) : (
            <span className="name clip">{session.workspace.friendly_name}</span>
          )}
        </span>
      ),
    },
    { id: "id", head: t("admin_sessions.id"), className: "mono t3", cell: (session) => <span title={session.id}>{session.id.slice(0, 8)}</span> },
    {
      id: "user",
      head: t("admin_sessions.user"),
      order: userOf,
      cell: (session) => (
        <span className="row">
          <Avatar name={userOf(session)} small />
          <span className="clip">{userOf(session)}</span>
        </span>
      ),
    },
    {
      id: "state",
      head: t("admin_sessions.state"),
      order: (session) => shownState(session),
      className: "state-cell",
      cell: (session) => {
        const state = shownState(session);
        const note = state === "failed" ? session.reason : isStarting(session) && state !== "ending" ? session.step : null;
        return (
          <span className="row state-row">
            <StateDot tone={toneOf(session)}>{t(stateWord(state))}</StateDot>
            {note && (
              <span className="t3 clip state-note" title={note}>
                · {note}
              </span>
            )}
            {state === "failed" && (
              <button type="button" className="link" onClick={() => setDetails(session)}>
                {t("admin_sessions.why")}
              </button>
            )}
          </span>
        );
      },
    },
    { id: "server", head: t("admin_sessions.server"), className: "t2", order: (session) => session.server ?? "", cell: (session) => session.server ?? t("none") },
    { id: "age", head: t("admin_sessions.age"), right: true, order: (session) => -Date.parse(startOf(session)), cell: (session) => <Age since={startOf(session)} /> },
    { id: "cpu", head: t("admin_sessions.cpu"), right: true, order: (session) => session.cpu ?? -1, cell: (session) => measured(session.cpu, (cores) => t("unit.percent", { count: Math.round(cores * 100) })) },
    { id: "memory", head: t("admin_sessions.memory"), right: true, order: (session) => session.memory ?? -1, cell: (session) => measured(session.memory, format.gibibytes) },
    { id: "viewers", head: t("admin_sessions.viewers"), right: true, order: (session) => session.viewers, cell: (session) => (session.viewers > 0 ? session.viewers : t("none")) },
    {
      id: "actions",
      head: <span className="vh">{t("admin_sessions.actions")}</span>,
      right: true,
      cell: (session) => {
        const name = `${session.workspace.friendly_name} ${session.id.slice(0, 8)}`;
        const items: MenuItem[] = [];
        if (isOpenable(session)) items.push({ label: t("admin_sessions.open"), icon: Maximize2, run: () => open(session) });
        if (session.state === "failed") items.push({ label: t("session.details"), icon: Info, run: () => setDetails(session) });
        items.push({ label: t("session.copy_id"), icon: Copy, run: () => void navigator.clipboard?.writeText(session.id) });
        if (isLive(session) && session.desired !== "ended") items.push({ kind: "line" }, { label: t("session.end"), icon: Power, bad: true, run: () => setEnding([session]) });
        return <Menu label={t("more_for", { name })} items={items} trigger={(props) => <IconButton {...props} icon={Ellipsis} label={t("more_for", { name })} small />} />;
      },
    },
  ];

  const users = options(all, userOf, userOf);
  const workspaces = options(all, (session) => session.workspace.id, (session) => session.workspace.friendly_name);
  const serverNames = [...new Set([...(servers?.map((server) => server.hostname) ?? []), ...all.flatMap((session) => session.server ?? [])])].sort().map((name) => ({ value: name, label: name }));
  const clear = () => setParameters({ state: null, user: null, workspace: null, server: null, q: null });
  const endable = all.filter((session) => selected.has(session.id) && isLive(session) && session.desired !== "ended");

  return (
    <AdminFrame me={me}>
      <PageHead title={t("admin_sessions.title")} count={value ? (filtered ? t("admin.of_rows", { shown: rows.length, count: all.length }) : t("admin.rows", { count: rows.length })) : null} />
      <div className="filters">
        <SearchField label={t("admin_sessions.search")} value={filter.query} onChange={(q) => setParameters({ q })} />
        <FilterChip
          name={t("admin_sessions.state")}
          value={filter.state}
          parameter="state"
          whenEmpty={t("admin_sessions.state_live")}
          options={[{ value: "any", label: t("admin_sessions.any") }, ...states.map((state) => ({ value: state, label: t(stateWord(state)) }))]}
        />
        <FilterChip name={t("admin_sessions.user")} value={filter.user} parameter="user" options={users} />
        <FilterChip name={t("admin_sessions.workspace")} value={filter.workspace} parameter="workspace" options={workspaces} />
        <FilterChip name={t("admin_sessions.server")} value={filter.server} parameter="server" options={serverNames} />
      </div>
      {!value && !error && <ListLoading />}
      {!value && error && <ListFailed error={error} onRetry={() => void live.refreshSessions()} />}
      {value && rows.length === 0 && (
        <div className="card">
          {filtered ? (
            <EmptyState title={t("admin_sessions.no_match")} text={t("admin_sessions.no_match_text")}>
              <Button onClick={clear}>{t("admin_sessions.clear_filters")}</Button>
            </EmptyState>
          ) : (
            <EmptyState title={t("admin_sessions.empty")} text={t("admin_sessions.empty_text")} />
          )}
        </div>
      )}
      {value && rows.length > 0 && (
        <section className="card table-card">
          <Table
            label={t("admin_sessions.title")}
            className="sessions-table"
            columns={columns}
            rows={rows}
            keyOf={(session) => session.id}
            selected={selected}
            order={order}
            onOrder={(next) => setParameters({ order: next.column === "age" && !next.descending ? null : `${next.descending ? "-" : ""}${next.column}` })}
          />
        </section>
      )}
      {selected.size > 0 && (
        <div className="bulk" role="toolbar" aria-label={t("admin_sessions.selected_label", { count: selected.size })}>
          <span className="num">{t("admin_sessions.selected", { count: selected.size })}</span>
          <span className="sep" />
          <Button kind="bad" icon={Power} aria-disabled={endable.length === 0} onClick={() => endable.length > 0 && setEnding(endable)}>
            {t("admin_sessions.end_many", { count: endable.length })}
          </Button>
          <span className="sep" />
          <IconButton icon={X} label={t("admin_sessions.clear")} onClick={() => setChosen(new Set())} />
        </div>
      )}
      {ending && <EndDialog sessions={ending} foreign onClose={() => setEnding(null)} onEnded={() => setChosen(new Set())} />}
      {details && <FailureDialog session={details} own={false} onClose={() => setDetails(null)} />}
    </AdminFrame>
  );
}

function measured(value: number | null | undefined, write: (value: number) => string): string {
  return value === null || value === undefined ? t("none") : write(value);
}

function options(sessions: AdminSession[], value: (session: AdminSession) => string, label: (session: AdminSession) => string): { value: string; label: string }[] {
  return [...new Map(sessions.map((session) => [value(session), label(session)]))].map(([key, text]) => ({ value: key, label: text })).sort((a, b) => a.label.localeCompare(b.label));
}

/** A filter as a chip: dashed while it lets everything pass; chosen, it shows its value and a way to remove it. */
function FilterChip({ name, value, parameter, options: list, whenEmpty }: { name: string; value: string; parameter: string; options: { value: string; label: string }[]; whenEmpty?: string }) {
  const on = value !== "";
  const items: MenuItem[] = list.map((option) => ({ kind: "choice", label: option.label, chosen: option.value === value, run: () => setParameters({ [parameter]: option.value === value ? null : option.value }) }));
  if (items.length === 0 && !on) return null;
  return (
    <span className="chip-split">
      <Menu
        label={name}
        items={items}
        trigger={(props) => (
          <button type="button" className={on ? "chip on" : whenEmpty ? "chip chip-alone" : "chip chip-dash chip-alone"} {...props}>
            {!on && !whenEmpty && <Icon of={Plus} />}
            {name}
            {(on || whenEmpty) && <b>{on ? (list.find((option) => option.value === value)?.label ?? value) : whenEmpty}</b>}
          </button>
        )}
      />
      {on && (
        <button type="button" className="chip on" aria-label={t("admin_sessions.remove_filter", { name })} onClick={() => setParameters({ [parameter]: null })}>
          <Icon of={X} />
        </button>
      )}
    </span>
  );
}
