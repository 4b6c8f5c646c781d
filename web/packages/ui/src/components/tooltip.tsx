import { type ReactNode, useEffect, useRef, useState } from "react";

const delay = 400;

/**
 * A short text beside what it explains, on hover after 400 ms and on keyboard focus at once; Escape hides it. The text must
 * also be the accessible name or description of the child: the tip itself is hidden from assistive technology.
 */
export function Tooltip({ text, children }: { text: string; children: ReactNode }) {
  const [shown, setShown] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    const element = tip.current;
    const target = anchor.current?.firstElementChild;
    if (!shown || !element || !target) return;
    element.showPopover?.();
    const box = target.getBoundingClientRect();
    const size = element.getBoundingClientRect();
    const left = Math.min(innerWidth - size.width - 4, Math.max(4, box.left + box.width / 2 - size.width / 2));
    const below = box.bottom + 6;
    element.style.left = `${left}px`;
    element.style.top = `${below + size.height > innerHeight ? box.top - size.height - 6 : below}px`;
    const onEscape = (event: KeyboardEvent) => event.key === "Escape" && setShown(false);
    addEventListener("keydown", onEscape);
    return () => removeEventListener("keydown", onEscape);
  }, [shown]);

  const hide = () => {
    clearTimeout(timer.current);
    setShown(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the wrapper only watches; the child is the control
    <span
      ref={anchor}
      className="tip-anchor"
      onPointerEnter={(event) => {
        if (event.pointerType === "mouse") timer.current = setTimeout(() => setShown(true), delay);
      }}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={(event) => {
        if (event.target.matches(":focus-visible")) setShown(true);
      }}
      onBlur={hide}
    >
      {children}
      {shown && (
        <span ref={tip} popover="manual" className="pop tip" aria-hidden="true">
          {text}
        </span>
      )}
    </span>
  );
}
