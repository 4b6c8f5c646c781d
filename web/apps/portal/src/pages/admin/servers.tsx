import type { Me, Server, ServerImage, Workspace } from "@oriel/protocol";
import { Age, Bar, EmptyState, format, Icon, IconButton, StateDot, type Tone, t, useClock } from "@oriel/ui";
import { ChevronDown, ChevronUp, CircleAlert, Info, Server as ServerIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "../../parts/link.tsx";
import { usePage } from "../../parts/page.tsx";
import { WorkspaceIcon } from "../../parts/workspace_icon.tsx";
import { live } from "../../state/live.ts";
import { useStore } from "../../state/store.ts";
import { type AdminWorkspaceList, useAdminWorkspaces } from "./use_admin_workspaces.ts";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading, PageHead } from "./parts.tsx";

const tones: Record<Server["state"], Tone> = { online: "ok", suspect: "warn", unreachable: "bad", disabled: "hollow" };
const sum = (servers: readonly Server[], value: (server: Server) => number) => servers.reduce((total, server) => total + value(server), 0);

/** The hosts: state, resources as bars, images present and being pulled; living. */
export function AdminServersPage({ me }: { me: Me }) {
  usePage(t("admin_servers.title"));
  const { value: servers, error } = useStore(live.servers);
  const workspaces = useAdminWorkspaces().value;
  const sorted = [...(servers ?? [])].sort((a, b) => a.hostname.localeCompare(b.hostname, undefined, { numeric: true }));
  const sessions = sum(sorted, (server) => server.sessions);
  return (
    <AdminFrame me={me}>
      <PageHead title={t("admin_servers.title")} count={servers ? t("admin.rows", { count: servers.length }) : null} />
      {!servers && !error && <ListLoading rows={3} height={64} />}
      {!servers && error && <ListFailed error={error} onRetry={() => void live.refreshServers()} />}
      {servers?.length === 0 && (
        <div className="card">
          <EmptyState title={t("admin_servers.empty")} text={t("admin_servers.empty_text")} />
        </div>
      )}
      {sorted.length > 0 && (
        <>
          <section className="card servers">
            <div className="sum">
              <span>
                <b>{sorted.filter((server) => server.state === "online").length}</b> {t("admin_servers.ready")}
              </span>
              <span>
                <b>{sessions}</b> {t("admin_servers.sessions", { count: sessions })}
              </span>
              <span>
                <b>{t("admin_servers.cores_reserved", { used: format.number(sum(sorted, (server) => server.cores_reserved)), total: sum(sorted, (server) => server.cores_total) })}</b> {t("admin_servers.cores_word")}
              </span>
              <span>
                <b>
                  {format.partOfBytes(
                    sum(sorted, (server) => server.memory_reserved_bytes),
                    sum(sorted, (server) => server.memory_total_bytes),
                  )}
                </b>{" "}
                {t("admin_servers.memory_word")}
              </span>
            </div>
            {sorted.map((server) => (
              <ServerRow key={server.id} server={server} workspaces={workspaces} />
            ))}
          </section>
          <p className="hint">
            <Icon of={Info} />
            {t("admin_servers.hint")}
          </p>
        </>
      )}
    </AdminFrame>
  );
}

function ServerRow({ server, workspaces }: { server: Server; workspaces: AdminWorkspaceList | null }) {
  const [shown, setShown] = useState(false);
  const state = server.enabled ? server.state : "disabled";
  const quiet = state === "disabled";
  const present = server.images.filter((image) => image.state === "present").length;
  const busy = server.images.filter((image) => image.state === "pulling" || image.state === "failed");
  const images = present === server.images.length ? t("admin_servers.images_all", { count: present }) : t("admin_servers.images_some", { present, count: server.images.length });
  const details = `details-${server.id}`;
  return (
    <article className="srv" aria-label={server.hostname}>
      <div className="sr">
        <div className="id">
          <Icon of={ServerIcon} />
          <div className="grow">
            <p className="name clip">{server.hostname}</p>
            <p className="label t3 clip">{t("admin_servers.machine", { cores: format.cores(server.cores_total), memory: format.bytes(server.memory_total_bytes, true), system: server.operating_system })}</p>
          </div>
        </div>
        <div className="stt">
          <StateDot tone={tones[state]}>{t(`admin_servers.${state}`)}</StateDot>
          <p className="label t3">
            {(state === "suspect" || state === "unreachable") && server.last_seen_at ? (
              <Seen since={server.last_seen_at} />
            ) : (
              <Link href={`/admin/sessions?server=${encodeURIComponent(server.hostname)}`} className="quiet-link" title={t("admin_servers.show_sessions")}>
                {t("admin_servers.sessions_count", { count: server.sessions })}
              </Link>
            )}
          </p>
        </div>
        <Meter name={t("admin_servers.cpu")} server={server} value={format.percent(server.cores_used, server.cores_total)} quiet={quiet} text={t("admin_servers.used_reserved", { used: format.number(server.cores_used), total: format.cores(server.cores_total), reserved: format.number(server.cores_reserved) })} />
        <Meter
          name={t("admin_servers.memory")}
          server={server}
          value={format.percent(server.memory_used_bytes, server.memory_total_bytes)}
          quiet={quiet}
          text={t("admin_servers.used_reserved", { used: format.bytes(server.memory_used_bytes), total: format.bytes(server.memory_total_bytes), reserved: format.bytes(server.memory_reserved_bytes) })}
        />
        <Meter name={t("admin_servers.disk")} server={server} value={format.percent(server.disk_used_bytes, server.disk_total_bytes)} quiet={quiet} text={t("admin_servers.used_of", { used: format.bytes(server.disk_used_bytes), total: format.bytes(server.disk_total_bytes) })} />
        <div className="im">
          <p className="small num">{images}</p>
          <p className="label t3 clip">{t("admin_servers.zone", { zone: server.zone })}</p>
        </div>
        <div className="ac">
          <IconButton
            small
            icon={shown ? ChevronUp : ChevronDown}
            label={shown ? t("admin_servers.hide") : t("admin_servers.show_details", { name: server.hostname })}
            aria-expanded={shown}
            aria-controls={details}
            onClick={() => setShown(!shown)}
          />
        </div>
      </div>
      {(busy.length > 0 || shown) && (
        <div className="pulls" id={details}>
          {shown && <Details server={server} />}
          <p className="label t3">{shown ? t("admin_servers.images") : t("admin_servers.images_moving")}</p>
          {server.images.length === 0 && <p className="small t3 pulls-none">{t("admin_servers.no_images")}</p>}
          <ul>
            {(shown ? server.images : busy).map((image) => (
              <ImageRow key={image.reference} image={image} workspace={workspaces?.find((workspace) => workspace.reference === image.reference)} />
            ))}
          </ul>
        </div>
      )}
    </article>
  );
}

