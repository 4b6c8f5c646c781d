import { type AdminSession, ApiError, type SessionDetails } from "@oriel/protocol";
import { Button, Dialog, format, Skeleton, StateDot, t } from "@oriel/ui";
import { type ReactNode, useEffect, useState } from "react";
import { CopyId } from "../../parts/copy_id.tsx";
import { Refusals } from "../../parts/refusals.tsx";
import { WorkspaceIcon } from "../../parts/workspace_icon.tsx";
import { api } from "../../state/api.ts";
import { shownState, stateWord, toneOf, userOf } from "../../state/selectors.ts";
import { lastedOf, reasonOf } from "./session_columns.tsx";

/** All that is known of one session: why it is over, its log's tail, container, times, what it was promised, what was written to it. */
export function SessionDetailsDialog({ session, actions, onClose }: { session: AdminSession; actions?: ReactNode; onClose: () => void }) {
  const [details, setDetails] = useState<SessionDetails | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    api.adminSession(session.id, controller.signal).then(setDetails, (failure: unknown) => {
      if (!controller.signal.aborted) setError(failure instanceof ApiError ? failure.message : String(failure));
    });
    return () => controller.abort();
  }, [session.id]);
  const state = shownState(session);
  const over = state === "ended" || state === "failed";
  const refusals = session.placement?.servers ?? [];
  return (
    <Dialog
      wide
      title={t("admin_sessions.details_title", { name: session.workspace.friendly_name, user: userOf(session) })}
      lead={<WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="md" />}
      onClose={onClose}
      footer={
        <>
          <span className="row t3 small grow">
            {t("failure.id")}
            <CopyId id={session.id} label={t("session.copy_id")} />
          </span>
          {actions}
          <Button onClick={onClose} data-autofocus>
            {t("close")}
          </Button>
        </>
      }
    >
      <p className="row details-state">
        <StateDot tone={toneOf(session)}>{t(stateWord(state))}</StateDot>
        {(over || session.reason) && <span className="t2">{reasonOf(session)}</span>}
      </p>
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
      {!details && !error && (
        <div role="status" aria-label={t("loading")} className="details-loading">
          <Skeleton width="60%" />
          <Skeleton width="80%" />
          <Skeleton width="50%" />
        </div>
      )}
      {refusals.length > 0 && <Refusals servers={refusals} />}
      {details && <Facts details={details} />}
      {over && (
        <div className="field">
          <p className="flabel t1">{t("failure.log")}</p>
          {session.log_tail ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a log that scrolls must be reachable by keyboard
            <pre className="code" tabIndex={0}>
              {session.log_tail}
            </pre>
          ) : (
            <p className="help">{t("admin_sessions.no_log")}</p>
          )}
        </div>
      )}
      {details && details.sent_messages.length > 0 && (
        <div className="field">
          <p className="flabel t1">{t("admin_sessions.messages")}</p>
          <ul className="sent">
            {details.sent_messages.map((message) => (
              <li key={message.id}>
                <p className="sent-text">{message.text}</p>
                <p className="help">
                  {message.from} · {format.shortTime(message.sent_at)} · {message.read_at ? t("admin_sessions.message_read", { time: format.shortTime(message.read_at) }) : t("admin_sessions.message_unread")}
                </p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Dialog>
  );
}

function Facts({ details }: { details: SessionDetails }) {
  const time = (value: string | null | undefined) => (value ? <time dateTime={value} title={format.exactTime(value)}>{format.shortTime(value)}</time> : t("none"));
  const watchers = details.watchers.map((watcher) => watcher.name).join(", ");
  const rows: [string, ReactNode, boolean?][] = [
    [t("admin_sessions.user"), userOf(details)],
    [t("admin_sessions.server"), details.server ? `${details.server}${details.zone ? ` · ${details.zone}` : ""}` : t("none")],
    [t("admin_sessions.container"), details.container_id ? details.container_id.slice(0, 12) : t("none"), true],
    [t("admin_sessions.image"), details.image_reference || t("none"), true],
    [t("admin_sessions.attempt"), details.attempt],
    [t("admin_sessions.reserved"), `${format.cores(details.cores_reserved)}, ${format.bytes(details.memory_reserved_bytes)}`],
    [t("admin_sessions.in_use"), `${format.cores(details.cpu)}, ${format.bytes(details.memory)}`],
    [t("admin_sessions.screen"), `${details.width} × ${details.height}`],
    [t("admin_sessions.requested"), time(details.created_at)],
    [t("admin_sessions.placed"), time(details.placed_at)],
    [t("admin_sessions.started"), time(details.started_at)],
    [t("admin_sessions.last_input"), time(details.last_input_at)],
    details.ended_at ? [t("admin_sessions.ended"), time(details.ended_at)] : [t("admin_sessions.expires"), time(details.expires_at)],
    details.ended_at ? [t("admin_sessions.lasted"), lastedOf(details)] : [t("admin_sessions.viewers"), watchers ? `${details.viewers} · ${watchers}` : details.viewers],
  ];
  return (
    <dl className="facts facts-dialog">
      {rows.map(([name, value, mono]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={mono ? "mono clip" : "clip"}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
