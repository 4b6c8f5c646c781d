import type { Me, User } from "@oriel/protocol";
import { Age, Avatar, Button, EmptyState, format, Icon, IconButton, Menu, StateDot, t, toast } from "@oriel/ui";
import { CircleAlert, Ellipsis, Pencil } from "lucide-react";
import { useState } from "react";
import { DeviceRow } from "../../parts/account_dialog.tsx";
import { CopyId } from "../../parts/copy_id.tsx";
import { Link } from "../../parts/link.tsx";
import { usePage } from "../../parts/page.tsx";
import { navigate } from "../../router.ts";
import { api } from "../../state/api.ts";
import { useLoaded } from "../../state/use_loaded.ts";
import { AdminFrame } from "./frame.tsx";
import { ListFailed, ListLoading } from "./parts.tsx";
import { actAtOnce, nameOf, tellFailure } from "./user_acts.tsx";
import { type UserAct, UserActDialog, userActs, userTones } from "./users.tsx";

/** One user: who, what they may, where they are signed in, what can be done. */
export function AdminUserPage({ me, id }: { me: Me; id: string }) {
  const { value: user, error, refresh } = useLoaded(id, (signal) => api.user(id, signal));
  usePage(user ? nameOf(user) : t("users.title"));
  const [chosen, setChosen] = useState<UserAct | null>(null);
  const [epoch, setEpoch] = useState(0);
  const again = () => {
    refresh();
    setEpoch((count) => count + 1);
  };
  return (
    <AdminFrame me={me}>
      <p className="back">
        <Link href="/admin/users" className="quiet-link small t2">
          {t("users.back")}
        </Link>
      </p>
      {!user && !error && <ListLoading rows={4} />}
      {error && error.status === 404 && (
        <div className="card">
          <EmptyState title={t("users.gone")} text={t("users.gone_text")} />
        </div>
      )}
      {error && error.status !== 404 && <ListFailed error={error} onRetry={refresh} />}
      {user && !error && (
        <>
          <div className="head">
            <Avatar name={nameOf(user)} />
            <h1 tabIndex={-1} className="clip">
              {nameOf(user)}
            </h1>
            <StateDot tone={userTones[user.state]}>{t(`users.${user.state}`)}</StateDot>
            {user.administrator && <span className="badge">{t("users.administrator")}</span>}
            <div className="end">
              <Button icon={Pencil} onClick={() => setChosen({ act: "edit", user })}>
                {t("users.edit")}
              </Button>
              <Menu label={t("more_for", { name: user.username })} items={userActs(user, me, setChosen, again).slice(1)} trigger={(props) => <IconButton {...props} kind="plain" icon={Ellipsis} label={t("more_for", { name: user.username })} />} />
            </div>
          </div>
          {(user.sign_in_paused_seconds ?? 0) > 0 && (
            <div className="notice warn notice-block" role="status">
              <Icon of={CircleAlert} />
              <p className="grow">{t("users.paused", { count: user.sign_in_paused_seconds ?? 0 })}</p>
              <Button small onClick={() => void actAtOnce(user, "unlock", again)}>
                {t("users.unlock")}
              </Button>
            </div>
          )}
          {user.id === me.id && (
            <div className="notice notice-block">
              <p>
                <b className="medium">{t("users.self")}.</b> {t("users.self_text")}
              </p>
            </div>
          )}
          <div className="cards">
            <Facts user={user} />
            <Devices key={epoch} user={user} onChanged={again} />
          </div>
        </>
      )}
      {chosen && <UserActDialog chosen={chosen} onClose={() => setChosen(null)} onDone={again} onDeleted={() => navigate("/admin/users", { replace: true })} />}
    </AdminFrame>
  );
}

function Facts({ user }: { user: User }) {
  const fact = (name: string, value: React.ReactNode) => (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
  return (
    <section className="card block" aria-labelledby="user-account">
      <h2 id="user-account">{t("users.account")}</h2>
      <dl className="pairs">
        {fact(t("users.user"), user.username)}
        {fact(t("users.name"), [user.first_name, user.last_name].filter(Boolean).join(" ") || t("none"))}
        {fact(t("users.groups"), user.groups.map((group) => group.name).join(", ") || t("users.no_group"))}
        {fact(
          t("users.sessions"),
          user.live_sessions > 0 ? (
            <Link href={`/admin/sessions?user=${encodeURIComponent(user.username)}`} className="link">
              {user.live_sessions}
            </Link>
          ) : (
            t("none")
          ),
        )}
        {fact(t("users.last_sign_in"), user.last_sign_in_at ? <Age since={user.last_sign_in_at} /> : t("users.never"))}
        {user.must_change_password && fact(t("user_form.password"), t("users.must_change"))}
        {fact(t("users.created_at"), format.exactTime(user.created_at))}
        {fact(t("users.id"), <CopyId id={user.id} label={t("users.id")} />)}
      </dl>
      <p className="small">
        <Link href={`/admin/audit?object=${user.id}`} className="link">
          {t("users.audit")}
        </Link>
      </p>
    </section>
  );
}

function Devices({ user, onChanged }: { user: User; onChanged: () => void }) {
  const { value, error, refresh } = useLoaded(user.id, (signal) => api.userDevices(user.id, signal));
  const end = async (device?: string) => {
    try {
      const { ended } = await api.endUserDevices(user.id, device);
      toast({ title: t("account.ended", { count: ended }) });
      onChanged();
    } catch (failure) {
      tellFailure(user, failure);
    }
  };
  return (
    <section className="card block" aria-labelledby="user-devices">
      <div className="row">
        <h2 id="user-devices">{t("users.devices")}</h2>
        {value?.devices.some((device) => !device.current) && (
          <Button small className="end" onClick={() => void end()}>
            {t("users.end_all")}
          </Button>
        )}
      </div>
      {error && !value && (
        <p role="alert" className="small">
          {error.message}{" "}
          <button type="button" className="link" onClick={refresh}>
            {t("try_again")}
          </button>
        </p>
      )}
      {value?.devices.length === 0 && <p className="small t3">{t("users.devices_none")}</p>}
      {value && value.devices.length > 0 && (
        <ul className="devices">
          {value.devices.map((device) => (
            <DeviceRow key={device.id} device={device} onEnd={() => void end(device.id)} />
          ))}
        </ul>
      )}
    </section>
  );
}
