import type { ReactNode } from "react";
import { useClock } from "../clock.ts";
import { duration, exactTime, hueOf, initials } from "../format.ts";

export type Tone = "ok" | "warn" | "bad" | "busy" | "hollow" | "idle";

/** A state is a dot and a word, never the dot alone. */
export function StateDot({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`state ${tone}`}>
      <span className="dot" />
      {children}
    </span>
  );
}

/** A level is neutral, amber from 90, red from 97; progress is the accent. `value` is 0 to 100. */
export function Bar({ value, label, progress = false, off = false }: { value: number; label: string; progress?: boolean; off?: boolean }) {
  const tone = progress ? "" : value >= 97 ? "bad" : value >= 90 ? "warn" : "";
  const rounded = Math.round(value);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take a value
    <span
      className={`bar${progress ? " progress" : ""}${off ? " off" : ""}`}
      role={progress ? "progressbar" : "meter"}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={rounded}
    >
      <i className={tone} style={{ width: `${Math.max(0, Math.min(100, value))}%` }} />
    </span>
  );
}

/** A person's initials in the person's hue; the name stands beside it or in the label of what holds it. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  return (
    <span className={small ? "avatar avatar-sm" : "avatar"} style={{ "--h": hueOf(name) } as React.CSSProperties} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** How long ago, living; the exact time on hover. */
export function Age({ since }: { since: string }) {
  const start = Date.parse(since);
  const text = useClock((now) => duration(now - start));
  return (
    <time dateTime={since} title={exactTime(since)} className="num nowrap">
      {text}
    </time>
  );
}

export function Skeleton({ width = "100%", height = 12 }: { width?: number | string; height?: number | string }) {
  return <span className="skeleton" style={{ width, height }} aria-hidden="true" />;
}

/** Says what the thing is and offers the way on. */
export function EmptyState({ title, text, drawing, children, below, level = 2 }: { title: string; text?: ReactNode; drawing?: ReactNode; children?: ReactNode; below?: ReactNode; level?: 1 | 2 }) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <div className="empty">
      {drawing ?? (
        <svg width="132" height="44" viewBox="0 0 132 44" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
          <rect x="1" y="1" width="38" height="42" rx="6" strokeDasharray="3 4" />
          <rect x="47" y="1" width="38" height="42" rx="6" />
          <rect x="93" y="1" width="38" height="42" rx="6" strokeDasharray="3 4" />
        </svg>
      )}
      <Heading tabIndex={level === 1 ? -1 : undefined}>{title}</Heading>
      {text && <p>{text}</p>}
      {children && <div className="row">{children}</div>}
      {below}
    </div>
  );
}
