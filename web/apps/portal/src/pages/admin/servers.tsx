import type { Me, Server } from "@oriel/protocol";
import { Button, EmptyState, format, Icon, t } from "@oriel/ui";
import { Info } from "lucide-react";
import { useMemo, useState } from "react";
import { usePage } from "../../parts/page.tsx";
import { setParameters, usePlace } from "../../router.ts";
import { live } from "../../state/live.ts";
import { useStore } from "../../state/store.ts";
import { FilterChip } from "./filter_chip.tsx";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading, PageHead, SearchField } from "./parts.tsx";
import { LabelsDialog, LimitsDialog, RemoveDialog } from "./server_dialogs.tsx";
import { ServerLogDialog } from "./server_log.tsx";
import { type ServerDialog, ServerRow } from "./server_row.tsx";
import { useListKeys } from "./shortcuts.tsx";
import { useAdminWorkspaces } from "./use_admin_workspaces.ts";

const states = ["online", "draining", "suspect", "unreachable", "disabled"] as const;
const pageSize = 50;
const sum = (servers: readonly Server[], value: (server: Server) => number) => servers.reduce((total, server) => total + value(server), 0);
const labelsOf = (server: Server) => Object.entries(server.labels).map(([key, value]) => `${key}=${value}`);

export type ServerFilter = { query: string; state: string; label: string };

/** Empty parts of a filter let everything pass. */
export function serverMatches(server: Server, filter: ServerFilter): boolean {
  if (filter.state !== "" && server.state !== filter.state) return false;
  const labels = labelsOf(server);
  if (filter.label !== "" && !labels.includes(filter.label)) return false;
  const query = filter.query.trim().toLowerCase();
  return query === "" || [server.hostname, server.zone, server.address, ...labels].some((text) => text.toLowerCase().includes(query));
}

/** The hosts: state, resources as bars, images present and being pulled; living. */
export function AdminServersPage({ me }: { me: Me }) {
  usePage(t("admin_servers.title"));
  const { value: servers, error } = useStore(live.servers);
  const workspaces = useAdminWorkspaces().value;
  const place = usePlace();
  const filter = useMemo<ServerFilter>(() => {
    const parameters = new URLSearchParams(place.search);
    return { query: parameters.get("q") ?? "", state: parameters.get("state") ?? "", label: parameters.get("label") ?? "" };
  }, [place.search]);
  const [pages, setPages] = useState(1);
  const [open, setOpen] = useState<{ dialog: ServerDialog; id: string } | null>(null);

  const all = useMemo(() => [...(servers ?? [])].sort((a, b) => a.hostname.localeCompare(b.hostname, undefined, { numeric: true })), [servers]);
  const matching = useMemo(() => all.filter((server) => serverMatches(server, filter)), [all, filter]);
  const shown = matching.slice(0, pages * pageSize);
  const labels = useMemo(() => [...new Set(all.flatMap(labelsOf))].sort().map((label) => ({ value: label, label })), [all]);
  const filtered = filter.query !== "" || filter.state !== "" || filter.label !== "";
  const target = open && all.find((server) => server.id === open.id);
  const onKeyDown = useListKeys({});
  const sessions = sum(all, (server) => server.sessions);
  const close = () => setOpen(null);

  return (
    <AdminFrame me={me}>
      <PageHead title={t("admin_servers.title")} count={servers ? (filtered ? t("admin.of_rows", { shown: matching.length, count: all.length }) : t("admin.rows", { count: all.length })) : null} />
      {all.length > 0 && (
        <div className="filters">
          <SearchField label={t("admin_servers.search")} value={filter.query} onChange={(q) => setParameters({ q })} />
          <FilterChip name={t("admin_sessions.state")} value={filter.state} parameter="state" whenEmpty={t("admin_sessions.any")} options={states.map((state) => ({ value: state, label: t(`admin_servers.${state}`) }))} />
          <FilterChip name={t("admin_servers.label")} value={filter.label} parameter="label" options={labels} />
        </div>
      )}
      {!servers && !error && <ListLoading rows={3} height={64} />}
      {!servers && error && <ListFailed error={error} onRetry={() => void live.refreshServers()} />}
      {servers?.length === 0 && (
        <div className="card">
          <EmptyState title={t("admin_servers.empty")} text={t("admin_servers.empty_text")} />
        </div>
      )}
      {all.length > 0 && matching.length === 0 && (
        <div className="card">
          <EmptyState title={t("admin_servers.no_match")} text={t("admin_sessions.no_match_text")}>
            <Button onClick={() => setParameters({ q: null, state: null, label: null })}>{t("admin_sessions.clear_filters")}</Button>
          </EmptyState>
        </div>
      )}
      {shown.length > 0 && (
        <>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: arrows between rows; every control is also reached by Tab */}
          <section className="card servers" onKeyDown={onKeyDown}>
            <div className="sum">
              <span>
                <b>{all.filter((server) => server.state === "online").length}</b> {t("admin_servers.ready")}
              </span>
              <span>
                <b>{sessions}</b> {t("admin_servers.sessions", { count: sessions })}
              </span>
              <span>
                <b>{t("admin_servers.cores_reserved", { used: format.number(sum(all, (server) => server.cores_reserved)), total: format.number(sum(all, (server) => server.cores_reservable)) })}</b> {t("admin_servers.cores_word")}
              </span>
              <span>
                <b>
                  {format.partOfBytes(
                    sum(all, (server) => server.memory_reserved_bytes),
                    sum(all, (server) => server.memory_reservable_bytes),
                  )}
                </b>{" "}
                {t("admin_servers.memory_word")}
              </span>
            </div>
            {shown.map((server) => (
              <ServerRow key={server.id} server={server} workspaces={workspaces} onDialog={(dialog) => setOpen({ dialog, id: server.id })} />
            ))}
          </section>
          {matching.length > shown.length && (
            <div className="paging">
              <span className="t3 num">{t("admin_sessions.shown", { shown: shown.length, count: matching.length })}</span>
              <Button onClick={() => setPages(pages + 1)}>{t("admin_sessions.load_more", { count: pageSize })}</Button>
            </div>
          )}
          <p className="hint">
            <Icon of={Info} />
            {t("admin_servers.hint")}
          </p>
        </>
      )}
      {open?.dialog === "labels" && target && <LabelsDialog server={target} onClose={close} />}
      {open?.dialog === "limits" && target && <LimitsDialog server={target} onClose={close} />}
      {open?.dialog === "remove" && target && <RemoveDialog server={target} onClose={close} />}
      {open?.dialog === "log" && target && <ServerLogDialog server={target} onClose={close} />}
    </AdminFrame>
  );
}
