import type { AuditEntry } from "@oriel/protocol";
import { type MessageKey, t, type Tone } from "@oriel/ui";

/** Actions that have words of their own; a new one is shown as it is written until it has. */
export const actionWords: Record<string, MessageKey> = {
  "sign_in": "audit_action.sign_in",
  "sign_in.link": "audit_action.sign_in_link",
  "sign_out": "audit_action.sign_out",
  "session.request": "audit_action.session_request",
  "session.end": "audit_action.session_end",
  "session.view": "audit_action.session_view",
  "session.use": "audit_action.session_use",
  "session.message": "audit_action.session_message",
  "session.refuse": "audit_action.session_refuse",
  "session.failed": "audit_action.session_failed",
  "user.create": "audit_action.user_create",
  "user.edit": "audit_action.user_edit",
  "user.disable": "audit_action.user_disable",
  "user.enable": "audit_action.user_enable",
  "user.unlock": "audit_action.user_unlock",
  "user.reset_password": "audit_action.user_reset_password",
  "user.change_password": "audit_action.user_change_password",
  "user.end_devices": "audit_action.user_end_devices",
  "user.delete": "audit_action.user_delete",
  "audit.export": "audit_action.audit_export",
  "agent.enrol": "audit_action.agent_enrol",
};

export function actionText(action: string): string {
  const key = actionWords[action];
  return key ? (t as (key: MessageKey) => string)(key) : action;
}

export const resultTones: Record<AuditEntry["result"], Tone> = { done: "ok", refused: "warn", failed: "bad" };

/** Who did it, in the reader's words. */
export function actorText(entry: AuditEntry): string {
  const { kind, id, name } = entry.actor;
  if (kind === "user") return name || t("audit.deleted_user", { id: (id ?? "").slice(0, 8) });
  if (kind === "api_key") return t("audit.api_key", { name: name || (id ?? "").slice(0, 8) });
  if (kind === "agent") return t("audit.agent", { name: name || (id ?? "").slice(0, 8) });
  if (kind === "manager") return t("audit.manager");
  if (kind === "setup") return t("audit.setup");
  return t("audit.anonymous");
}

export function objectText(entry: AuditEntry): string {
  const { kind, id, name } = entry.object;
  if (kind === "" || id === "") return kind === "audit" ? t("nav.audit") : t("none");
  const short = /^[0-9a-f]{32}$/.test(id) ? id.slice(0, 8) : id;
  if (kind === "user") return name || (short === id ? id : t("audit.deleted_user", { id: short }));
  return name ? `${name} ${short}` : `${kind} ${short}`;
}