function Seen({ since }: { since: string }) {
  const start = Date.parse(since);
  const text = useClock((now) => t("admin_servers.seen", { age: format.duration(now - start) }));
  return <span title={format.exactTime(since)}>{text}</span>;
}

function Meter({ name, server, value, text, quiet }: { name: string; server: Server; value: number; text: string; quiet: boolean }) {
  return (
    <div className="m" title={text}>
      <p className="label">
        <span className="t3">{name}</span>
        <span className={value >= 97 ? "num end hot full" : value >= 90 ? "num end hot" : "num end"}>{t("unit.percent", { count: Math.round(value) })}</span>
      </p>
      <Bar value={value} off={quiet} label={`${name}, ${server.hostname}: ${text}`} />
    </div>
  );
}

function ImageRow({ image, workspace }: { image: ServerImage; workspace: Workspace | undefined }) {
  const name = workspace?.friendly_name;
  const done = (image.size_bytes * image.progress) / 100;
  return (
    <li>
      {workspace ? <WorkspaceIcon url={workspace.icon_url} hue={workspace.hue} size="sm" /> : <span className="ws ws-sm" />}
      <p className="grow clip">
        {name && <span className="medium">{name} </span>}
        <span className={name ? "mono t3" : "mono"}>{image.reference}</span>
      </p>
      {image.state === "pulling" && image.progress <= 0 && <span className="t3">{image.message || t("admin_servers.pull_waits")}</span>}
      {image.state === "pulling" && image.progress > 0 && (
        <>
          <Bar progress value={image.progress} label={t("admin_servers.pulling", { name: name ?? image.reference })} />
          <span className="num t2 amt">{image.size_bytes > 0 ? format.partOfBytes(done, image.size_bytes) : t("unit.percent", { count: Math.round(image.progress) })}</span>
          {image.message && <span className="num t3 eta clip">{image.message}</span>}
        </>
      )}
      {image.state === "failed" && (
        <span className="pe">
          <Icon of={CircleAlert} />
          {image.message}
        </span>
      )}
      {image.state === "present" && (
        <>
          <StateDot tone="ok">{t("admin_servers.image_present")}</StateDot>
          <span className="num t3 amt">{format.bytes(image.size_bytes)}</span>
        </>
      )}
      {image.state === "absent" && <span className="t3">{image.message || t("admin_servers.image_absent")}</span>}
    </li>
  );
}

function Details({ server }: { server: Server }) {
  const yes = (value: boolean) => (value ? t("admin_servers.yes") : t("admin_servers.no"));
  const rows: [string, ReactNode][] = [
    [t("admin_servers.address"), <span className="mono" key="a">{server.address}</span>],
    [t("admin_servers.agent_version"), server.version],
    [t("admin_servers.docker"), server.docker_version],
    [t("admin_servers.kernel"), server.kernel],
    [t("admin_servers.load"), format.number(server.load_1, 2)],
    [t("admin_servers.last_seen"), server.last_seen_at ? <Age key="s" since={server.last_seen_at} /> : t("none")],
    [t("admin_servers.gpus"), server.gpus.length > 0 ? server.gpus.map((gpu) => gpu.name).join(", ") : t("none")],
    [t("admin_servers.networks"), server.networks.length > 0 ? server.networks.join(", ") : t("none")],
    [t("admin_servers.user_namespaces"), yes(server.user_namespaces)],
    [t("admin_servers.live_restore"), yes(server.live_restore)],
  ];
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="clip">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
