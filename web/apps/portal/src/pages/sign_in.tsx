import { ApiError } from "@oriel/protocol";
import { Button, Field, Icon, IconButton, t, useClock } from "@oriel/ui";
import { CircleAlert, Eye, EyeOff } from "lucide-react";
import { useRef, useState } from "react";
import { FrontPage } from "../parts/front_page.tsx";
import { usePage } from "../parts/page.tsx";
import { signedIn } from "../state/account.ts";
import { api } from "../state/api.ts";

type Trouble = { title: string; text: string } | null;

/** Sign-in by name and password. What went wrong never says whether the account exists. */
export function SignInPage({ expired }: { expired: boolean }) {
  usePage(t("sign_in.title"));
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [visible, setVisible] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [missing, setMissing] = useState<{ username?: string; password?: string }>({});
  const [pausedUntil, setPausedUntil] = useState(0);
  const remaining = useClock((now) => Math.max(0, Math.ceil((pausedUntil - now) / 1000)));
  const usernameField = useRef<HTMLInputElement>(null);
  const passwordField = useRef<HTMLInputElement>(null);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (busy || remaining > 0) return;
    // Password managers may fill without an event.
    const name = (usernameField.current?.value ?? username).trim();
    const secret = passwordField.current?.value ?? password;
    const gaps = { ...(name === "" && { username: t("sign_in.username_missing") }), ...(secret === "" && { password: t("sign_in.password_missing") }) };
    setMissing(gaps);
    if (gaps.username) return usernameField.current?.focus();
    if (gaps.password) return passwordField.current?.focus();
    setBusy(true);
    setTrouble(null);
    try {
      signedIn(await api.signIn(name, secret));
      return;
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError("internal", String(error), 0);
      if (failure.status === 429) {
        setPausedUntil(Date.now() + (failure.retryAfter ?? 30) * 1000);
      } else if (failure.status === 401) {
        setTrouble({ title: t("sign_in.wrong"), text: t("sign_in.wrong_next") });
        setPassword("");
        passwordField.current?.focus();
      } else if (failure.status === 0) {
        setTrouble({ title: t("sign_in.offline"), text: t("sign_in.offline_next") });
      } else {
        setTrouble({ title: t("sign_in.failed"), text: failure.message });
      }
    }
    setBusy(false);
  };

  const paused = remaining > 0;
  return (
    <FrontPage heading={t("sign_in.heading")} text={location.host} foot={<a href="/licenses.txt">{t("sign_in.licenses")}</a>}>
      {paused ? (
        <div className="notice warn" role="alert">
          <Icon of={CircleAlert} />
          <div>
            {/* Only the start is read aloud; the countdown is not a stream of alerts. */}
            <p className="medium num" aria-live="off">
              {t("sign_in.paused", { count: remaining })}
            </p>
            <p className="t2">{t("sign_in.paused_next")}</p>
          </div>
        </div>
      ) : trouble ? (
        <div className="notice bad" role="alert">
          <Icon of={CircleAlert} />
          <div>
            <p className="medium">{trouble.title}</p>
            <p className="t2">{trouble.text}</p>
          </div>
        </div>
      ) : (
        expired && (
          <div className="notice" role="status">
            <Icon of={CircleAlert} />
            <p>{t("sign_in.expired")}</p>
          </div>
        )
      )}
      <form className="stack" onSubmit={submit} noValidate>
        <Field
          ref={usernameField}
          label={t("sign_in.username")}
          error={missing.username ?? null}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <Field
          ref={passwordField}
          label={t("sign_in.password")}
          error={missing.password ?? null}
          name="password"
          type={visible ? "text" : "password"}
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          after={<IconButton small icon={visible ? EyeOff : Eye} label={visible ? t("sign_in.hide_password") : t("sign_in.show_password")} onClick={() => setVisible(!visible)} />}
        />
        <Button kind="primary" type="submit" aria-disabled={busy || paused}>
          {busy ? t("sign_in.busy") : t("sign_in.submit")}
        </Button>
      </form>
    </FrontPage>
  );
}
