import type { Device } from "@oriel/protocol";
import { Age, Button, Dialog, format, Icon, Skeleton, t, toast } from "@oriel/ui";
import { Laptop, Smartphone } from "lucide-react";
import { useState } from "react";
import { api } from "../state/api.ts";
import { useLoaded } from "../state/use_loaded.ts";
import { ChangePasswordForm } from "./change_password.tsx";
import { deviceName } from "./device_name.ts";

/** One's own password and devices, for everybody. */
export default function AccountDialog({ onClose }: { onClose: () => void }) {
  const { value, error, refresh } = useLoaded("devices", (signal) => api.devices(signal));
  const [changes, setChanges] = useState(0);
  const others = value?.devices.filter((device) => !device.current) ?? [];
  return (
    <Dialog title={t("account.title")} onClose={onClose}>
      <section aria-labelledby="account-password" className="stack">
        <h3 id="account-password">{t("account.password")}</h3>
        <ChangePasswordForm
          key={changes}
          onChanged={() => {
            setChanges((count) => count + 1);
            refresh();
            toast({ title: t("password.changed"), text: t("password.changed_text") });
          }}
        />
      </section>
      <section aria-labelledby="account-devices" className="stack section-line">
        <div className="row">
          <h3 id="account-devices">{t("account.devices")}</h3>
          {others.length > 0 && (
            <Button small className="end" onClick={() => void end(undefined, refresh)}>
              {t("account.end_others")}
            </Button>
          )}
        </div>
        <p>{t("account.devices_text")}</p>
        {!value && !error && <Skeleton height={40} />}
        {error && !value && (
          <p role="alert">
            {t("account.devices_failed")}: {error.message}{" "}
            <button type="button" className="link" onClick={refresh}>
              {t("try_again")}
            </button>
          </p>
        )}
        {value && (
          <ul className="devices">
            {value.devices.map((device) => (
              <DeviceRow key={device.id} device={device} onEnd={() => void end(device.id, refresh)} />
            ))}
          </ul>
        )}
      </section>
    </Dialog>
  );
}

async function end(device: string | undefined, refresh: () => void): Promise<void> {
  try {
    const { ended } = await api.endDevices(device);
    toast({ title: t("account.ended", { count: ended }) });
  } catch (error) {
    toast({ bad: true, title: t("account.end_failed"), text: error instanceof Error ? error.message : String(error) });
  }
  refresh();
}

/** A sign-in as people know it: the browser, where from, since when, last used. */
export function DeviceRow({ device, onEnd }: { device: Device; onEnd: () => void }) {
  const name = deviceName(device.user_agent);
  return (
    <li className="device">
      <Icon of={/Mobile|iPhone|Android/.test(device.user_agent) ? Smartphone : Laptop} />
      <div className="grow">
        <p className="t1 medium clip" title={device.user_agent}>
          {name}
        </p>
        <p className="label t3">
          {device.session_id ? `${t("device.link")}, ` : ""}
          {device.address || t("none")}, <span title={format.exactTime(device.created_at)}>{t("device.since", { time: format.shortTime(device.created_at) })}</span>
        </p>
      </div>
      {device.current ? (
        <span className="badge">{t("account.this_device")}</span>
      ) : (
        <>
          <span className="label t3 nowrap">
            <Age since={device.last_used_at} />
          </span>
          <Button small onClick={onEnd} aria-label={t("device.end_name", { name })}>
            {t("account.end_device")}
          </Button>
        </>
      )}
    </li>
  );
}
