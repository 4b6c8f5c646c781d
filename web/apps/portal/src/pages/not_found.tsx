import type { Me } from "@oriel/protocol";
import { Button, EmptyState, t } from "@oriel/ui";
import { usePage } from "../parts/page.tsx";
import { TopBar } from "../parts/top_bar.tsx";
import { navigate } from "../router.ts";

export function NotFoundPage({ me, forbidden = false }: { me: Me; forbidden?: boolean }) {
  const title = forbidden ? t("forbidden.title") : t("not_found.title");
  usePage(title);
  return (
    <>
      <TopBar me={me} />
      <main className="main wide" id="content">
        <EmptyState level={1} title={title} text={forbidden ? t("forbidden.text", { name: me.username }) : t("not_found.text")}>
          <Button kind="primary" onClick={() => navigate("/")}>
            {t("entry.go_home")}
          </Button>
        </EmptyState>
      </main>
    </>
  );
}
