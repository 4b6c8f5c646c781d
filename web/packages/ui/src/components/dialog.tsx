import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { t } from "../messages/index.ts";
import { IconButton } from "./button.tsx";

export type DialogProps = {
  title: string;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  /** Before the title: an icon. */
  lead?: ReactNode;
  wide?: boolean;
  /** For a question that loses something: read at once, and a click beside it does not close. */
  alert?: boolean;
};

/**
 * A modal dialog: the browser's own, so what is behind is inert, focus stays inside, Escape closes and focus returns to where it
 * was. Mounted means open. An element with `data-autofocus` gets the focus, otherwise the first control.
 */
export function Dialog({ title, onClose, children, footer, lead, wide = false, alert = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    const before = document.activeElement;
    dialog.showModal();
    // React's autoFocus comes before the dialog is shown, so what shall have the focus says so by attribute.
    dialog.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way, through onCancel
    <dialog
      ref={element}
      className={wide ? "dialog dialog-wide" : "dialog"}
      role={alert ? "alertdialog" : undefined}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (!alert && event.target === element.current) onClose();
      }}
    >
      <header>
        {lead}
        <h2 id={heading} className="grow">
          {title}
        </h2>
        <IconButton icon={X} label={t("close")} small onClick={onClose} />
      </header>
      <div className="body">{children}</div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  );
}
