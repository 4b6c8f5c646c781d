import type { Me, User } from "@oriel/protocol";
import { Age, Avatar, Button, type Column, EmptyState, IconButton, Menu, type MenuItem, StateDot, Table, type Tone, t } from "@oriel/ui";
import { Ban, CircleCheck, Ellipsis, KeyRound, LockOpen, Monitor, Pencil, Plus, Trash2, UserRound } from "lucide-react";
import { useState } from "react";
import { Link } from "../../parts/link.tsx";
import { usePage } from "../../parts/page.tsx";
import { navigate, setParameters, usePlace } from "../../router.ts";
import { api } from "../../state/api.ts";
import { useLoaded, useSettled } from "../../state/use_loaded.ts";
import { FilterChip } from "./filter_chip.tsx";
import { AdminFrame } from "./frame.tsx";
import { Pager } from "./pager.tsx";
import { ListFailed, ListLoading, PageHead, SearchField } from "./parts.tsx";
import { actAtOnce, DeleteUserDialog, DisableDialog, ResetPasswordDialog } from "./user_acts.tsx";
import { CreateUserDialog, EditUserDialog } from "./user_form.tsx";

export const userTones: Record<User["state"], Tone> = { active: "ok", disabled: "hollow", locked: "bad" };
const states = ["active", "disabled", "locked"] as const;

export type UserAct = { act: "edit" | "disable" | "reset" | "delete"; user: User };

/** What can be done to a user, as a menu; what one may not do to oneself is left out. */
export function userActs(user: User, me: Me, choose: (act: UserAct) => void, refresh: () => void): MenuItem[] {
  const items: MenuItem[] = [{ label: t("users.edit"), icon: Pencil, run: () => choose({ act: "edit", user }) }];
  const own = user.id === me.id;
  if (!own) items.push({ label: t("users.reset"), icon: KeyRound, run: () => choose({ act: "reset", user }) });
  if (user.locked || (user.sign_in_paused_seconds ?? 0) > 0) items.push({ label: t("users.unlock"), icon: LockOpen, run: () => void actAtOnce(user, "unlock", refresh) });
  if (user.state === "disabled") items.push({ label: t("users.enable"), icon: CircleCheck, run: () => void actAtOnce(user, "enable", refresh) });
  if (!own) {
    items.push({ kind: "line" });
    if (user.state !== "disabled") items.push({ label: t("users.disable"), icon: Ban, bad: true, run: () => choose({ act: "disable", user }) });
    items.push({ label: t("users.delete"), icon: Trash2, bad: true, run: () => choose({ act: "delete", user }) });
  }
  return items;
}

/** The dialog of the act that was chosen. */
export function UserActDialog({ chosen, onClose, onDone, onDeleted }: { chosen: UserAct; onClose: () => void; onDone: () => void; onDeleted?: () => void }) {
  const groups = useLoaded("groups", (signal) => api.groups(signal)).value?.groups;
  const { act, user } = chosen;
  if (act === "edit") return groups ? <EditUserDialog user={user} groups={groups} onClose={onClose} onDone={onDone} /> : null;
  if (act === "reset") return <ResetPasswordDialog user={user} onClose={onClose} onDone={onDone} />;
  if (act === "disable") return <DisableDialog user={user} onClose={onClose} onDone={onDone} />;
  return <DeleteUserDialog user={user} onClose={onClose} onDone={onDeleted ?? onDone} />;
}

