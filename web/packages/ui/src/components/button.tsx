import type { LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, Ref } from "react";
import { Icon } from "./icon.tsx";
import { Tooltip } from "./tooltip.tsx";

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: "plain" | "primary" | "quiet" | "bad" | "bad-solid";
  small?: boolean;
  icon?: LucideIcon;
  ref?: Ref<HTMLButtonElement>;
};

const kinds = { plain: "", primary: "btn-primary", quiet: "btn-quiet", bad: "btn-quiet btn-bad", "bad-solid": "btn-bad-solid" } as const;

function classes(kind: keyof typeof kinds, small: boolean, extra: string): string {
  return ["btn", kinds[kind], small ? "btn-sm" : "", extra].filter(Boolean).join(" ");
}

export function Button({ kind = "plain", small = false, icon, className = "", children, type = "button", ...rest }: ButtonProps) {
  return (
    <button type={type} className={classes(kind, small, className)} {...rest}>
      {icon && <Icon of={icon} />}
      {children}
    </button>
  );
}

/** A square button that shows only its icon; the label is read aloud and shown on hover and focus. */
export function IconButton({ kind = "quiet", small = false, icon, label, className = "", type = "button", ...rest }: Omit<ButtonProps, "children"> & { icon: LucideIcon; label: string }) {
  return (
    <Tooltip text={label}>
      <button type={type} className={classes(kind, small, `btn-icon ${className}`)} aria-label={label} {...rest}>
        <Icon of={icon} />
      </button>
    </Tooltip>
  );
}
