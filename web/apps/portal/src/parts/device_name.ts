import { t } from "@oriel/ui";

const browsers: [RegExp, string][] = [
  [/Edg\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/Firefox\/(\d+)/, "Firefox"],
  [/SamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+).*Safari/, "Safari"],
];
const systems: [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** A browser's own words as a person knows it: "Firefox 145 on Linux". */
export function deviceName(userAgent: string): string {
  let browser = "";
  for (const [pattern, name] of browsers) {
    const match = pattern.exec(userAgent);
    if (!match) continue;
    browser = `${name} ${match[1]}`;
    break;
  }
  const system = systems.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (browser === "") return userAgent.trim() === "" ? t("device.unknown") : userAgent.slice(0, 60);
  return system ? t("device.on", { browser, system }) : browser;
}
