import type { Session } from "@oriel/protocol";
import { Button, Dialog, t } from "@oriel/ui";
import { complete } from "../state/launch.ts";
import { CopyId } from "./copy_id.tsx";
import { Refusals } from "./refusals.tsx";
import { WorkspaceIcon } from "./workspace_icon.tsx";

/** Why a session failed: server by server when none could take it, otherwise the reason and the last lines of its log; and what to do. */
export function FailureDialog({ session, own, onClose }: { session: Session; own: boolean; onClose: () => void }) {
  const name = session.workspace.friendly_name;
  const servers = session.placement?.servers ?? [];
  const refused = servers.length > 0 && servers.every((server) => server.checks.some((check) => !check.ok));
  return (
    <Dialog
      wide
      title={refused ? t("failure.refused", { name }) : t("failure.failed", { name })}
      lead={<WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="md" />}
      onClose={onClose}
      footer={
        <>
          <span className="row t3 small grow">
            {t("failure.id")}
            <CopyId id={session.id} label={t("session.copy_id")} />
          </span>
          <Button onClick={onClose}>{t("close")}</Button>
          {own && (
            <Button
              kind="primary"
              onClick={() => {
                onClose();
                void complete(session.workspace.id, name);
              }}
            >
              {t("try_again")}
            </Button>
          )}
        </>
      }
    >
      {session.reason && <p>{session.reason}</p>}
      {servers.length > 0 && <Refusals servers={servers} />}
      {session.log_tail && (
        <div className="field">
          <p className="flabel t1">{t("failure.log")}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a log that scrolls must be reachable by keyboard */}
          <pre className="code" tabIndex={0}>
            {session.log_tail}
          </pre>
        </div>
      )}
      <div className="field">
        <p className="flabel t1">{t("failure.next")}</p>
        <ol className="todo">
          <li>{t("failure.next_again")}</li>
          <li>{refused ? t("failure.next_capacity") : t("failure.next_admin")}</li>
        </ol>
      </div>
    </Dialog>
  );
}
