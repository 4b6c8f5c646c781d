import { Button, Mark, t, toast } from "@oriel/ui";
import { trySignOut } from "../parts/account_menu.tsx";
import { ChangePasswordForm } from "../parts/change_password.tsx";
import { OrielDrawing } from "../parts/oriel_drawing.tsx";
import { usePage } from "../parts/page.tsx";
import { loadAccount } from "../state/account.ts";

/** Comes before everything else for somebody whose password an administrator knows. */
export function FirstPasswordPage() {
  usePage(t("password.first_title"));
  return (
    <main className="split">
      <section className="pane">
        <div className="box">
          <div className="box-head">
            <Mark className="mark mark-large" />
            <div>
              <h1 tabIndex={-1}>{t("password.first_title")}</h1>
              <p className="small t3">{t("password.first_text")}</p>
            </div>
          </div>
          <ChangePasswordForm
            first
            onChanged={() => {
              toast({ title: t("password.changed") });
              void loadAccount();
            }}
          />
          <Button kind="quiet" onClick={trySignOut}>
            {t("account.sign_out")}
          </Button>
        </div>
      </section>
      <section className="art" aria-hidden="true">
        <OrielDrawing />
      </section>
    </main>
  );
}
