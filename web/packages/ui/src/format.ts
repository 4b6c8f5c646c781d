import { t } from "./messages/index.ts";

/** "3 s", "38 m", "2 h 14 m", "1 d 3 h": two units at most. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return t("unit.seconds", { count: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("unit.minutes", { count: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    return rest === 0 ? t("unit.hours_whole", { hours }) : t("unit.hours", { hours, minutes: String(rest).padStart(2, "0") });
  }
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? t("unit.days_whole", { days }) : t("unit.days", { days, hours: hours % 24 });
}

const binary = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Memory and disk in binary units: "0.9 GiB", "128 GiB". */
export function bytes(count: number, whole = false): string {
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < binary.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 || whole || value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
  return `${text} ${binary[unit]}`;
}

/** "1.9 of 3.1 GiB": both in the unit of the whole. */
export function partOfBytes(part: number, whole: number): string {
  const text = bytes(whole);
  const unit = binary.findIndex((name) => text.endsWith(` ${name}`));
  const value = part / 1024 ** Math.max(0, unit);
  return t("unit.part", { part: value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1), whole: text });
}

/** Like memory, but below one GiB still in GiB: a column of one unit reads faster. */
export function gibibytes(count: number): string {
  return `${(count / 1024 ** 3).toFixed(1)} GiB`;
}

export function number(value: number, digits = 1): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

export function cores(count: number): string {
  return t("unit.cores", { text: number(count), count });
}

export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.max(0, (part / whole) * 100)) : 0;
}

const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });

/** "24 November 2026 at 09:41" in the reader's time zone. */
export function exactTime(time: string): string {
  return exact.format(new Date(time));
}

const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

/** "28 November, 09:41": for times that are near. */
export function shortTime(time: string): string {
  return short.format(new Date(time)).replace(" at ", ", ");
}

const seconds = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });

/** "27 Nov, 14:05:09": for a list of what happened. */
export function secondsTime(time: string): string {
  return seconds.format(new Date(time)).replace(" at ", ", ");
}

/** "27 November 2026 at 14:05:09 CET": for one thing that happened. */
export function exactSeconds(time: string): string {
  return whole.format(new Date(time));
}

/** The hue of a person, the same everywhere. */
export function hueOf(name: string): number {
  let hash = 2166136261;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 16777619);
  return ((hash >>> 0) % 36) * 10;
}

/** "mara.lind" and "Mara Lind" become ML, "mara" MA. */
export function initials(name: string): string {
  const words = name.replace(/@.*$/, "").split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? `${words[0]?.[0] ?? ""}${words[1]?.[0] ?? ""}` : (words[0] ?? "?").slice(0, 2);
  return letters.toUpperCase();
}
