import { Dialog, t } from "@oriel/ui";
import { type KeyboardEvent, useEffect, useRef } from "react";

export type Shortcut = { keys: string; text: string };

/**
 * Keys that work while the focus is in the list (WCAG 2.1.4): `act` by key; a field takes its own keys. Arrows move between rows,
 * see moveInRows().
 */
export function useListKeys(act: Partial<Record<string, () => void>>, onEscape?: () => void): (event: KeyboardEvent) => void {
  const latest = useRef({ act, onEscape });
  useEffect(() => {
    latest.current = { act, onEscape };
  });
  return (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog, [role=menu]")) return;
    const typing = target.matches("input:not([type=checkbox]), textarea, select");
    const run = typing ? undefined : event.key === "Escape" ? latest.current.onEscape : latest.current.act[event.key];
    if (!run) {
      if (!typing) moveInRows(event);
      return;
    }
    event.preventDefault();
    run();
  };
}

/** ArrowUp, ArrowDown, Home and End go to the same column's control in another row of the table or list. */
export function moveInRows(event: KeyboardEvent): void {
  if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const target = event.target as HTMLElement;
  if (target.getAttribute("aria-haspopup") === "menu") return; // it opens by arrow
  const row = target.closest<HTMLElement>("[data-row], tbody tr");
  const body = row?.parentElement;
  if (!row || !body) return;
  const rows = [...body.querySelectorAll<HTMLElement>(":scope > [data-row], :scope > tr:not(.spacer)")];
  const at = rows.indexOf(row);
  const to = event.key === "Home" ? 0 : event.key === "End" ? rows.length - 1 : at + (event.key === "ArrowDown" ? 1 : -1);
  const next = rows[to];
  if (!next) return;
  const column = target.closest<HTMLElement>("[data-column]")?.dataset.column;
  const controls = "a[href], button:not([disabled]), input:not([disabled])";
  const control = (column && next.querySelector<HTMLElement>(`[data-column="${column}"] :is(${controls})`)) || next.querySelector<HTMLElement>(controls);
  if (!control) return;
  event.preventDefault();
  control.focus();
}

export function ShortcutsDialog({ shortcuts, onClose }: { shortcuts: Shortcut[]; onClose: () => void }) {
  return (
    <Dialog title={t("shortcuts.title")} onClose={onClose}>
      <p className="help">{t("shortcuts.where")}</p>
      <dl className="shortcuts">
        {shortcuts.map((shortcut) => (
          <div key={shortcut.keys}>
            <dt>
              {shortcut.keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{shortcut.text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
