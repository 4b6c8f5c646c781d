import { ApiError } from "@oriel/protocol";
import { Button, Icon, t } from "@oriel/ui";
import { CircleAlert } from "lucide-react";
import { useState } from "react";
import { api } from "../state/api.ts";
import { PasswordField } from "./password_field.tsx";

const least = 8;

/** What is wrong beside each field, from the answer's pointers; the rest is told above. */
export function faultOf(error: unknown, pointer: string): string | null {
  return error instanceof ApiError ? (error.fields.find((each) => each.pointer === pointer)?.message ?? null) : null;
}

/** One's own password: the present one and a new one. All other devices are signed out by it. */
export function ChangePasswordForm({ onChanged, first = false }: { onChanged: () => void; first?: boolean }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState(false);
  const [gaps, setGaps] = useState<{ current?: string; next?: string }>({});
  const [failure, setFailure] = useState<unknown>(null);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const missing = { ...(current === "" && { current: t("password.missing_current") }), ...(next === "" ? { next: t("password.missing_new") } : [...next].length < least && { next: t("password.short") }) };
    setGaps(missing);
    setFailure(null);
    if (missing.current || missing.next) return;
    setBusy(true);
    try {
      await api.changePassword(current, next);
      setCurrent("");
      setNext("");
      onChanged();
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };

  const wrong = gaps.current ?? faultOf(failure, "/current_password");
  const bad = gaps.next ?? faultOf(failure, "/new_password");
  return (
    <form className="stack" onSubmit={submit} noValidate>
      {failure !== null && !wrong && !bad && (
        <div className="notice bad" role="alert">
          <Icon of={CircleAlert} />
          <div>
            <p className="medium">{t("password.failed")}</p>
            <p className="t2">{failure instanceof Error ? failure.message : String(failure)}</p>
          </div>
        </div>
      )}
      <PasswordField label={t("password.current")} name="current" autoComplete="current-password" value={current} error={wrong} onChange={(event) => setCurrent(event.target.value)} />
      <PasswordField label={t("password.new")} name="new" autoComplete="new-password" value={next} help={t("password.help")} error={bad} onChange={(event) => setNext(event.target.value)} />
      <div className={first ? "stack" : "row"}>
        <Button kind="primary" type="submit" aria-disabled={busy}>
          {busy ? t("password.busy") : t("password.change")}
        </Button>
      </div>
    </form>
  );
}
