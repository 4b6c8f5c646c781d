import type { LogLine, Server } from "@oriel/protocol";
import { Button, Dialog, Icon, SegmentedControl, t } from "@oriel/ui";
import { ArrowDown, Info } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

/** Lines that are kept in the page; the oldest go. */
const kept = 1000;
const levels = { debug: 0, info: 1, warning: 2, error: 3 } as const;
type Numbered = LogLine & { number: number };

/** The agent's own log while the dialog is open. Its words come from outside and are shown as text, nothing else. */
export function ServerLogDialog({ server, onClose }: { server: Server; onClose: () => void }) {
  const [lines, setLines] = useState<readonly Numbered[]>([]);
  const [state, setState] = useState<"waiting" | "connected" | "away" | "lost">("waiting");
  const [level, setLevel] = useState<"all" | "warnings">("all");
  const [atEnd, setAtEnd] = useState(true);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let number = 0;
    let waiting: Numbered[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Hundreds come at once at the beginning: they are one change.
    const show = () => {
      timer = undefined;
      const fresh = waiting;
      waiting = [];
      setLines((old) => [...old, ...fresh].slice(-kept));
    };
    const source = new EventSource(`/api/v1/admin/servers/${encodeURIComponent(server.id)}/log`);
    source.addEventListener("open", () => {
      // A stream begins with all that is kept: what an earlier one told comes again.
      waiting = [];
      setLines([]);
    });
    source.addEventListener("line", (event) => {
      waiting.push({ ...(JSON.parse((event as MessageEvent<string>).data) as LogLine), number: number++ });
      timer ??= setTimeout(show, 50);
    });
    source.addEventListener("state", (event) => setState((JSON.parse((event as MessageEvent<string>).data) as { connected: boolean }).connected ? "connected" : "away"));
    source.addEventListener("error", () => setState("lost"));
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [server.id]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: follows when lines or the filter change
  useLayoutEffect(() => {
    if (atEnd && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, level, atEnd]);

  const shown = level === "all" ? lines : lines.filter((line) => levels[line.level] >= levels.warning);
  const note = state === "away" ? t("admin_servers.log_away") : state === "lost" ? t("admin_servers.log_lost") : lines.length === 0 ? t("admin_servers.log_waiting") : null;
  return (
    <Dialog
      wide
      title={t("admin_servers.log_title", { name: server.hostname })}
      onClose={onClose}
      footer={
        <>
          <span className="t3 small num grow">{t("admin_servers.log_lines", { count: shown.length })}</span>
          {!atEnd && (
            <Button icon={ArrowDown} onClick={() => setAtEnd(true)}>
              {t("admin_servers.log_newest")}
            </Button>
          )}
          <Button onClick={onClose}>{t("close")}</Button>
        </>
      }
    >
      <div className="log-head">
        <SegmentedControl
          small
          label={t("admin_servers.log_level")}
          value={level}
          options={[
            { value: "all", label: t("admin_servers.log_all") },
            { value: "warnings", label: t("admin_servers.log_warnings") },
          ]}
          onChange={setLevel}
        />
        {note && (
          <p className="row t3 small" role="status">
            <Icon of={Info} />
            {note}
          </p>
        )}
      </div>
      <div
        ref={box}
        className="log-lines"
        role="log"
        aria-label={t("admin_servers.log_title", { name: server.hostname })}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a log that scrolls must be reachable by keyboard
        tabIndex={0}
        data-autofocus
        onScroll={(event) => {
          const at = event.currentTarget;
          setAtEnd(at.scrollHeight - at.scrollTop - at.clientHeight < 24);
        }}
      >
        {shown.map((line) => (
          <p key={line.number} className={`log-line is-${line.level}`}>
            <span className="log-time">{line.at ? timeOf(line.at) : ""}</span>
            <span className="log-level">{line.level}</span>
            <span className="log-text">
              {line.message}
              {Object.entries(line.fields).map(([name, value]) => (
                <span key={name} className="log-field">
                  {" "}
                  {name}={value}
                </span>
              ))}
            </span>
          </p>
        ))}
      </div>
    </Dialog>
  );
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function timeOf(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? "" : clock.format(at);
}
