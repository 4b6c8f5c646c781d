import { Button, t, toast } from "@oriel/ui";
import { trySignOut } from "../parts/account_menu.tsx";
import { ChangePasswordForm } from "../parts/change_password.tsx";
import { FrontPage } from "../parts/front_page.tsx";
import { usePage } from "../parts/page.tsx";
import { loadAccount } from "../state/account.ts";

/** Comes before everything else for somebody whose password an administrator knows. */
export function FirstPasswordPage() {
  usePage(t("password.first_title"));
  return (
    <FrontPage heading={t("password.first_title")} text={t("password.first_text")}>
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
    </FrontPage>
  );
}
