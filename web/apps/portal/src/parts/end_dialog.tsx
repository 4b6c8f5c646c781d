import { ApiError, type AdminSession } from "@oriel/protocol";
import { Button, Dialog, format, t, toast } from "@oriel/ui";
import { useState } from "react";
import { api } from "../state/api.ts";
import { live } from "../state/live.ts";
import { userOf } from "../state/selectors.ts";
import { WorkspaceIcon } from "./workspace_icon.tsx";

const atOnce = 4;

/** Asks before sessions end and names what is lost. `foreign`: the sessions may be other people's, so it says whose. */
export function EndDialog({ sessions, foreign = false, onClose, onEnded }: { sessions: AdminSession[]; foreign?: boolean; onClose: () => void; onEnded?: () => void }) {
  const [busy, setBusy] = useState(false);
  const one = sessions.length === 1 ? sessions[0] : undefined;
  const now = Date.now();
  const ageOf = (session: AdminSession) => format.duration(now - Date.parse(session.started_at ?? session.created_at));

  const end = async () => {
    setBusy(true);
    const failed: { session: AdminSession; error: unknown }[] = [];
    const waiting = [...sessions];
    const work = async () => {
      for (let session = waiting.shift(); session; session = waiting.shift()) {
        try {
          live.put(await api.endSession(session.id));
        } catch (error) {
          // Gone already is what was wanted.
          if (error instanceof ApiError && error.code === "not_found") live.remove(session.id);
          else failed.push({ session, error });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, sessions.length) }, work));
    const ended = sessions.length - failed.length;
    const firstFailure = failed[0];
    if (firstFailure) {
      const text = firstFailure.error instanceof Error ? firstFailure.error.message : String(firstFailure.error);
      const name = firstFailure.session.workspace.friendly_name;
      toast({ bad: true, text, title: failed.length === 1 ? t("end.failed", { name }) : t("end.failed_many", { count: failed.length }) });
    }
    if (ended > 0) toast({ title: one ? t("end.started", { name: one.workspace.friendly_name }) : t("end.started_many", { count: ended }) });
    onEnded?.();
    onClose();
  };

  const viewers = sessions.reduce((sum, session) => sum + session.viewers, 0);
  return (
    <Dialog
      alert
      title={one ? t("end.title", { name: one.workspace.friendly_name }) : t("end.title_many", { count: sessions.length })}
      lead={one && <WorkspaceIcon url={one.workspace.icon_url} hue={one.workspace.hue} size="md" />}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose} data-autofocus>
            {one ? t("end.keep") : t("end.keep_many")}
          </Button>
          <Button kind="bad-solid" aria-disabled={busy} onClick={busy ? undefined : end}>
            {one ? t("end.confirm") : t("end.confirm_many", { count: sessions.length })}
          </Button>
        </>
      }
    >
      <p>
        {one && (foreign ? t("end.of_user", { user: userOf(one), age: ageOf(one) }) : t("end.age", { age: ageOf(one) }))} {one ? t("end.lost") : t("end.lost_many")}
        {viewers > 0 && ` ${t("end.viewers", { count: viewers })}`}
      </p>
      {!one && (
        <ul className="end-list">
          {sessions.map((session) => (
            <li key={session.id} className="row">
              <WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="sm" />
              <span className="medium t1">{session.workspace.friendly_name}</span>
              <span className="t3">{userOf(session)}</span>
              <span className="t3 num end">{ageOf(session)}</span>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
