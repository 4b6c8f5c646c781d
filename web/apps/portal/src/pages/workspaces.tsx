import type { AdminSession, Me, Workspace } from "@oriel/protocol";
import { Button, Dialog, EmptyState, format, Skeleton, t } from "@oriel/ui";
import { Search } from "lucide-react";
import { Icon } from "@oriel/ui";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { EndDialog } from "../parts/end_dialog.tsx";
import { FailureDialog } from "../parts/failure_dialog.tsx";
import { LaunchDialog } from "../parts/launch_dialog.tsx";
import { usePage } from "../parts/page.tsx";
import { SessionTile } from "../parts/session_tile.tsx";
import { TopBar } from "../parts/top_bar.tsx";
import { WorkspaceIcon } from "../parts/workspace_icon.tsx";
import { WorkspaceTile } from "../parts/workspace_tile.tsx";
import { navigate, setParameters, usePlace } from "../router.ts";
import { live } from "../state/live.ts";
import { prefetchClient } from "../state/prefetch.ts";
import { isLive, isOpenable, ownSessions } from "../state/selectors.ts";
import { useStore } from "../state/store.ts";

/** The categories of all workspaces, each once, in the order of the alphabet. */
export function categoriesOf(workspaces: readonly Workspace[]): string[] {
  return [...new Set(workspaces.flatMap((workspace) => workspace.categories))].sort((a, b) => a.localeCompare(b));
}

