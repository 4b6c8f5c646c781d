import type { Diagnostics, Me } from "@oriel/protocol";
import { Age, Button, type Column, format, Icon, StateDot, Table, type Tone, t, toast, useClock } from "@oriel/ui";
import { CircleAlert, Copy, Info, RefreshCw } from "lucide-react";
import { usePage } from "../../parts/page.tsx";
import { api } from "../../state/api.ts";
import { useLoaded } from "../../state/use_loaded.ts";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading, PageHead } from "./parts.tsx";

type Check = Diagnostics["checks"][number];
type Service = Diagnostics["services"][number];
type Server = Diagnostics["servers"][number];

const checkTones: Record<Check["state"], Tone> = { ok: "ok", warning: "warn", problem: "bad", unknown: "hollow" };
const serviceTones: Record<Service["state"], Tone> = { ready: "ok", degraded: "warn", unavailable: "bad", unknown: "hollow" };
const serverTones: Record<string, Tone> = { online: "ok", draining: "busy", suspect: "warn", unreachable: "bad", disabled: "hollow" };

/** What the installation sees of itself: what is wrong comes first, with what it means and what to do. */
export function AdminDiagnosticsPage({ me }: { me: Me }) {
  usePage(t("diagnostics.title"));
  const { value, error, refresh } = useLoaded("diagnostics", (signal) => api.diagnostics(signal));
  const bad = value?.checks.filter((check) => check.state === "problem" || check.state === "warning").length ?? 0;
  const copy = () => {
    if (value) void navigator.clipboard?.writeText(value.text).then(() => toast({ title: t("copied") }));
  };
  return (
    <AdminFrame me={me}>
      <PageHead title={t("diagnostics.title")} count={value && !error ? (bad === 0 ? t("diagnostics.good") : t("diagnostics.bad", { count: bad })) : null}>
        <Button icon={RefreshCw} onClick={refresh}>
          {t("diagnostics.again")}
        </Button>
        <Button kind="primary" icon={Copy} aria-disabled={!value} onClick={copy}>
          {t("diagnostics.copy")}
        </Button>
      </PageHead>
      {!value && !error && <ListLoading />}
      {error && <ListFailed error={error} onRetry={refresh} />}
      {value && !error && <Whole page={value} />}
    </AdminFrame>
  );
}

function Whole({ page }: { page: Diagnostics }) {
  const services: Column<Service>[] = [
    { id: "name", head: t("diagnostics.service"), cell: (service) => <span className="name">{service.name}</span> },
    { id: "state", head: t("diagnostics.state"), className: "state-cell", cell: (service) => <StateDot tone={serviceTones[service.state]}>{t(`diagnostics.${service.state}`)}</StateDot> },
    { id: "version", head: t("diagnostics.version"), className: "mono t2", cell: (service) => service.version || t("none") },
    { id: "memory", head: t("diagnostics.memory"), right: true, cell: (service) => (service.memory_bytes ? format.bytes(service.memory_bytes) : t("none")) },
    { id: "seen", head: t("diagnostics.seen"), right: true, cell: (service) => (service.seen_at ? <Age since={service.seen_at} /> : t("none")) },
    { id: "detail", head: t("diagnostics.detail"), className: "t2", cell: (service) => <span className="clip wide-text">{service.detail || t("none")}</span> },
  ];
  const servers: Column<Server>[] = [
    { id: "name", head: t("diagnostics.server"), cell: (server) => <span className="name clip">{server.hostname}</span> },
    { id: "state", head: t("diagnostics.state"), className: "state-cell", cell: (server) => <StateDot tone={serverTones[server.state] ?? "hollow"}>{server.state}</StateDot> },
    { id: "version", head: t("diagnostics.version"), className: "mono t2", cell: (server) => server.version || t("none") },
    { id: "docker", head: t("diagnostics.docker"), className: "mono t2", cell: (server) => server.docker_version || t("none") },
    { id: "kernel", head: t("diagnostics.kernel"), className: "mono t2", cell: (server) => <span className="clip limited">{[server.kernel, server.operating_system].filter(Boolean).join(", ") || t("none")}</span> },
    { id: "clock", head: t("diagnostics.clock"), right: true, className: "num t2", cell: (server) => (server.clock_difference_ms === null ? t("none") : t("diagnostics.clock_ms", { count: format.number(server.clock_difference_ms) })) },
    { id: "seen", head: t("diagnostics.seen"), right: true, cell: (server) => (server.last_seen_at ? <Age since={server.last_seen_at} /> : t("none")) },
  ];
  return (
    <div className="stack">
      {page.test_build && (
        <div className="notice warn" role="status">
          <Icon of={CircleAlert} />
          <p>{t("diagnostics.test_build")}</p>
        </div>
      )}
      <section className="card" aria-labelledby="checks">
        <div className="sum">
          <h2 id="checks">{t("diagnostics.checks")}</h2>
          <span className="t3">{page.version}</span>
          <span className="end t3">
            <Checked at={page.checked_at} />
          </span>
        </div>
        <ul className="checks">
          {page.checks.map((check, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: several servers may have the same check; the list is replaced whole
            <li key={index}>
              <div className="check-state">
                <StateDot tone={checkTones[check.state]}>{t(`diagnostics.${check.state}`)}</StateDot>
              </div>
              <div className="grow">
                <p>
                  <b className="medium">{check.check}</b> <span className="t2">{check.message}</span>
                </p>
                {check.meaning && <p className="label t3">{check.meaning}</p>}
                {check.mend && (
                  <p className="mend">
                    <span className="medium">{t("diagnostics.what_to_do")}:</span> <span className="mono break">{check.mend}</span>
                  </p>
                )}
              </div>
            </li>
          ))}
        </ul>
      </section>
      <section className="card table-card" aria-labelledby="services">
        <div className="sum">
          <h2 id="services">{t("diagnostics.services")}</h2>
        </div>
        <Table label={t("diagnostics.services")} className="services-table" columns={services} rows={page.services} keyOf={(service) => `${service.name} ${service.seen_at}`} />
      </section>
      <section className="card table-card" aria-labelledby="servers">
        <div className="sum">
          <h2 id="servers">{t("diagnostics.servers")}</h2>
        </div>
        {page.servers.length === 0 ? <p className="block small t3">{t("diagnostics.no_servers")}</p> : <Table label={t("diagnostics.servers")} className="servers-table" columns={servers} rows={page.servers} keyOf={(server) => server.hostname} />}
      </section>
      <p className="hint">
        <Icon of={Info} />
        {t("diagnostics.host")}
      </p>
    </div>
  );
}

function Checked({ at }: { at: string }) {
  const start = Date.parse(at);
  const age = useClock((now) => format.duration(now - start));
  return <span title={format.exactTime(at)}>{t("diagnostics.checked", { age })}</span>;
}
