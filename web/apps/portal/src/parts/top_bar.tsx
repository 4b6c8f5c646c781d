import type { Me } from "@oriel/protocol";
import { Avatar, IconButton, Icon, Mark, Menu, type MenuItem, t } from "@oriel/ui";
import { Activity, Boxes, LayoutGrid, Menu as MenuIcon, Monitor, ScrollText, Search, Server, Users } from "lucide-react";
import type { ReactNode } from "react";
import { navigate, usePlace } from "../router.ts";
import { open } from "../state/launch.ts";
import { live } from "../state/live.ts";
import { isOpenable, ownSessions } from "../state/selectors.ts";
import { useStore } from "../state/store.ts";
import { AccountMenu } from "./account_menu.tsx";
import { Link } from "./link.tsx";
import { openPalette } from "./palette_state.ts";

/** The bar over every page: where one is, the search or command palette, one's running sessions, one's account. */
export function TopBar({ me, middle }: { me: Me; middle?: ReactNode }) {
  const { path } = usePlace();
  const connected = useStore(live.connected);
  const sessions = useStore(live.sessions);
  const own = ownSessions(sessions.value, me.id).filter(isOpenable);
  const admin = path.startsWith("/admin");
  const pages: MenuItem[] = [
    { label: t("nav.workspaces"), icon: LayoutGrid, run: () => navigate("/") },
    { kind: "line" },
    { label: `${t("nav.administration")}: ${t("nav.sessions")}`, icon: Monitor, run: () => navigate("/admin/sessions") },
    { label: `${t("nav.administration")}: ${t("nav.workspaces")}`, icon: Boxes, run: () => navigate("/admin/workspaces") },
    { label: `${t("nav.administration")}: ${t("nav.servers")}`, icon: Server, run: () => navigate("/admin/servers") },
    { label: `${t("nav.administration")}: ${t("nav.users")}`, icon: Users, run: () => navigate("/admin/users") },
    { label: `${t("nav.administration")}: ${t("nav.audit")}`, icon: ScrollText, run: () => navigate("/admin/audit") },
    { label: `${t("nav.administration")}: ${t("nav.diagnostics")}`, icon: Activity, run: () => navigate("/admin/diagnostics") },
  ];
  const resume: MenuItem[] = own.map((session) => ({ label: session.workspace.friendly_name, icon: Monitor, run: () => open(session) }));

  return (
    <header className="top">
      <a className="skip" href="#content">
        {t("nav.skip")}
      </a>
      {me.administrator && (
        <span className="phone-only burger">
          <Menu label={t("nav.main")} items={pages} trigger={(props) => <IconButton {...props} icon={MenuIcon} label={t("nav.open")} />} />
        </span>
      )}
      <Link className="brand" href="/">
        <Mark />
        {t("product")}
      </Link>
      <nav className="tabs" aria-label={t("nav.main")}>
        <Link href="/" aria-current={path === "/" ? "page" : undefined}>
          {t("nav.workspaces")}
        </Link>
        {me.administrator && (
          <Link href="/admin/sessions" aria-current={admin ? "page" : undefined}>
            {t("nav.administration")}
          </Link>
        )}
      </nav>
      {middle ?? (
        <button type="button" className="find find-button wide-only" onClick={openPalette} aria-keyshortcuts="Control+K">
          <Icon of={Search} />
          {t("palette.open")}
          <span className="kbd">Ctrl K</span>
        </button>
      )}
      <span className="end" />
      {sessions.value && !connected && (
        <span className="offline" role="status">
          <span className="ring" />
          <span className="wide-only">{t("reconnecting")}</span>
        </span>
      )}
      {own.length > 0 && (
        <Menu
          label={t("nav.your_sessions", { count: own.length })}
          items={resume}
          trigger={(props) => (
            <button type="button" className="btn btn-quiet" aria-label={t("nav.your_sessions", { count: own.length })} {...props}>
              <span className="dot ok" />
              <span className="num">{own.length}</span>
              <span className="wide-only">{t("nav.sessions_word", { count: own.length })}</span>
            </button>
          )}
        />
      )}
      <AccountMenu me={me} avatar={<Avatar name={me.display_name || me.username} />} />
    </header>
  );
}
