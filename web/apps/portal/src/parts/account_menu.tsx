import type { Me } from "@oriel/protocol";
import { chooseTheme, Menu, storedTheme, t, type Theme, toast } from "@oriel/ui";
import { CircleUser, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { signOut } from "../state/account.ts";

const AccountDialog = lazy(() => import("./account_dialog.tsx"));

export const themes = [
  { theme: "system", icon: Monitor, label: "account.theme_system" },
  { theme: "light", icon: Sun, label: "account.theme_light" },
  { theme: "dark", icon: Moon, label: "account.theme_dark" },
] as const;

export function trySignOut(): void {
  signOut().catch((error: unknown) => toast({ bad: true, title: t("account.sign_out_failed"), text: error instanceof Error ? error.message : String(error) }));
}

export function AccountMenu({ me, avatar }: { me: Me; avatar: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const [account, setAccount] = useState(false);
  const name = me.display_name || me.username;
  return (
    <>
    <Menu
      label={t("account.label", { name })}
      head={
        <p className="menu-head">
          <b className="clip">{name}</b>
          <span className="clip">{t("account.version", { version: me.version })}</span>
        </p>
      }
      items={[
        ...themes.map((each) => ({
          kind: "choice" as const,
          label: `${t("account.theme")}: ${t(each.label)}`,
          icon: each.icon,
          chosen: theme === each.theme,
          run: () => {
            chooseTheme(each.theme);
            setTheme(each.theme);
          },
        })),
        { kind: "line" },
        { label: t("account.open"), icon: CircleUser, run: () => setAccount(true) },
        { label: t("account.sign_out"), icon: LogOut, run: trySignOut },
      ]}
      trigger={(props) => (
        <button type="button" className="btn btn-quiet btn-icon" aria-label={t("account.label", { name })} {...props} onClick={() => { setTheme(storedTheme()); props.onClick(); }}>
          {avatar}
        </button>
      )}
    />
    {account && (
      <Suspense fallback={null}>
        <AccountDialog onClose={() => setAccount(false)} />
      </Suspense>
    )}
    </>
  );
}
