import type { Session } from "@oriel/protocol";
import { t } from "@oriel/ui";

type Servers = NonNullable<Session["placement"]>["servers"];

/** Server by server, what stood in the way of a session. */
export function Refusals({ servers }: { servers: Servers }) {
  return (
    <div className="card">
      <table className="table table-wrap">
        <thead>
          <tr>
            <th scope="col">{t("failure.server")}</th>
            <th scope="col">{t("failure.why_not")}</th>
          </tr>
        </thead>
        <tbody>
          {servers.map((server) => (
            <tr key={server.server}>
              <td className="name">{server.server}</td>
              <td>
                {server.checks
                  .filter((check) => !check.ok)
                  .map((check) => check.message)
                  .join("; ") || t("failure.fits")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
