import type { Me } from "@oriel/protocol";
import { chooseTheme, Icon, t } from "@oriel/ui";
import { Activity, Boxes, LayoutGrid, LogOut, type LucideIcon, Monitor, ScrollText, Search, Server, Users } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { navigate } from "../router.ts";
import { complete, open } from "../state/launch.ts";
import { live } from "../state/live.ts";
import { isOpenable, userOf } from "../state/selectors.ts";
import { useStore } from "../state/store.ts";
import { themes, trySignOut } from "./account_menu.tsx";
import { paletteOpen } from "./palette_state.ts";
import { WorkspaceIcon } from "./workspace_icon.tsx";

type Command = { id: string; group: string; label: string; icon: ReactNode; run: () => void };

const most = 50;

/** Commands whose label or group holds every word of the query; those that begin with it come first. */
export function rank<Item extends { label: string; group: string }>(commands: readonly Item[], query: string): Item[] {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const scored = commands.flatMap((command, index) => {
    const label = command.label.toLowerCase();
    const text = `${label} ${command.group.toLowerCase()}`;
    if (!words.every((word) => text.includes(word))) return [];
    const start = words[0] === undefined ? 0 : label.startsWith(words[0]) ? 0 : label.includes(` ${words[0]}`) ? 1 : 2;
    return [{ command, start, index }];
  });
  return scored.sort((a, b) => a.start - b.start || a.index - b.index).slice(0, most).map((each) => each.command);
}

/** Opens with Ctrl K or Command K on every page: go somewhere, start a workspace, resume a session, act. */
export function Palette({ me }: { me: Me }) {
  const shown = useStore(paletteOpen);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      if (paletteOpen.get() || !document.querySelector("dialog[open]")) paletteOpen.set(!paletteOpen.get());
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return shown ? <PaletteDialog me={me} onClose={() => paletteOpen.set(false)} /> : null;
}

function PaletteDialog({ me, onClose }: { me: Me; onClose: () => void }) {
  const element = useRef<HTMLDialogElement>(null);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const workspaces = useStore(live.workspaces).value ?? [];
  const sessions = useStore(live.sessions).value;

  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector("input")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  const icon = (glyph: LucideIcon) => <Icon of={glyph} />;
  const commands: Command[] = [];
  const go = (path: string, label: string, glyph: LucideIcon) => commands.push({ id: path, group: t("palette.go"), label, icon: icon(glyph), run: () => navigate(path) });
  go("/", t("nav.workspaces"), LayoutGrid);
  if (me.administrator) {
    go("/admin/sessions", `${t("nav.administration")}: ${t("nav.sessions")}`, Monitor);
    go("/admin/workspaces", `${t("nav.administration")}: ${t("nav.workspaces")}`, Boxes);
    go("/admin/servers", `${t("nav.administration")}: ${t("nav.servers")}`, Server);
    go("/admin/users", `${t("nav.administration")}: ${t("nav.users")}`, Users);
    go("/admin/audit", `${t("nav.administration")}: ${t("nav.audit")}`, ScrollText);
    go("/admin/diagnostics", `${t("nav.administration")}: ${t("nav.diagnostics")}`, Activity);
  }
  for (const session of sessions?.values() ?? []) {
    if (!isOpenable(session)) continue;
    const label = session.owner.id === me.id ? session.workspace.friendly_name : t("palette.session_of", { workspace: session.workspace.friendly_name, user: userOf(session) });
    commands.push({ id: session.id, group: t("palette.resume"), label, icon: <WorkspaceIcon url={session.workspace.icon_url} hue={session.workspace.hue} size="sm" />, run: () => open(session) });
  }
  for (const workspace of workspaces) {
    if (!workspace.available) continue;
    commands.push({
      id: `start-${workspace.id}`,
      group: t("palette.launch"),
      label: workspace.friendly_name,
      icon: <WorkspaceIcon url={workspace.icon_url} hue={workspace.hue} size="sm" />,
      run: () => void complete(workspace.id, workspace.friendly_name),
    });
  }
  for (const each of themes) commands.push({ id: each.theme, group: t("palette.action"), label: t("palette.theme", { theme: t(each.label) }), icon: icon(each.icon), run: () => chooseTheme(each.theme) });
  commands.push({ id: "sign-out", group: t("palette.action"), label: t("account.sign_out"), icon: icon(LogOut), run: trySignOut });

  const matching = rank(commands, query);
  const active = Math.min(at, matching.length - 1);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  useEffect(() => {
    document.getElementById(`${list}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active, list]);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way, through onCancel
    <dialog
      ref={element}
      className="dialog palette"
      aria-label={t("palette.label")}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === element.current && onClose()}
    >
      <div className="palette-input">
        <Icon of={Search} />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={matching.length > 0 ? `${list}-${active}` : undefined}
          aria-autocomplete="list"
          aria-label={t("palette.label")}
          placeholder={t("palette.placeholder")}
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const last = matching.length - 1;
            if (event.key === "ArrowDown") setAt(active >= last ? 0 : active + 1);
            else if (event.key === "ArrowUp") setAt(active <= 0 ? last : active - 1);
            else if (event.key === "Enter") run(matching[active]);
            else return;
            event.preventDefault();
          }}
        />
        <span className="kbd">Esc</span>
      </div>
      <div role="listbox" id={list} aria-label={t("palette.label")} className="palette-list" tabIndex={-1}>
        {matching.map((command, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field, which names the active option
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div key={command.id} id={`${list}-${index}`} role="option" aria-selected={index === active} onPointerMove={() => setAt(index)} onClick={() => run(command)}>
            {command.icon}
            <span className="clip">{command.label}</span>
            <span className="t3 end label">{command.group}</span>
          </div>
        ))}
      </div>
      {matching.length === 0 && (
        <p className="palette-none small t3" role="status">
          {t("palette.empty", { query: query.trim() })}
        </p>
      )}
      <p className="palette-foot label t3">{t("palette.hint")}</p>
    </dialog>
  );
}
