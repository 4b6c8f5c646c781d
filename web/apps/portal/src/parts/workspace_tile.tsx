import type { AdminSession, Workspace } from "@oriel/protocol";
import { IconButton, Icon, Menu, type MenuItem, t } from "@oriel/ui";
import { ExternalLink, Ellipsis, Maximize2, SlidersHorizontal, TriangleAlert } from "lucide-react";
import { memo, useId } from "react";
import { abandon, complete, launching, open, press } from "../state/launch.ts";
import { useStore } from "../state/store.ts";
import { WorkspaceIcon } from "./workspace_icon.tsx";

/** Browsers can be told a page to open. The catalogue's category says which workspaces are browsers. */
export function isBrowser(workspace: Workspace): boolean {
  return workspace.categories.some((category) => /^(web )?browsers?$/i.test(category.trim()));
}

/**
 * A workspace that one click starts. The session is asked for when the mouse button goes down and taken up by the click; releasing
 * elsewhere takes it back. Touch, pen and keyboard start with the click alone.
 */
export const WorkspaceTile = memo(function WorkspaceTile({
  workspace,
  running,
  onOptions,
  onWhy,
}: {
  workspace: Workspace;
  /** A session of it that can be resumed. */
  running: AdminSession | undefined;
  onOptions: (workspace: Workspace) => void;
  onWhy: (workspace: Workspace) => void;
}) {
  const note = useId();
  const busy = useStore(launching) === workspace.id;
  const name = workspace.friendly_name;
  const off = !workspace.available;
  const items: MenuItem[] = [{ label: isBrowser(workspace) ? t("workspaces.open_page_menu") : t("workspaces.launch_menu"), icon: isBrowser(workspace) ? ExternalLink : SlidersHorizontal, run: () => onOptions(workspace) }];
  if (running) items.unshift({ label: t("workspaces.resume_menu"), icon: Maximize2, run: () => open(running) });

  const down = (event: React.PointerEvent) => {
    if (off || event.pointerType !== "mouse" || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    press(workspace.id);
    const tile = event.currentTarget;
    const settle = (up: Event) => {
      removeEventListener("pointerup", settle, true);
      removeEventListener("pointercancel", settle, true);
      if (up.type === "pointercancel" || !(up.target instanceof Node) || !tile.contains(up.target)) abandon();
    };
    addEventListener("pointerup", settle, true);
    addEventListener("pointercancel", settle, true);
  };

  return (
    <div className={off ? "tile off" : "tile"} aria-busy={busy || undefined}>
      <WorkspaceIcon url={workspace.icon_url} hue={workspace.hue} />
      <button
        type="button"
        className="tile-main"
        aria-label={name}
        aria-describedby={note}
        onPointerDown={down}
        onClick={() => {
          if (off) onWhy(workspace);
          else void complete(workspace.id, name);
        }}
      >
        <span className="medium clip">{name}</span>
        {off ? (
          <span className="why" id={note}>
            <Icon of={TriangleAlert} />
            <span className="clip">{workspace.reason ?? t("workspaces.off_title", { name })}</span>
            <span className="link">{t("workspaces.why")}</span>
          </span>
        ) : (
          <span className="small t3 clip" id={note}>
            {busy ? t("workspaces.starting", { name }) : workspace.description}
          </span>
        )}
      </button>
      {busy && <span className="bar-wait" />}
      {!off && <Menu label={t("more_for", { name })} items={items} trigger={(props) => <IconButton {...props} icon={Ellipsis} label={t("more_for", { name })} small className="tile-more" />} />}
    </div>
  );
});