/** Every word of the query must occur in name, description or category. */
export function found(workspace: Workspace, query: string): boolean {
  const text = `${workspace.friendly_name} ${workspace.description} ${workspace.categories.join(" ")}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** A key press that means text and belongs to nothing else on the page. */
function typesText(event: KeyboardEvent): boolean {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  const target = event.target instanceof Element ? event.target : null;
  return !target?.closest("input, textarea, select, [contenteditable], [role=menu], [role=radiogroup], dialog") && !document.querySelector("dialog[open]");
}

export function WorkspacesPage({ me }: { me: Me }) {
  usePage(t("workspaces.title"));
  const { value: workspaces, error } = useStore(live.workspaces);
  const sessions = useStore(live.sessions);
  const limit = useStore(live.limit) ?? me.session_limit;
  const place = usePlace();
  const parameters = new URLSearchParams(place.search);
  const category = parameters.get("category") ?? "";
  const [query, setQuery] = useState("");
  const [ending, setEnding] = useState<AdminSession | null>(null);
  const [details, setDetails] = useState<AdminSession | null>(null);
  const [options, setOptions] = useState<Workspace | null>(null);
  const [why, setWhy] = useState<Workspace | null>(null);
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set());
  const search = useRef<HTMLInputElement>(null);
  const phoneSearch = useRef<HTMLInputElement>(null);

  useEffect(() => prefetchClient(), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!typesText(event)) return;
      const input = search.current?.offsetParent ? search.current : phoneSearch.current;
      // The key that is being pressed lands in the field that has the focus by then.
      input?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const own = useMemo(() => ownSessions(sessions.value, me.id).filter((session) => !removed.has(session.id)), [sessions.value, me.id, removed]);
  const counted = own.filter(isLive).length;
  const categories = useMemo(() => categoriesOf(workspaces ?? []), [workspaces]);
  const shown = (workspaces ?? []).filter((workspace) => (category === "" || workspace.categories.includes(category)) && found(workspace, query.trim()));
  const onOptions = useCallback((workspace: Workspace) => setOptions(workspace), []);
  const onWhy = useCallback((workspace: Workspace) => setWhy(workspace), []);

  const field = (ref: React.RefObject<HTMLInputElement | null>, className: string) => (
    <label className={`find ${className}`}>
      <Icon of={Search} />
      <span className="vh">{t("workspaces.search")}</span>
      <input
        ref={ref}
        type="search"
        value={query}
        placeholder={t("workspaces.search")}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            setQuery("");
            event.currentTarget.blur();
          }
          if (event.key === "ArrowDown") {
            event.preventDefault();
            document.querySelector<HTMLElement>(".tile-main")?.focus();
          }
        }}
      />
      {query === "" && <span className="kbd wide-only">{t("workspaces.just_type")}</span>}
    </label>
  );

  const chips = (className: string) =>
    categories.length > 1 && (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a scrolling row
      <div className={`cats ${className}`} role="group" aria-label={t("workspaces.category")}>
        {["", ...categories].map((each) => (
          <button key={each} type="button" className="chip" aria-pressed={category === each} onClick={() => setParameters({ category: each })}>
            {each === "" ? t("workspaces.all") : each}
          </button>
        ))}
      </div>
    );

  return (
    <>
      <TopBar me={me} middle={field(search, "wide-only")} />
      <main className="main wide" id="content">
        <h1 className="vh" tabIndex={-1}>
          {t("workspaces.title")}
        </h1>
        {own.length > 0 && (
          <section aria-label={t("workspaces.your_sessions")}>
            <div className="sec">
              <h2>{t("workspaces.your_sessions")}</h2>
              <span className="cnt num">{t("workspaces.allowed", { count: counted, limit })}</span>
            </div>
            <div className="runs">
              {own.map((session) => (
                <SessionTile key={session.id} session={session} onEnd={setEnding} onDetails={setDetails} onRemove={(gone) => setRemoved(new Set([...removed, gone.id]))} />
              ))}
            </div>
          </section>
        )}
        <section aria-label={t("workspaces.all_label")}>
          <div className="sec lib">
            <h2>{t("workspaces.title")}</h2>
            {workspaces && <span className="cnt num">{shown.length === workspaces.length ? workspaces.length : t("admin.of_rows", { shown: shown.length, count: workspaces.length })}</span>}
            {chips("end wide-only")}
          </div>
          {workspaces && workspaces.length > 0 && (
            <>
              {field(phoneSearch, "phone-find phone-only")}
              {chips("phone-only")}
            </>
          )}
          {!workspaces && !error && (
            <div className="tiles" aria-busy="true" aria-label={t("loading")} role="status">
              {Array.from({ length: 8 }, (_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike
                <div className="tile" key={index}>
                  <Skeleton width={48} height={48} />
                  <span className="grow skeleton-lines">
                    <Skeleton width="45%" />
                    <Skeleton width="75%" />
                  </span>
                </div>
              ))}
            </div>
          )}
          {!workspaces && error && (
            <div className="card">
              <EmptyState title={t("workspaces.failed")} text={error.message}>
                <Button kind="primary" onClick={() => void live.refreshWorkspaces()}>
                  {t("try_again")}
                </Button>
              </EmptyState>
            </div>
          )}
          {workspaces?.length === 0 && (
            <div className="card">
              <EmptyState title={t("workspaces.empty")} text={t("workspaces.empty_text")} below={<Lessons />}>
                {me.administrator && (
                  <Button kind="primary" onClick={() => navigate("/admin/workspaces")}>
                    {t("workspaces.open_admin")}
                  </Button>
                )}
                <Button onClick={() => void live.refreshWorkspaces()}>{t("workspaces.check_again")}</Button>
              </EmptyState>
            </div>
          )}
          {workspaces && workspaces.length > 0 && shown.length === 0 && (
            <div className="card">
              <EmptyState title={t("workspaces.no_match", { query: query.trim() || category })} text={t("workspaces.no_match_text")}>
                <Button
                  onClick={() => {
                    setQuery("");
                    setParameters({ category: null });
                  }}
                >
                  {t("workspaces.clear")}
                </Button>
              </EmptyState>
            </div>
          )}
          <div className="tiles">
            {shown.map((workspace) => (
              <WorkspaceTile
                key={workspace.id}
                workspace={workspace}
                running={own.find((session) => session.workspace.id === workspace.id && isOpenable(session))}
                onOptions={onOptions}
                onWhy={onWhy}
              />
            ))}
          </div>
        </section>
      </main>
      {ending && <EndDialog sessions={[ending]} onClose={() => setEnding(null)} />}
      {details && <FailureDialog session={details} own onClose={() => setDetails(null)} />}
      {options && <LaunchDialog workspace={options} onClose={() => setOptions(null)} />}
      {why && (
        <Dialog
          title={t("workspaces.off_title", { name: why.friendly_name })}
          lead={<WorkspaceIcon url={why.icon_url} hue={why.hue} size="md" />}
          onClose={() => setWhy(null)}
          footer={
            <Button onClick={() => setWhy(null)} data-autofocus>
              {t("close")}
            </Button>
          }
        >
          <p className="t1 medium">{why.reason}</p>
          <p>
            {t("workspaces.off_needs", { cores: format.cores(why.cores), memory: format.bytes(why.memory_bytes) })} {t("workspaces.off_next")}
          </p>
        </Dialog>
      )}
    </>
  );
}

function Lessons() {
  return (
    <ol className="teach">
      <li>
        <b>{t("workspaces.teach_open")}</b>
        {t("workspaces.teach_open_text")}
      </li>
      <li>
        <b>{t("workspaces.teach_leave")}</b>
        {t("workspaces.teach_leave_text")}
      </li>
      <li>
        <b>{t("workspaces.teach_end")}</b>
        {t("workspaces.teach_end_text")}
      </li>
    </ol>
  );
}
