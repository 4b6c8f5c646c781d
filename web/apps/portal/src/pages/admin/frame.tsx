import type { Me } from "@oriel/protocol";
import { Icon, t } from "@oriel/ui";
import { Activity, Boxes, type LucideIcon, Monitor, ScrollText, Server, Users } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "../../parts/link.tsx";
import { TopBar } from "../../parts/top_bar.tsx";
import { usePlace } from "../../router.ts";
import { live } from "../../state/live.ts";
import { isLive } from "../../state/selectors.ts";
import { useStore } from "../../state/store.ts";

/** Bar, column of administration and the page beside it. */
export function AdminFrame({ me, children }: { me: Me; children: ReactNode }) {
  const { path } = usePlace();
  const sessions = useStore(live.sessions).value;
  const servers = useStore(live.servers).value;
  const running = sessions && [...sessions.values()].filter(isLive).length;
  const entry = (href: string, label: string, icon: LucideIcon, count?: number | null) => (
    <li>
      <Link href={href} aria-current={path === href ? "page" : path.startsWith(`${href}/`) ? "true" : undefined} title={label}>
        <Icon of={icon} />
        <span className="nav-word">{label}</span>
        {count !== undefined && count !== null && <span className="cnt">{count}</span>}
      </Link>
    </li>
  );
  return (
    <>
      <TopBar me={me} />
      <div className="app">
        <nav className="nav" aria-label={t("admin.nav")}>
          <ul>{entry("/admin/sessions", t("nav.sessions"), Monitor, running)}</ul>
          <div>
            <h2>{t("nav.resources")}</h2>
            <ul>
              {entry("/admin/workspaces", t("nav.workspaces"), Boxes)}
              {entry("/admin/servers", t("nav.servers"), Server, servers?.length)}
            </ul>
          </div>
          <div>
            <h2>{t("nav.people")}</h2>
            <ul>{entry("/admin/users", t("nav.users"), Users)}</ul>
          </div>
          <div>
            <h2>{t("nav.operation")}</h2>
            <ul>
              {entry("/admin/audit", t("nav.audit"), ScrollText)}
              {entry("/admin/diagnostics", t("nav.diagnostics"), Activity)}
            </ul>
          </div>
        </nav>
        <main className="main" id="content">
          {children}
        </main>
      </div>
    </>
  );
}
