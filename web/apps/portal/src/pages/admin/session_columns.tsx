import type { AdminSession } from "@oriel/protocol";
import { Age, Avatar, type Column, format, Icon, StateDot, t } from "@oriel/ui";
import { Eye } from "lucide-react";
import { WorkspaceIcon } from "../../parts/workspace_icon.tsx";
import { isStarting, shownState, stateWord, toneOf, userOf } from "../../state/selectors.ts";

export const startOf = (session: AdminSession) => session.started_at ?? session.created_at;
/** The server orders the rows; this only makes the head a button. */
const asked = () => 0;

const none = t("none");

export function workspaceColumn(open: (session: AdminSession) => void): Column<AdminSession> {
  return {
    id: "workspace",
    head: t("admin_sessions.workspace"),
    order: asked,
    cell: (session) => (
      <span className="row">
        <WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="sm" />
        <button type="button" className="link-name clip" onClick={() => open(session)}>
          {session.workspace.friendly_name}
        </button>
      </span>
    ),
  };
}

export const idColumn: Column<AdminSession> = { id: "id", head: t("admin_sessions.id"), className: "mono t3", cell: (session) => <span title={session.id}>{session.id.slice(0, 8)}</span> };

export const userColumn: Column<AdminSession> = {
  id: "user",
  head: t("admin_sessions.user"),
  order: asked,
  cell: (session) => (
    <span className="row">
      <Avatar name={userOf(session)} small />
      <span className="clip">{userOf(session)}</span>
    </span>
  ),
};

export const serverColumn: Column<AdminSession> = { id: "server", head: t("admin_sessions.server"), className: "t2", order: asked, cell: (session) => session.server ?? none };

export const stateColumn: Column<AdminSession> = {
  id: "state",
  head: t("admin_sessions.state"),
  order: asked,
  className: "state-cell",
  cell: (session) => {
    const state = shownState(session);
    const note = isStarting(session) && state !== "ending" ? session.step : null;
    const watchers = [...new Set(session.watchers.map((watcher) => watcher.name))].join(", ");
    return (
      <span className="row state-row">
        <StateDot tone={toneOf(session)}>{t(stateWord(state))}</StateDot>
        {note && (
          <span className="t3 clip state-note" title={note}>
            · {note}
          </span>
        )}
        {watchers && (
          <span className="t3 row watched" title={t("admin_sessions.watched", { names: watchers })}>
            <Icon of={Eye} />
            <span className="vh">{t("admin_sessions.watched", { names: watchers })}</span>
          </span>
        )}
      </span>
    );
  },
};

export const reasonColumn: Column<AdminSession> = {
  id: "reason",
  head: t("admin_sessions.reason"),
  className: "t2 reason-cell",
  cell: (session) => (
    <span className="clip" title={session.reason ?? undefined}>
      {reasonOf(session)}
    </span>
  ),
};

export const ageColumn: Column<AdminSession> = { id: "age", head: t("admin_sessions.age"), right: true, order: asked, cell: (session) => <Age since={startOf(session)} /> };
export const endedColumn: Column<AdminSession> = { id: "ended", head: t("admin_sessions.ended"), right: true, order: asked, cell: (session) => (session.ended_at ? <Age since={session.ended_at} /> : none) };
export const lastedColumn: Column<AdminSession> = { id: "lasted", head: t("admin_sessions.lasted"), right: true, className: "num", cell: (session) => lastedOf(session) };
export const cpuColumn: Column<AdminSession> = { id: "cpu", head: t("admin_sessions.cpu"), right: true, order: asked, cell: (session) => measured(session.cpu, (cores) => t("unit.percent", { count: Math.round(cores * 100) })) };
export const memoryColumn: Column<AdminSession> = { id: "memory", head: t("admin_sessions.memory"), right: true, order: asked, cell: (session) => measured(session.memory, format.gibibytes) };
export const viewersColumn: Column<AdminSession> = { id: "viewers", head: t("admin_sessions.viewers"), right: true, order: asked, cell: (session) => (session.viewers > 0 ? session.viewers : none) };


function measured(value: number | null | undefined, write: (value: number) => string): string {
  return value === null || value === undefined ? none : write(value);
}

/** From its start to its end; nothing for one that never ran. */
export function lastedOf(session: AdminSession): string {
  if (!session.started_at || !session.ended_at) return none;
  return format.duration(Date.parse(session.ended_at) - Date.parse(session.started_at));
}

/** The reason in words: the row's own sentence, or what its code says. */
export function reasonOf(session: Pick<AdminSession, "reason" | "reason_code">): string {
  if (session.reason) return session.reason;
  switch (session.reason_code) {
    case "ended_by_user":
      return t("admin_sessions.reason_user");
    case "keepalive_expired":
      return t("admin_sessions.reason_unused");
    case "session_time_limit":
      return t("admin_sessions.reason_time");
    default:
      return session.reason_code ?? none;
  }
}