/** All users, page by page; filters and the page are in the address. */
export function AdminUsersPage({ me }: { me: Me }) {
  usePage(t("users.title"));
  const parameters = new URLSearchParams(usePlace().search);
  const asked = { q: parameters.get("q") ?? "", state: parameters.get("state") ?? "", group: parameters.get("group") ?? "", cursor: parameters.get("cursor") ?? "" };
  const settled = useSettled(JSON.stringify(asked));
  const { value, error, refresh } = useLoaded(settled, (signal) => api.users(JSON.parse(settled), signal));
  const groups = useLoaded("groups", (signal) => api.groups(signal)).value?.groups;
  const [creating, setCreating] = useState(false);
  const [chosen, setChosen] = useState<UserAct | null>(null);
  const filtered = asked.q !== "" || asked.state !== "" || asked.group !== "";
  const rows = value?.users ?? [];

  const columns: Column<User>[] = [
    {
      id: "user",
      head: t("users.user"),
      cell: (user) => (
        <span className="row">
          <Avatar name={user.display_name || user.username} small />
          <Link href={`/admin/users/${user.id}`} className="name clip" title={user.username}>
            {user.username}
          </Link>
          {user.id === me.id && <span className="badge">{t("users.self")}</span>}
        </span>
      ),
    },
    { id: "name", head: t("users.name"), className: "t2", cell: (user) => <span className="clip limited">{[user.first_name, user.last_name].filter(Boolean).join(" ") || t("none")}</span> },
    {
      id: "state",
      head: t("users.state"),
      className: "state-cell",
      cell: (user) => (
        <span className="row state-row">
          <StateDot tone={userTones[user.state]}>{t(`users.${user.state}`)}</StateDot>
          {user.must_change_password && user.state === "active" && <span className="t3 clip state-note">· {t("users.must_change")}</span>}
        </span>
      ),
    },
    { id: "groups", head: t("users.groups"), className: "t2 groups-cell", cell: (user) => <span className="clip">{user.groups.map((group) => group.name).join(", ") || t("users.no_group")}</span> },
    { id: "last_sign_in", head: t("users.last_sign_in"), right: true, cell: (user) => (user.last_sign_in_at ? <Age since={user.last_sign_in_at} /> : <span className="t3">{t("users.never")}</span>) },
    {
      id: "sessions",
      head: t("users.sessions"),
      right: true,
      cell: (user) =>
        user.live_sessions > 0 ? (
          <Link href={`/admin/sessions?user=${encodeURIComponent(user.username)}`} className="quiet-link" title={t("users.show_sessions")}>
            {user.live_sessions}
          </Link>
        ) : (
          t("none")
        ),
    },
    { id: "devices", head: t("users.devices"), right: true, cell: (user) => (user.devices > 0 ? user.devices : t("none")) },
    {
      id: "actions",
      head: <span className="vh">{t("users.actions")}</span>,
      right: true,
      cell: (user) => {
        const label = t("more_for", { name: user.username });
        const items: MenuItem[] = [
          { label: t("users.open"), icon: UserRound, run: () => navigate(`/admin/users/${user.id}`) },
          { label: t("users.show_sessions"), icon: Monitor, run: () => navigate(`/admin/sessions?user=${encodeURIComponent(user.username)}`) },
          ...userActs(user, me, setChosen, refresh),
        ];
        return <Menu label={label} items={items} trigger={(props) => <IconButton {...props} icon={Ellipsis} label={label} small />} />;
      },
    },
  ];

  return (
    <AdminFrame me={me}>
      <PageHead title={t("users.title")} count={value ? t("admin.rows", { count: value.total }) : null}>
        <Button kind="primary" icon={Plus} onClick={() => setCreating(true)}>
          {t("users.create")}
        </Button>
      </PageHead>
      <div className="filters">
        <SearchField label={t("users.search")} value={asked.q} onChange={(q) => setParameters({ q, cursor: null })} />
        <FilterChip name={t("users.state")} value={asked.state} parameter="state" options={states.map((state) => ({ value: state, label: t(`users.${state}`) }))} />
        <FilterChip name={t("users.group")} value={asked.group} parameter="group" options={(groups ?? []).map((group) => ({ value: group.id, label: group.name }))} />
      </div>
      {!value && !error && <ListLoading />}
      {error && <ListFailed error={error} onRetry={refresh} />}
      {value && !error && rows.length === 0 && (
        <div className="card">
          {filtered ? (
            <EmptyState title={t("users.no_match")} text={t("users.no_match_text")}>
              <Button onClick={() => setParameters({ q: null, state: null, group: null, cursor: null })}>{t("users.clear_filters")}</Button>
            </EmptyState>
          ) : (
            <EmptyState title={t("users.empty")} text={t("users.empty_text")} />
          )}
        </div>
      )}
      {value && !error && rows.length > 0 && (
        <>
          <section className="card table-card">
            <Table label={t("users.title")} className="users-table" columns={columns} rows={rows} keyOf={(user) => user.id} />
          </section>
          <Pager shown={t("users.shown", { shown: rows.length, count: value.total })} previous={value.previous_cursor} next={value.next_cursor} previousLabel={t("users.previous")} nextLabel={t("users.next")} />
        </>
      )}
      {creating && groups && <CreateUserDialog groups={groups} onClose={() => setCreating(false)} onDone={refresh} />}
      {chosen && <UserActDialog chosen={chosen} onClose={() => setChosen(null)} onDone={refresh} />}
    </AdminFrame>
  );
}
