import type { AdminSession } from "@oriel/protocol";
import { Age, Bar, Button, Icon, IconButton, Menu, type MenuItem, StateDot, format, t } from "@oriel/ui";
import { CircleAlert, Copy, Ellipsis, LoaderCircle, Maximize2, Pause, Power, RotateCw, X } from "lucide-react";
import { complete } from "../state/launch.ts";
import { isOpenable, isStarting, shownState, stateWord, toneOf } from "../state/selectors.ts";
import { WorkspaceIcon } from "./workspace_icon.tsx";

/** One of the reader's own sessions: what it is, how it is, how old it is; resume and end. */
export function SessionTile({ session, onEnd, onDetails, onRemove }: { session: AdminSession; onEnd: (session: AdminSession) => void; onDetails: (session: AdminSession) => void; onRemove: (session: AdminSession) => void }) {
  const name = session.workspace.friendly_name;
  const state = shownState(session);
  const href = `/sessions/${session.id}`;
  const openable = isOpenable(session);
  const starting = isStarting(session) && openable;
  const failed = state === "failed";
  const note = failed
    ? (session.reason ?? t("state.failed"))
    : starting
      ? session.step || t(stateWord(state))
      : state !== "running"
        ? session.expires_at
          ? t("session.expires", { time: format.shortTime(session.expires_at) })
          : ""
        : session.viewers > 0
          ? t("session.viewers", { count: session.viewers })
          : t("session.no_viewer");
  const items: MenuItem[] = [{ label: t("session.copy_id"), icon: Copy, run: () => void navigator.clipboard?.writeText(session.id) }];
  if (failed) items.push({ kind: "line" }, { label: t("session.remove"), icon: X, run: () => onRemove(session) });

  const scene = (
    <>
      <svg className="scene" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
        <rect x="40" y="32" width="208" height="136" rx="8" />
        <path d="M40 56h208" />
        <path className="lights" d="M54 44h.01M65 44h.01M76 44h.01" />
        <rect x="148" y="84" width="132" height="92" rx="8" className="front" />
        <path d="M148 104h132M164 122h60M164 138h84M164 154h44" />
        <path className="lights" d="M160 94h.01M170 94h.01" />
      </svg>
      {(starting || failed || state !== "running") && (
        <span className="veil">
          {starting ? <span className="ring" /> : <Icon of={failed ? CircleAlert : state === "ending" ? LoaderCircle : Pause} small />}
          {t(stateWord(state))}
        </span>
      )}
    </>
  );

  return (
    <article className={`rtile ${state}`} aria-label={name} style={{ "--h": session.workspace.hue } as React.CSSProperties}>
      {openable ? (
        <a href={href} className="thumb ws-hue" aria-label={t("session.resume_name", { name })} tabIndex={-1}>
          {scene}
        </a>
      ) : (
        <span className="thumb ws-hue">{scene}</span>
      )}
      {starting && <Bar value={session.progress} label={t("session.progress")} progress />}
      <div className="rmeta">
        <WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="md" />
        <div className="grow">
          <h3 className="clip">{name}</h3>
          <p className={failed ? "small clip bad-text" : "small t3 clip"} title={note}>
            {starting ? <StateDot tone={toneOf(session)}>{note}</StateDot> : note || "\u00a0"}
          </p>
        </div>
        <span className="small t3" title={t("session.started", { time: format.exactTime(session.started_at ?? session.created_at) })}>
          <Age since={session.started_at ?? session.created_at} />
        </span>
      </div>
      <div className="racts">
        {openable && (
          <a className="btn btn-sm" href={href} aria-label={t("session.resume_name", { name })}>
            <Icon of={Maximize2} />
            {starting ? t("session.open") : t("session.resume")}
          </a>
        )}
        {failed && (
          <>
            <Button small icon={RotateCw} onClick={() => void complete(session.workspace.id, name)}>
              {t("try_again")}
            </Button>
            <Button small kind="quiet" onClick={() => onDetails(session)}>
              {t("session.details")}
            </Button>
          </>
        )}
        {openable && (
          <Button small kind="quiet" icon={Power} onClick={() => onEnd(session)}>
            {t("session.end")}
          </Button>
        )}
        <span className="end">
          <Menu label={t("more_for", { name })} items={items} trigger={(props) => <IconButton {...props} icon={Ellipsis} label={t("more_for", { name })} small />} />
        </span>
      </div>
    </article>
  );
}
