import type { LucideIcon } from "lucide-react";

/** A lucide icon at 16 px. It never stands alone: a word or a label is beside it. */
export function Icon({ of: Glyph, small = false }: { of: LucideIcon; small?: boolean }) {
  return <Glyph className={small ? "i i-sm" : "i"} size={small ? 14 : 16} strokeWidth={2} aria-hidden="true" focusable="false" />;
}

/** Our mark: an oriel window, three panes seen at an angle. */
export function Mark({ className = "mark" }: { className?: string }) {
  return (
    <svg className={className} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M1.5 6.6 7 3.6v14.2l-5.5-2.3z" opacity=".55" />
      <path d="M8.3 3h7.4v15H8.3z" />
      <path d="m17 3.6 5.5 3v8.9L17 17.8z" opacity=".75" />
      <path d="M6.2 19.4h11.6L15.2 22.5H8.8z" />
    </svg>
  );
}
