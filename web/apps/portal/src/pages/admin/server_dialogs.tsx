import { ApiError, type Server, type ServerChange } from "@oriel/protocol";
import { Button, Dialog, Field, format, IconButton, t, toast, useClock } from "@oriel/ui";
import { Plus, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { api } from "../../state/api.ts";
import { live } from "../../state/live.ts";

const GiB = 1024 ** 3;
const mostLabels = 16;

/** Changes a server and says so, or says why not. */
export async function changeServer(server: Server, change: ServerChange, done?: { title: string; text?: string }): Promise<boolean> {
  try {
    live.putServer(await api.changeServer(server.id, change));
    if (done) toast(done);
    return true;
  } catch (error) {
    toast({ bad: true, title: t("admin_servers.change_failed", { name: server.hostname }), text: error instanceof Error ? error.message : String(error) });
    return false;
  }
}

type Line = { number: number; key: string; value: string };

/** Key and value, line by line; the server checks them and names each fault, which is shown at its line. */
export function LabelsDialog({ server, onClose }: { server: Server; onClose: () => void }) {
  const next = useRef(0);
  const line = (key: string, value: string): Line => ({ number: next.current++, key, value });
  const [lines, setLines] = useState<Line[]>(() => {
    const present = Object.entries(server.labels).map(([key, value]) => line(key, value));
    return present.length > 0 ? present : [line("", "")];
  });
  const [faults, setFaults] = useState<ReadonlyMap<string, string>>(new Map());
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const change = (number: number, part: Partial<Line>) => setLines(lines.map((each) => (each.number === number ? { ...each, ...part } : each)));

  const save = async () => {
    setBusy(true);
    setError(null);
    setFaults(new Map());
    const filled = lines.filter((each) => each.key.trim() !== "" || each.value.trim() !== "");
    try {
      live.putServer(await api.changeServer(server.id, { labels: Object.fromEntries(filled.map((each) => [each.key.trim(), each.value.trim()])) }));
      onClose();
    } catch (failure) {
      if (failure instanceof ApiError) setFaults(new Map(failure.fields.map((field) => [field.pointer.replace("/labels/", ""), field.message])));
      setError(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={t("admin_servers.labels_title", { name: server.hostname })}
      onClose={onClose}
      footer={
        <>
          {error && (
            <p className="error grow" role="alert">
              {error}
            </p>
          )}
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" aria-disabled={busy} onClick={busy ? undefined : () => void save()}>
            {t("admin_servers.save")}
          </Button>
        </>
      }
    >
      <p className="help">{t("admin_servers.labels_help")}</p>
      <ul className="label-lines">
        {lines.map((each, index) => (
          <li key={each.number}>
            <Field label={t("admin_servers.label_key")} value={each.key} error={faults.get(each.key.trim()) ?? null} maxLength={80} spellCheck={false} autoCapitalize="off" data-autofocus={index === 0 ? true : undefined} onChange={(event) => change(each.number, { key: event.target.value })} />
            <Field label={t("admin_servers.label_value")} value={each.value} maxLength={80} spellCheck={false} onChange={(event) => change(each.number, { value: event.target.value })} />
            <IconButton icon={Trash2} label={t("admin_servers.label_remove", { key: each.key })} onClick={() => setLines(lines.filter((other) => other.number !== each.number))} />
          </li>
        ))}
      </ul>
      <Button small kind="quiet" className="label-add" icon={Plus} aria-disabled={lines.length >= mostLabels} onClick={() => lines.length < mostLabels && setLines([...lines, line("", "")])}>
        {t("admin_servers.label_add")}
      </Button>
    </Dialog>
  );
}

/** What placement reckons with instead of what the machine reports. */
export function LimitsDialog({ server, onClose }: { server: Server; onClose: () => void }) {
  const [cores, setCores] = useState(server.cores_override === null ? "" : String(server.cores_override));
  const [memory, setMemory] = useState(server.memory_override_bytes === null ? "" : format.number(server.memory_override_bytes / GiB, 2));
  const [busy, setBusy] = useState(false);
  const numberOf = (text: string) => (text.trim() === "" ? 0 : Number(text.replace(",", ".")));
  const wrong = (text: string) => (text.trim() !== "" && !(numberOf(text) > 0) ? t("admin_servers.limit_wrong") : null);
  const save = async () => {
    if (wrong(cores) || wrong(memory)) return;
    setBusy(true);
    if (await changeServer(server, { cores_override: numberOf(cores), memory_override_bytes: Math.round(numberOf(memory) * GiB) })) onClose();
    else setBusy(false);
  };
  return (
    <Dialog
      title={t("admin_servers.limits_title", { name: server.hostname })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" aria-disabled={busy} onClick={busy ? undefined : () => void save()}>
            {t("admin_servers.save")}
          </Button>
        </>
      }
    >
      <p className="help">{t("admin_servers.limits_help")}</p>
      <div className="two">
        <Field label={t("admin_servers.limit_cores")} inputMode="decimal" value={cores} error={wrong(cores)} data-autofocus onChange={(event) => setCores(event.target.value)} />
        <Field label={t("admin_servers.limit_memory")} inputMode="decimal" value={memory} error={wrong(memory)} after={<span className="t3">{t("admin_servers.gib")}</span>} onChange={(event) => setMemory(event.target.value)} />
      </div>
    </Dialog>
  );
}

/** Says what happens to its sessions before an unreachable server goes. */
export function RemoveDialog({ server, onClose }: { server: Server; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const seen = Date.parse(server.last_seen_at ?? server.state_since);
  const age = useClock((now) => format.duration(now - seen));
  const remove = async () => {
    setBusy(true);
    try {
      await api.removeServer(server.id);
      toast({ title: t("admin_servers.removed", { name: server.hostname }) });
      void live.refreshServers();
      onClose();
    } catch (error) {
      toast({ bad: true, title: t("admin_servers.remove_failed", { name: server.hostname }), text: error instanceof Error ? error.message : String(error) });
      setBusy(false);
    }
  };
  return (
    <Dialog
      alert
      title={t("admin_servers.remove_title", { name: server.hostname })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose} data-autofocus>
            {t("admin_servers.remove_keep")}
          </Button>
          <Button kind="bad-solid" aria-disabled={busy} onClick={busy ? undefined : () => void remove()}>
            {t("admin_servers.remove_confirm")}
          </Button>
        </>
      }
    >
      <p>{server.sessions > 0 ? t("admin_servers.remove_sessions", { age, count: server.sessions }) : t("admin_servers.remove_empty", { age })}</p>
      <p>{t("admin_servers.remove_back")}</p>
    </Dialog>
  );
}
