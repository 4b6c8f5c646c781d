import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { t } from "../messages/index.ts";
import { IconButton } from "./button.tsx";
import { Icon } from "./icon.tsx";

export type ToastContent = { title: string; text?: string | undefined; bad?: boolean };
type Toast = ToastContent & { id: number };

/** At most this many at once; the oldest that is no failure goes first. */
const most = 3;
const stay = 6000;

let list: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function publish(next: readonly Toast[]): void {
  list = next;
  for (const listener of listeners) listener();
}

/** Says something in the corner. A failure stays until it is closed. */
export function toast(content: ToastContent): void {
  const next = [...list, { ...content, id: ++last }];
  while (next.length > most) {
    const index = next.findIndex((each) => !each.bad);
    next.splice(Math.max(index , 0), 1);
  }
  publish(next);
}

export function dismissToasts(): void {
  publish([]);
}

function One({ item }: { item: Toast }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const close = () => publish(list.filter((each) => each.id !== item.id));
  const arm = () => {
    clearTimeout(timer.current);
    if (!item.bad) timer.current = setTimeout(close, stay);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: armed once, when it appears; hovering arms it again
  useEffect(() => {
    arm();
    return () => clearTimeout(timer.current);
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only holds its time while a pointer or the focus is in it
    <div
      className={item.bad ? "toast bad" : "toast"}
      role={item.bad ? "alert" : "status"}
      onPointerEnter={() => clearTimeout(timer.current)}
      onPointerLeave={arm}
      onFocus={() => clearTimeout(timer.current)}
      onBlur={arm}
    >
      <Icon of={item.bad ? CircleAlert : CircleCheck} />
      <div className="grow">
        <p className="medium">{item.title}</p>
        {item.text && <p className="t2">{item.text}</p>}
      </div>
      <IconButton icon={X} label={t("dismiss")} small onClick={close} />
    </div>
  );
}

export function Toaster() {
  const items = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => list,
  );
  return (
    <section className="toasts" aria-label={t("toasts")} hidden={items.length === 0}>
      {items.map((item) => (
        <One key={item.id} item={item} />
      ))}
    </section>
  );
}
