import type { AdminSession } from "@oriel/protocol";
import { Button, Dialog, t, toast } from "@oriel/ui";
import { useId, useState } from "react";
import { api } from "../state/api.ts";
import { userOf } from "../state/selectors.ts";

const longest = 2000;

/** Writes to the users of sessions. What was typed stays through a failure. */
export function MessageDialog({ sessions, onClose, onSent }: { sessions: AdminSession[]; onClose: () => void; onSent?: () => void }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const id = useId();
  const one = sessions.length === 1 ? sessions[0] : undefined;
  const people = [...new Set(sessions.map(userOf))];

  const send = async () => {
    const words = text.trim();
    if (words === "") {
      setError(t("message.empty"));
      document.getElementById(id)?.focus();
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const { results } = await api.messageSessions(
        sessions.map((session) => session.id),
        words,
      );
      const refused = results.filter((result) => !result.ok);
      const first = refused[0];
      if (first && refused.length === results.length) {
        setError(first.message ?? "");
        setBusy(false);
        return;
      }
      toast(first ? { bad: true, title: t("message.failed_some", { count: refused.length }), text: first.message ?? undefined } : { title: one ? t("message.sent", { user: userOf(one) }) : t("message.sent_many", { count: results.length }) });
      onSent?.();
      onClose();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={one ? t("message.title", { user: userOf(one) }) : t("message.title_many", { count: sessions.length })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" aria-disabled={busy} onClick={busy ? undefined : () => void send()}>
            {t("message.send")}
          </Button>
        </>
      }
    >
      <div className="field">
        <label htmlFor={id}>{t("message.label")}</label>
        <textarea
          id={id}
          className={error ? "input area is-bad" : "input area"}
          rows={5}
          maxLength={longest}
          value={text}
          data-autofocus
          aria-invalid={error ? true : undefined}
          aria-describedby={`${id}-note`}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !busy) void send();
          }}
        />
        <p id={`${id}-note`} className={error ? "error" : "help"} role={error ? "alert" : undefined}>
          {error ?? (one ? t("message.help", { name: one.workspace.friendly_name }) : t("message.help_many", { people: people.slice(0, 3).join(", ") + (people.length > 3 ? " …" : "") }))}
        </p>
      </div>
    </Dialog>
  );
}
