import { Check, type LucideIcon } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import { Icon } from "./icon.tsx";

export type MenuItem =
  | { kind?: "action"; label: string; icon?: LucideIcon; bad?: boolean; href?: string; run?: () => void }
  | { kind: "choice"; label: string; icon?: LucideIcon; chosen: boolean; run: () => void }
  | { kind: "line" };

export type TriggerProps = {
  id: string;
  "aria-haspopup": "menu";
  "aria-expanded": boolean;
  onClick: () => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
};

/** A button and its menu (ARIA menu button): arrows, Home, End, first letters, Escape; a click elsewhere closes it. */
export function Menu({ trigger, items, label, head }: { trigger: (props: TriggerProps) => ReactNode; items: MenuItem[]; label: string; head?: ReactNode }) {
  const [open, setOpen] = useState<false | "first" | "last">(false);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);

  const controls = () => [...(list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) document.getElementById(id)?.focus();
  };

  useLayoutEffect(() => {
    const menu = list.current;
    const button = document.getElementById(id);
    if (!open || !menu || !button) return;
    menu.showPopover?.();
    const box = button.getBoundingClientRect();
    const size = menu.getBoundingClientRect();
    const left = box.left + size.width > innerWidth - 8 ? box.right - size.width : box.left;
    const below = box.bottom + 4;
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
    menu.style.top = `${below + size.height > innerHeight - 8 ? Math.max(8, box.top - size.height - 4) : below}px`;
    const all = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")];
    (open === "last" ? all[all.length - 1] : all[0])?.focus({ preventScroll: true });
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !menu.contains(event.target) && !button.contains(event.target)) setOpen(false);
    };
    const away = () => setOpen(false);
    addEventListener("pointerdown", outside, true);
    addEventListener("resize", away);
    return () => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("resize", away);
    };
  }, [open, id]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const all = controls();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const focus = (index: number) => all[(index + all.length) % all.length]?.focus();
    if (event.key === "ArrowDown") focus(at + 1);
    else if (event.key === "ArrowUp") focus(at - 1);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(-1);
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") {
      close(true);
      return;
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      const letter = event.key.toLowerCase();
      const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((item) => item.textContent?.trim().toLowerCase().startsWith(letter));
      next?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <>
      {trigger({
        id,
        "aria-haspopup": "menu",
        "aria-expanded": open !== false,
        onClick: () => setOpen(open ? false : "first"),
        onKeyDown: (event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          setOpen(event.key === "ArrowDown" ? "first" : "last");
        },
      })}
      {open && (
        <div ref={list} popover="manual" className="pop">
          {head}
          <div role="menu" aria-label={label} className="menu" onKeyDown={onKeyDown} tabIndex={-1}>
            {items.map((item, index) => {
              // biome-ignore lint/suspicious/noArrayIndexKey: a menu's lines have no other identity and do not move
              if (item.kind === "line") return <hr key={index} />;
              const run = () => {
                close(true);
                item.run?.();
              };
              const content = (
                <>
                  {item.icon && <Icon of={item.icon} />}
                  <span className="clip">{item.label}</span>
                  {item.kind === "choice" && item.chosen && <Icon of={Check} />}
                </>
              );
              if (item.kind !== "choice" && item.href !== undefined) {
                return (
                  <a key={item.label} role="menuitem" tabIndex={-1} href={item.href} onClick={() => close(false)}>
                    {content}
                  </a>
                );
              }
              return item.kind === "choice" ? (
                <button key={item.label} type="button" role="menuitemradio" aria-checked={item.chosen} tabIndex={-1} onClick={run}>
                  {content}
                </button>
              ) : (
                <button key={item.label} type="button" role="menuitem" tabIndex={-1} className={item.bad ? "bad" : undefined} onClick={run}>
                  {content}
                </button>
              );
            })}
          </div>
        </div>
      )}
    </>
  );
}
