import type { AuditEntry, AuditQuery, Me } from "@oriel/protocol";
import { Button, type Column, Dialog, EmptyState, format, Icon, IconButton, Menu, StateDot, Table, t } from "@oriel/ui";
import { Download, Info, Plus, X } from "lucide-react";
import { useMemo, useState } from "react";
import { usePage } from "../../parts/page.tsx";
import { setParameters, usePlace } from "../../router.ts";
import { api } from "../../state/api.ts";
import { useLoaded, useSettled } from "../../state/use_loaded.ts";
import { actionText, actionWords, actorText, objectText, resultTones } from "./audit_words.ts";
import { FilterChip } from "./filter_chip.tsx";
import { AdminFrame } from "./frame.tsx";
import { Pager } from "./pager.tsx";
import { ListFailed, ListLoading, PageHead, SearchField } from "./parts.tsx";

const spans = { hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const;
const results = ["done", "refused", "failed", "unsuccessful"] as const;
const none = { q: null, since: null, from: null, until: null, action: null, result: null, actor: null, object: null, cursor: null };

/** The address's filter as the API asks for it; a span counts from now, to the minute. */
export function auditQuery(search: string, now: number): AuditQuery {
  const parameters = new URLSearchParams(search);
  const query: AuditQuery = {};
  for (const name of ["q", "action", "result", "actor", "object", "cursor", "from", "until"] as const) {
    const value = parameters.get(name);
    if (value) query[name] = value;
  }
  const span = spans[parameters.get("since") as keyof typeof spans];
  if (span) query.from = new Date(Math.floor(now / 60_000) * 60_000 - span * 1000).toISOString();
  return query;
}

/** Who did what to what, newest first; every filter is in the address. */
export function AdminAuditPage({ me }: { me: Me }) {
  usePage(t("audit.title"));
  const place = usePlace();
  const parameters = new URLSearchParams(place.search);
  const settled = useSettled(place.search);
  const { value, error, refresh } = useLoaded(settled, (signal) => api.audit(auditQuery(settled, Date.now()), signal));
  const [details, setDetails] = useState<AuditEntry | null>(null);
  const [between, setBetween] = useState(false);
  const at = (name: string) => parameters.get(name) ?? "";
  const filtered = ["q", "since", "from", "until", "action", "result", "actor", "object"].some((name) => at(name) !== "");
  const entries = value?.entries ?? [];
  const filterBy = (changes: Record<string, string | null>) => setParameters({ cursor: null, ...changes });

  const actions = useMemo(
    () => [
      { value: "sign_in", label: t("audit_group.sign_in") },
      { value: "user.", label: t("audit_group.user") },
      { value: "session.", label: t("audit_group.session") },
      ...Object.keys(actionWords)
        .filter((action) => action !== "sign_in")
        .map((action) => ({ value: action, label: actionText(action) })),
    ],
    [],
  );

  const columns: Column<AuditEntry>[] = [
    {
      id: "time",
      head: t("audit.time"),
      className: "num nowrap",
      cell: (entry) => (
        <time dateTime={entry.at} title={format.exactTime(entry.at)} className="num t2">
          {format.secondsTime(entry.at)}
        </time>
      ),
    },
    { id: "actor", head: t("audit.actor"), cell: (entry) => <span className="clip limited name">{actorText(entry)}</span> },
    { id: "action", head: t("audit.action"), cell: (entry) => actionText(entry.action) },
    { id: "object", head: t("audit.object"), className: "t2", cell: (entry) => <span className="clip limited">{objectText(entry)}</span> },
    {
      id: "result",
      head: t("audit.result"),
      className: "state-cell",
      cell: (entry) => (
        <span className="row state-row">
          <StateDot tone={resultTones[entry.result]}>{t(`audit.${entry.result}`)}</StateDot>
          {entry.reason && <span className="t3 clip state-note">· {entry.reason.replaceAll("_", " ")}</span>}
        </span>
      ),
    },
    { id: "address", head: t("audit.address"), className: "mono t3", cell: (entry) => entry.address || t("none") },
    {
      id: "actions",
      head: <span className="vh">{t("audit.details")}</span>,
      right: true,
      cell: (entry) => <IconButton small icon={Info} label={t("audit.details_of", { action: actionText(entry.action), time: format.secondsTime(entry.at) })} onClick={() => setDetails(entry)} />,
    },
  ];

  const query = auditQuery(place.search, Date.now());
  delete query.cursor;
  const span = at("from") !== "" || at("until") !== "" ? "between" : at("since");
  return (
    <AdminFrame me={me}>
      <PageHead title={t("audit.title")} count={null}>
        <Menu
          label={t("audit.export")}
          items={[
            { label: t("audit.export_csv"), icon: Download, href: api.auditExport(query, "csv") },
            { label: t("audit.export_jsonl"), icon: Download, href: api.auditExport(query, "jsonl") },
          ]}
          trigger={(props) => (
            <Button {...props} icon={Download}>
              {t("audit.export")}
            </Button>
          )}
        />
      </PageHead>
      <div className="filters">
        <SearchField label={t("audit.search")} value={at("q")} onChange={(q) => filterBy({ q })} />
        <span className="chip-split">
          <Menu
            label={t("audit.since")}
            items={[
              ...(Object.keys(spans) as (keyof typeof spans)[]).map((each) => ({ kind: "choice" as const, label: t(`audit.${each}`), chosen: span === each, run: () => filterBy({ since: span === each ? null : each, from: null, until: null }) })),
              { kind: "choice" as const, label: t("audit.between"), chosen: span === "between", run: () => setBetween(true) },
            ]}
            trigger={(props) => (
              <button type="button" className={span ? "chip on" : "chip chip-dash chip-alone"} {...props}>
                {!span && <Icon of={Plus} />}
                {t("audit.since")}
                {span && <b>{span === "between" ? [at("from"), at("until")].map((time) => (time ? format.shortTime(time) : "…")).join(" – ") : t(`audit.${span as keyof typeof spans}`)}</b>}
              </button>
            )}
          />
          {span && (
            <button type="button" className="chip on" aria-label={t("admin_sessions.remove_filter", { name: t("audit.since") })} onClick={() => filterBy({ since: null, from: null, until: null })}>
              <Icon of={X} />
            </button>
          )}
        </span>
        <FilterChip name={t("audit.action")} value={at("action")} parameter="action" options={actions} />
        <FilterChip name={t("audit.result")} value={at("result")} parameter="result" options={results.map((result) => ({ value: result, label: t(`audit.${result}`) }))} />
        <ChosenId name={t("audit.actor")} parameter="actor" value={at("actor")} label={nameFor(entries, at("actor"))} />
        <ChosenId name={t("audit.object")} parameter="object" value={at("object")} label={nameFor(entries, at("object"))} />
      </div>
      {!value && !error && <ListLoading />}
      {error && <ListFailed error={error} onRetry={refresh} />}
      {value && !error && entries.length === 0 && (
        <div className="card">
          {filtered ? (
            <EmptyState title={t("audit.no_match")} text={t("audit.no_match_text")}>
              <Button onClick={() => setParameters(none)}>{t("users.clear_filters")}</Button>
            </EmptyState>
          ) : (
            <EmptyState title={t("audit.empty")} text={t("audit.empty_text")} />
          )}
        </div>
      )}
      {value && !error && entries.length > 0 && (
        <>
          <section className="card table-card">
            <Table label={t("audit.title")} className="audit-table" columns={columns} rows={entries} keyOf={(entry) => String(entry.id)} />
          </section>
          <Pager previous={at("cursor") === "" ? null : ""} next={value.next_cursor} previousLabel={t("audit.newest")} nextLabel={t("audit.older")} />
        </>
      )}
      {details && (
        <DetailsDialog
          entry={details}
          onClose={() => setDetails(null)}
          onFilter={(changes) => {
            setDetails(null);
            filterBy(changes);
          }}
        />
      )}
      {between && (
        <BetweenDialog
          from={at("from")}
          until={at("until")}
          onClose={() => setBetween(false)}
          onChosen={(from, until) => {
            setBetween(false);
            filterBy({ from, until, since: null });
          }}
        />
      )}
    </AdminFrame>
  );
}

function nameFor(entries: readonly AuditEntry[], id: string): string {
  for (const entry of entries) {
    if (entry.actor.id === id && entry.actor.name) return entry.actor.name;
    if (entry.object.id === id && entry.object.name) return entry.object.name;
  }
  return id.slice(0, 8);
}

/** A filter that was chosen in an entry's details: shown so that it can be removed. */
function ChosenId({ name, parameter, value, label }: { name: string; parameter: string; value: string; label: string }) {
  if (value === "") return null;
  return (
    <span className="chip-split">
      <span className="chip on">
        {name} <b>{label}</b>
      </span>
      <button type="button" className="chip on" aria-label={t("admin_sessions.remove_filter", { name })} onClick={() => setParameters({ [parameter]: null, cursor: null })}>
        <Icon of={X} />
      </button>
    </span>
  );
}

function DetailsDialog({ entry, onClose, onFilter }: { entry: AuditEntry; onClose: () => void; onFilter: (changes: Record<string, string>) => void }) {
  const fact = (name: string, value: React.ReactNode, mono = false) => (
    <div>
      <dt>{name}</dt>
      <dd className={mono ? "mono break" : undefined}>{value}</dd>
    </div>
  );
  const actor = entry.actor.id;
  return (
    <Dialog
      title={actionText(entry.action)}
      onClose={onClose}
      footer={
        <>
          <Button kind="quiet" onClick={() => void navigator.clipboard?.writeText(JSON.stringify(entry, null, 2))}>
            {t("audit.copy")}
          </Button>
          <span className="grow" />
          {actor && <Button onClick={() => onFilter({ actor })}>{t("audit.only_actor")}</Button>}
          {entry.object.id !== "" && <Button onClick={() => onFilter({ object: entry.object.id })}>{t("audit.only_object")}</Button>}
        </>
      }
    >
      <dl className="pairs">
        {fact(t("audit.time"), format.exactSeconds(entry.at))}
        {fact(t("audit.actor"), actorText(entry))}
        {actor && fact("", actor, true)}
        {fact(t("audit.object"), objectText(entry))}
        {entry.object.id !== "" && fact("", entry.object.id, true)}
        {fact(t("audit.result"), <StateDot tone={resultTones[entry.result]}>{t(`audit.${entry.result}`)}</StateDot>)}
        {entry.reason && fact(t("audit.reason"), entry.reason, true)}
        {fact(t("audit.address"), entry.address || t("none"), true)}
        {fact(t("audit.request"), entry.request_id || t("none"), true)}
        {fact(t("audit.entry", { id: "" }).trim(), entry.id, true)}
      </dl>
      {Object.keys(entry.detail).length > 0 && <pre className="code">{JSON.stringify(entry.detail, null, 2)}</pre>}
    </Dialog>
  );
}

/** `2026-11-27T14:05` of this browser's time zone. */
function localTime(time: string): string {
  if (time === "") return "";
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function BetweenDialog({ from, until, onClose, onChosen }: { from: string; until: string; onClose: () => void; onChosen: (from: string | null, until: string | null) => void }) {
  const [begin, setBegin] = useState(localTime(from));
  const [end, setEnd] = useState(localTime(until));
  const iso = (time: string) => (time === "" ? null : new Date(time).toISOString());
  const field = (label: string, value: string, change: (value: string) => void) => (
    <label className="field">
      <span className="label-text">{label}</span>
      <span className="input affix">
        <input type="datetime-local" value={value} onChange={(event) => change(event.target.value)} />
      </span>
    </label>
  );
  return (
    <Dialog
      title={t("audit.between_title")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" onClick={() => onChosen(iso(begin), iso(end))}>
            {t("audit.apply")}
          </Button>
        </>
      }
    >
      <div className="pair">
        {field(t("audit.from"), begin, setBegin)}
        {field(t("audit.until"), end, setEnd)}
      </div>
    </Dialog>
  );
}
