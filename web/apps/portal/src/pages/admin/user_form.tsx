import { ApiError, type Group, type User, type UserChanges } from "@oriel/protocol";
import { Button, Dialog, Field, t, toast } from "@oriel/ui";
import { useState } from "react";
import { faultOf } from "../../parts/change_password.tsx";
import { api } from "../../state/api.ts";
import { FailureNotice, nameOf, type PasswordChoice, PasswordChoiceFields, PasswordOnce } from "./user_acts.tsx";

function GroupChoice({ groups, chosen, onChange, error }: { groups: readonly Group[]; chosen: readonly string[]; onChange: (chosen: string[]) => void; error: string | null }) {
  return (
    <fieldset className="field group-choice">
      <legend>{t("user_form.groups")}</legend>
      {groups.map((group) => (
        <label key={group.id} className="check-line">
          <input type="checkbox" className="check" checked={chosen.includes(group.id)} onChange={(event) => onChange(event.target.checked ? [...chosen, group.id] : chosen.filter((id) => id !== group.id))} />
          <span>
            {group.name}
            {group.description && <span className="t3"> {group.description}</span>}
          </span>
        </label>
      ))}
      {error ? <p className="error">{error}</p> : <p className="help">{t("user_form.groups_help")}</p>}
    </fieldset>
  );
}

/** Makes a user. What was typed stays through every refusal; a password that was made is shown once. */
export function CreateUserDialog({ groups, onClose, onDone }: { groups: readonly Group[]; onClose: () => void; onDone: (user: User) => void }) {
  const everybody = groups.filter((group) => !group.administrators).map((group) => group.id);
  const [username, setUsername] = useState("");
  const [firstName, setFirstName] = useState("");
  const [lastName, setLastName] = useState("");
  const [chosen, setChosen] = useState<string[]>(everybody.slice(0, 1));
  const [choice, setChoice] = useState<PasswordChoice>({ given: false, password: "", mustChange: true });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [made, setMade] = useState<{ user: User; password: string } | null>(null);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const fields: { pointer: string; message: string }[] = [];
    if (username.trim() === "") fields.push({ pointer: "/username", message: t("user_form.username_missing") });
    if (choice.given && [...choice.password].length < 8) fields.push({ pointer: "/password", message: t("password.short") });
    if (fields.length > 0) return setFailure(new ApiError("invalid", t("user_form.failed"), 400, fields));
    setBusy(true);
    try {
      const { user, password } = await api.createUser({ username: username.trim(), first_name: firstName, last_name: lastName, groups: chosen, must_change_password: choice.mustChange, ...(choice.given && { password: choice.password }) });
      onDone(user);
      if (password !== null) return setMade({ user, password });
      toast({ title: t("users.saved", { name: nameOf(user) }) });
      return onClose();
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };

  if (made) return <PasswordOnce name={nameOf(made.user)} password={made.password} onClose={onClose} />;
  const beside = (pointer: string) => faultOf(failure, pointer);
  const known = ["/username", "/first_name", "/last_name", "/groups", "/password"].some(beside);
  return (
    <Dialog
      title={t("user_form.create_title")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" form="create-user" aria-disabled={busy}>
            {busy ? t("user_form.busy") : t("user_form.create")}
          </Button>
        </>
      }
    >
      <form id="create-user" className="stack" onSubmit={submit} noValidate>
        {failure !== null && !known && <FailureNotice title={t("user_form.failed")} error={failure} />}
        <Field label={t("user_form.username")} value={username} help={t("user_form.username_help")} error={beside("/username")} autoComplete="off" autoCapitalize="none" spellCheck={false} data-autofocus onChange={(event) => setUsername(event.target.value)} />
        <div className="pair">
          <Field label={t("user_form.first_name")} value={firstName} error={beside("/first_name")} autoComplete="off" onChange={(event) => setFirstName(event.target.value)} />
          <Field label={t("user_form.last_name")} value={lastName} error={beside("/last_name")} autoComplete="off" onChange={(event) => setLastName(event.target.value)} />
        </div>
        <GroupChoice groups={groups} chosen={chosen} onChange={setChosen} error={beside("/groups")} />
        <PasswordChoiceFields choice={choice} onChange={setChoice} error={beside("/password")} />
      </form>
    </Dialog>
  );
}

export function EditUserDialog({ user, groups, onClose, onDone }: { user: User; groups: readonly Group[]; onClose: () => void; onDone: () => void }) {
  const [firstName, setFirstName] = useState(user.first_name);
  const [lastName, setLastName] = useState(user.last_name);
  const [chosen, setChosen] = useState(user.groups.map((group) => group.id));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    // Only what was touched is sent: somebody else may be changing the rest.
    const changes: UserChanges = {};
    if (firstName !== user.first_name) changes.first_name = firstName;
    if (lastName !== user.last_name) changes.last_name = lastName;
    if ([...chosen].sort().join() !== user.groups.map((group) => group.id).sort().join()) changes.groups = chosen;
    try {
      if (Object.keys(changes).length > 0) await api.editUser(user.id, changes);
      toast({ title: t("users.saved", { name: nameOf(user) }) });
      onDone();
      return onClose();
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  const beside = (pointer: string) => faultOf(failure, pointer);
  const known = ["/first_name", "/last_name", "/groups"].some(beside);
  return (
    <Dialog
      title={t("user_form.edit_title", { name: user.username })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" form="edit-user" aria-disabled={busy}>
            {busy ? t("user_form.busy") : t("user_form.save")}
          </Button>
        </>
      }
    >
      <form id="edit-user" className="stack" onSubmit={submit} noValidate>
        {failure !== null && !known && <FailureNotice title={t("user_form.failed")} error={failure} />}
        <div className="pair">
          <Field label={t("user_form.first_name")} value={firstName} error={beside("/first_name")} autoComplete="off" data-autofocus onChange={(event) => setFirstName(event.target.value)} />
          <Field label={t("user_form.last_name")} value={lastName} error={beside("/last_name")} autoComplete="off" onChange={(event) => setLastName(event.target.value)} />
        </div>
        <GroupChoice groups={groups} chosen={chosen} onChange={setChosen} error={beside("/groups")} />
      </form>
    </Dialog>
  );
}
