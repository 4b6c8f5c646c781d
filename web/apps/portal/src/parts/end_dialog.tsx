import { ApiError, type AdminSession } from "@oriel/protocol";
import { Button, Dialog, Field, format, t, toast } from "@oriel/ui";
import { useState } from "react";
import { api } from "../state/api.ts";
import { live } from "../state/live.ts";
import { userOf } from "../state/selectors.ts";
import { WorkspaceIcon } from "./workspace_icon.tsx";

const atOnce = 4;
const perRequest = 200;

/** Bytes that the API takes; a reason is one sentence. */
const longestReason = 200;

/** Asks before sessions end and names what is lost. `foreign`: an administrator ends other people's, says whose and may say why. */
export function EndDialog({ sessions, foreign = false, onClose, onEnded }: { sessions: AdminSession[]; foreign?: boolean; onClose: () => void; onEnded?: () => void }) {
  const [busy, setBusy] = useState(false);
  const [reason, setReason] = useState("");
  const one = sessions.length === 1 ? sessions[0] : undefined;
  const now = Date.now();
  const ageOf = (session: AdminSession) => format.duration(now - Date.parse(session.started_at ?? session.created_at));

  const end = async () => {
    setBusy(true);
    const failed = foreign ? await endForeign(sessions, reason.trim()) : await endOwn(sessions);
    const ended = sessions.length - failed.length;
    const firstFailure = failed[0];
    if (firstFailure) {
      const text = firstFailure.message;
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
      {foreign && <Field label={t("end.reason")} help={t("end.reason_help")} value={reason} maxLength={longestReason} onChange={(event) => setReason(event.target.value)} />}
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

type Failure = { session: AdminSession; message: string };

async function endOwn(sessions: readonly AdminSession[]): Promise<Failure[]> {
  const failed: Failure[] = [];
  const waiting = [...sessions];
  const work = async () => {
    for (let session = waiting.shift(); session; session = waiting.shift()) {
      try {
        live.put(await api.endSession(session.id));
      } catch (error) {
        // Gone already is what was wanted.
        if (error instanceof ApiError && error.code === "not_found") live.remove(session.id);
        else failed.push({ session, message: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, sessions.length) }, work));
  return failed;
}

/** One request ends many, so that one reason and one confirmation stand for all of them. */
async function endForeign(sessions: readonly AdminSession[], reason: string): Promise<Failure[]> {
  const failed: Failure[] = [];
  for (let at = 0; at < sessions.length; at += perRequest) {
    const part = sessions.slice(at, at + perRequest);
    try {
      const { results } = await api.endSessions(
        part.map((session) => session.id),
        reason,
      );
      part.forEach((session, index) => {
        const result = results[index];
        if (result?.ok) live.put({ ...session, desired: "ended" });
        else failed.push({ session, message: result?.message ?? "" });
      });
    } catch (error) {
      for (const session of part) failed.push({ session, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return failed;
}
