import { ApiError, type User } from "@oriel/protocol";
import { Button, Dialog, Field, Icon, IconButton, SegmentedControl, t, toast } from "@oriel/ui";
import { CircleAlert, Copy } from "lucide-react";
import { useState } from "react";
import { faultOf } from "../../parts/change_password.tsx";
import { PasswordField } from "../../parts/password_field.tsx";
import { api } from "../../state/api.ts";

export const nameOf = (user: User) => user.display_name || user.username;

export function tellFailure(user: User, error: unknown): void {
  toast({ bad: true, title: t("users.failed", { name: nameOf(user) }), text: error instanceof Error ? error.message : String(error) });
}

/** Enables or unlocks at once: nothing is lost by it. */
export async function actAtOnce(user: User, act: "enable" | "unlock", done: () => void): Promise<void> {
  try {
    await api.actOnUser(user.id, act);
    toast({ title: act === "enable" ? t("users.enabled", { name: nameOf(user) }) : t("users.unlocked", { name: nameOf(user) }) });
    done();
  } catch (error) {
    tellFailure(user, error);
  }
}

type ActProps = { user: User; onClose: () => void; onDone: () => void };

export function DisableDialog({ user, onClose, onDone }: ActProps) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await api.actOnUser(user.id, "disable");
      toast({ title: t("users.is_disabled", { name: nameOf(user) }), text: t("users.is_disabled_text", { count: user.devices }) });
      onDone();
    } catch (error) {
      tellFailure(user, error);
    }
    onClose();
  };
  return (
    <Dialog
      alert
      title={t("disable.title", { name: nameOf(user) })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose} data-autofocus>
            {t("disable.keep")}
          </Button>
          <Button kind="bad-solid" aria-disabled={busy} onClick={busy ? undefined : run}>
            {t("disable.confirm")}
          </Button>
        </>
      }
    >
      <p>{t("disable.text", { name: nameOf(user) })}</p>
    </Dialog>
  );
}

/** What goes with the user is named, and the user's name is typed. */
export function DeleteUserDialog({ user, onClose, onDone }: ActProps) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const [busy, setBusy] = useState(false);
  const run = async (event: React.FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (typed.trim().toLowerCase() !== user.username.toLowerCase()) return setWrong(true);
    setBusy(true);
    try {
      await api.deleteUser(user.id);
      toast({ title: t("users.deleted", { name: nameOf(user) }) });
      onDone();
    } catch (error) {
      tellFailure(user, error);
    }
    onClose();
  };
  return (
    <Dialog
      alert
      title={t("delete_user.title", { name: nameOf(user) })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("disable.keep")}</Button>
          <Button kind="bad-solid" type="submit" form="delete-user" aria-disabled={busy}>
            {t("delete_user.confirm")}
          </Button>
        </>
      }
    >
      <ul className="losses">
        <li>{user.live_sessions > 0 ? t("delete_user.sessions", { count: user.live_sessions }) : t("delete_user.no_sessions")}</li>
        {user.devices > 0 && <li>{t("delete_user.devices", { count: user.devices })}</li>}
        <li>{t("delete_user.personal")}</li>
      </ul>
      <p className="t1 medium">{t("delete_user.text")}</p>
      <form id="delete-user" onSubmit={run} noValidate>
        <Field
          label={t("delete_user.type", { name: user.username })}
          value={typed}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          data-autofocus
          error={wrong ? t("delete_user.type_wrong") : null}
          onChange={(event) => {
            setTyped(event.target.value);
            setWrong(false);
          }}
        />
      </form>
    </Dialog>
  );
}

export type PasswordChoice = { given: boolean; password: string; mustChange: boolean };

/** Made or given, and whether it is only for the first time. */
export function PasswordChoiceFields({ choice, onChange, error }: { choice: PasswordChoice; onChange: (choice: PasswordChoice) => void; error: string | null }) {
  return (
    <div className="stack">
      <div className="field">
        <span className="label-text">{t("user_form.password")}</span>
        <SegmentedControl
          label={t("user_form.password")}
          value={choice.given ? "give" : "generate"}
          options={[
            { value: "generate", label: t("user_form.generate") },
            { value: "give", label: t("user_form.give") },
          ]}
          onChange={(value) => onChange({ ...choice, given: value === "give" })}
        />
        {!choice.given && <p className="help">{t("user_form.generate_help")}</p>}
      </div>
      {choice.given && <PasswordField label={t("password.new")} autoComplete="new-password" value={choice.password} help={t("password.help")} error={error} onChange={(event) => onChange({ ...choice, password: event.target.value })} />}
      <label className="check-line">
        <input type="checkbox" className="check" checked={choice.mustChange} onChange={(event) => onChange({ ...choice, mustChange: event.target.checked })} />
        {t("user_form.must_change")}
      </label>
    </div>
  );
}

export function ResetPasswordDialog({ user, onClose, onDone }: ActProps) {
  const [choice, setChoice] = useState<PasswordChoice>({ given: false, password: "", mustChange: true });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [made, setMade] = useState<string | null>(null);
  const run = async () => {
    if (choice.given && [...choice.password].length < 8) {
      setFailure(new ApiError("invalid", t("password.short"), 400, [{ pointer: "/password", message: t("password.short") }]));
      return;
    }
    setBusy(true);
    try {
      const { password } = await api.resetPassword(user.id, { must_change_password: choice.mustChange, ...(choice.given && { password: choice.password }) });
      onDone();
      if (password !== null) return setMade(password);
      toast({ title: t("reset.done", { name: nameOf(user) }) });
      return onClose();
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  if (made !== null) return <PasswordOnce name={nameOf(user)} password={made} onClose={onClose} />;
  const beside = faultOf(failure, "/password");
  return (
    <Dialog
      title={t("reset.title", { name: nameOf(user) })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" aria-disabled={busy} onClick={busy ? undefined : run}>
            {t("reset.confirm")}
          </Button>
        </>
      }
    >
      <p>{t("reset.text", { name: nameOf(user) })}</p>
      {failure !== null && !beside && <FailureNotice title={t("users.failed", { name: nameOf(user) })} error={failure} />}
      <PasswordChoiceFields choice={choice} onChange={setChoice} error={beside} />
    </Dialog>
  );
}

/** A password that is shown this once; a click beside the dialog does not lose it. */
export function PasswordOnce({ name, password, onClose }: { name: string; password: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog
      alert
      title={t("password.once_title", { name })}
      onClose={onClose}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t("password.done")}
        </Button>
      }
    >
      <p>{t("password.once_text", { name })}</p>
      <div className="once">
        <code className="once-text" data-testid="password">
          {password}
        </code>
        <IconButton
          icon={Copy}
          label={t("password.copy")}
          data-autofocus
          onClick={() => {
            void navigator.clipboard?.writeText(password).then(() => setCopied(true));
          }}
        />
      </div>
      <p role="status" className="label t3">
        {copied ? t("copied") : ""}
      </p>
    </Dialog>
  );
}

export function FailureNotice({ title, error }: { title: string; error: unknown }) {
  return (
    <div className="notice bad" role="alert">
      <Icon of={CircleAlert} />
      <div>
        <p className="medium">{title}</p>
        <p className="t2">{error instanceof Error ? error.message : String(error)}</p>
      </div>
    </div>
  );
}
