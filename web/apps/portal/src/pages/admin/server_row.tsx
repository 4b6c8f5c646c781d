import type { Server, ServerImage, Workspace } from "@oriel/protocol";
import { Age, Bar, Button, format, Icon, IconButton, Menu, type MenuItem, StateDot, type Tone, t, useClock } from "@oriel/ui";
import { ChevronDown, ChevronUp, CircleAlert, Ellipsis, Monitor, Power, ScrollText, Server as ServerIcon, SlidersHorizontal, Tag, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "../../parts/link.tsx";
import { WorkspaceIcon } from "../../parts/workspace_icon.tsx";
import { navigate, setParameters } from "../../router.ts";
import { changeServer } from "./server_dialogs.tsx";
import type { AdminWorkspaceList } from "./use_admin_workspaces.ts";

const tones: Record<Server["state"], Tone> = { online: "ok", draining: "hollow", suspect: "warn", unreachable: "bad", disabled: "hollow" };

export type ServerDialog = "labels" | "limits" | "log" | "remove";

const sessionsOf = (server: Server) => `/admin/sessions?server=${encodeURIComponent(server.hostname)}`;

export function ServerRow({ server, workspaces, onDialog }: { server: Server; workspaces: AdminWorkspaceList | null; onDialog: (dialog: ServerDialog) => void }) {
  const [shown, setShown] = useState(false);
  const quiet = server.state === "disabled";
  const present = server.images.filter((image) => image.state === "present").length;
  const busy = server.images.filter((image) => image.state === "pulling" || image.state === "failed");
  const images = present === server.images.length ? t("admin_servers.images_all", { count: present }) : t("admin_servers.images_some", { present, count: server.images.length });
  const details = `details-${server.id}`;
  return (
    <article className="srv" aria-label={server.hostname} data-row>
      <div className="sr">
        <div className="id">
          <Icon of={ServerIcon} />
          <div className="grow">
            <p className="name clip">{server.hostname}</p>
            <p className="label t3 clip">{t("admin_servers.machine", { cores: format.cores(server.cores_total), memory: format.bytes(server.memory_total_bytes, true), system: server.operating_system })}</p>
          </div>
        </div>
        <div className="stt" title={t("admin_servers.since", { state: t(`admin_servers.${server.state}`), time: format.exactTime(server.state_since) })}>
          <StateDot tone={tones[server.state]}>{t(`admin_servers.${server.state}`)}</StateDot>
          <p className="label t3 clip">
            <StateNote server={server} />
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
        <div className="ac row">
          <MainAction server={server} />
          <IconButton
            small
            icon={shown ? ChevronUp : ChevronDown}
            label={shown ? t("admin_servers.hide") : t("admin_servers.show_details", { name: server.hostname })}
            aria-expanded={shown}
            aria-controls={details}
            onClick={() => setShown(!shown)}
          />
          <ServerMenu server={server} onDialog={onDialog} />
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

/** What is to know beside the state: how long silent, how many are left, how many run. */
function StateNote({ server }: { server: Server }) {
  if ((server.state === "suspect" || server.state === "unreachable") && server.last_seen_at) return <Seen since={server.last_seen_at} />;
  const text = server.draining ? (server.sessions > 0 ? t("admin_servers.left", { count: server.sessions }) : t("admin_servers.drained")) : t("admin_servers.sessions_count", { count: server.sessions });
  return (
    <Link href={sessionsOf(server)} className="quiet-link" title={t("admin_servers.show_sessions")}>
      {text}
    </Link>
  );
}

function Seen({ since }: { since: string }) {
  const start = Date.parse(since);
  const text = useClock((now) => t("admin_servers.seen", { age: format.duration(now - start) }));
  return <span title={format.exactTime(since)}>{text}</span>;
}

/** The one thing that is most likely wanted: empty it, or bring it back. */
function MainAction({ server }: { server: Server }) {
  if (!server.enabled) {
    return (
      <Button small onClick={() => void changeServer(server, { enabled: true }, { title: t("admin_servers.enabled_done", { name: server.hostname }) })}>
        {t("admin_servers.enable")}
      </Button>
    );
  }
  if (server.draining) {
    return (
      <Button small onClick={() => void changeServer(server, { draining: false }, { title: t("admin_servers.undrain_done", { name: server.hostname }) })}>
        {t("admin_servers.undrain")}
      </Button>
    );
  }
  return (
    <Button small onClick={() => void changeServer(server, { draining: true }, { title: t("admin_servers.drain_started", { name: server.hostname }), text: t("admin_servers.drain_text", { count: server.sessions }) })}>
      {t("admin_servers.drain")}
    </Button>
  );
}

function ServerMenu({ server, onDialog }: { server: Server; onDialog: (dialog: ServerDialog) => void }) {
  const items: MenuItem[] = [
    { label: t("admin_servers.show_sessions"), icon: Monitor, run: () => navigate(sessionsOf(server)) },
    { label: t("admin_servers.log"), icon: ScrollText, run: () => onDialog("log") },
    { label: t("admin_servers.labels"), icon: Tag, run: () => onDialog("labels") },
    { label: t("admin_servers.limits"), icon: SlidersHorizontal, run: () => onDialog("limits") },
  ];
  if (server.enabled) items.push({ label: t("admin_servers.disable"), icon: Power, run: () => void changeServer(server, { enabled: false }, { title: t("admin_servers.disabled_done", { name: server.hostname }) }) });
  if (server.connection === "unreachable") items.push({ kind: "line" }, { label: t("admin_servers.remove"), icon: Trash2, bad: true, run: () => onDialog("remove") });
  return <Menu label={t("more_for", { name: server.hostname })} items={items} trigger={(props) => <IconButton {...props} small icon={Ellipsis} label={t("more_for", { name: server.hostname })} />} />;
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
  const labels = Object.entries(server.labels);
  const overrides = [server.cores_override === null ? "" : format.cores(server.cores_override), server.memory_override_bytes === null ? "" : format.bytes(server.memory_override_bytes)].filter(Boolean).join(", ");
  const rows: [string, ReactNode][] = [
    [t("admin_servers.state_since"), <Age key="t" since={server.state_since} />],
    [t("admin_servers.last_seen"), server.last_seen_at ? <Age key="s" since={server.last_seen_at} /> : t("none")],
    [t("admin_servers.address"), <span className="mono" key="a">{server.address}</span>],
    [t("admin_servers.agent_version"), server.version],
    [t("admin_servers.docker"), server.docker_version],
    [t("admin_servers.kernel"), server.kernel],
    [t("admin_servers.load"), format.number(server.load_1, 2)],
    [t("admin_servers.gpus"), server.gpus.length > 0 ? server.gpus.map((gpu) => gpu.name).join(", ") : t("none")],
    [t("admin_servers.networks"), server.networks.length > 0 ? server.networks.join(", ") : t("none")],
    [t("admin_servers.user_namespaces"), yes(server.user_namespaces)],
    [t("admin_servers.live_restore"), yes(server.live_restore)],
    [t("admin_servers.placement"), overrides || t("none")],
  ];
  return (
    <>
      <div className="reserved">
        <Level name={t("admin_servers.cores_bar")} value={format.percent(server.cores_reserved, server.cores_reservable)} text={t("admin_servers.of_shared", { used: format.number(server.cores_reserved), total: format.number(server.cores_reservable) })} />
        <Level name={t("admin_servers.memory_bar")} value={format.percent(server.memory_reserved_bytes, server.memory_reservable_bytes)} text={format.partOfBytes(server.memory_reserved_bytes, server.memory_reservable_bytes)} />
        <Level name={t("admin_servers.disk")} value={format.percent(server.disk_used_bytes, server.disk_total_bytes)} text={format.partOfBytes(server.disk_used_bytes, server.disk_total_bytes)} />
      </div>
      {labels.length > 0 && (
        <p className="label-list">
          <span className="label t3">{t("admin_servers.labels_word")}</span>
          {labels.map(([key, value]) => (
            <button key={key} type="button" className="chip mono" onClick={() => setParameters({ label: `${key}=${value}` })}>
              {value === "" ? key : `${key}=${value}`}
            </button>
          ))}
        </p>
      )}
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="clip">{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Level({ name, value, text }: { name: string; value: number; text: string }) {
  return (
    <div className="m">
      <p className="label">
        <span className="t3">{name}</span>
        <span className="num end t2">{text}</span>
      </p>
      <Bar value={value} label={`${name}: ${text}`} />
    </div>
  );
}
