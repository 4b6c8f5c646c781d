import { ApiError, type Exchanged } from "@oriel/protocol";
import { Button, EmptyState, t } from "@oriel/ui";
import { useEffect, useState } from "react";
import type { HashRoute } from "../hash_routes.ts";
import { usePage } from "../parts/page.tsx";
import { leaveTo, navigate } from "../router.ts";
import { api } from "../state/api.ts";

/** Where links of the compatible API arrive: trades the token for a sign-in and goes to the session. */
export function EntryPage({ route, onLeave }: { route: Extract<HashRoute, { kind: "connect" | "unsupported" }>; onLeave: () => void }) {
  usePage(t("entry.title"));
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    if (route.kind !== "connect") return;
    let current = true;
    exchangeOnce(route.token)
      .then(({ session_id }) => leaveTo(`/sessions/${session_id}`))
      .catch((error: unknown) => {
        if (!current) return;
        const told = error instanceof ApiError && (error.status === 0 || error.status >= 500);
        setFailure(told ? error.message : t("entry.failed_text"));
      });
    return () => {
      current = false;
    };
  }, [route]);

  const home = (
    <Button
      kind="primary"
      onClick={() => {
        onLeave();
        navigate("/", { replace: true });
      }}
    >
      {t("entry.go_home")}
    </Button>
  );
  return (
    <main className="main wide alone" id="content">
      {route.kind === "unsupported" ? (
        <EmptyState level={1} title={t("entry.unsupported")} text={t("entry.unsupported_text")}>
          {home}
        </EmptyState>
      ) : failure ? (
        <EmptyState level={1} title={t("entry.failed")} text={failure}>
          {home}
        </EmptyState>
      ) : (
        <div className="empty" role="status">
          <span className="ring" />
          <h1>{t("entry.busy")}</h1>
        </div>
      )}
    </main>
  );
}

let running: { token: string; answer: Promise<Exchanged> } | null = null;

/** A token works once: a second call for the same one shares the first one's answer. */
function exchangeOnce(token: string): Promise<Exchanged> {
  if (running?.token !== token) running = { token, answer: api.exchange(token) };
  return running.answer;
}
