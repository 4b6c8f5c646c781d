import { ApiError, type SessionRequest, type Workspace } from "@oriel/protocol";
import { Button, Dialog, Field, SegmentedControl, t } from "@oriel/ui";
import { useId, useState } from "react";
import { browserRequest, launchWith } from "../state/launch.ts";
import { isBrowser } from "./workspace_tile.tsx";
import { WorkspaceIcon } from "./workspace_icon.tsx";

const sizes = ["window", "1280x720", "1920x1080", "2560x1440"] as const;
type Size = (typeof sizes)[number];

/** An address a browser workspace may open; a name without a scheme gets https. Null when it is none. */
export function pageAddress(text: string): string | null {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !/^[^/]+:\d+(\/|$)/.test(trimmed) ? trimmed : `https://${trimmed}`;
  try {
    const url = new URL(withScheme);
    const plausible = (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" && !/\s/.test(trimmed);
    return plausible ? url.href : null;
  } catch {
    return null;
  }
}

/** The choices of a start: a page to open for browsers, the size of the picture. One click on a tile needs none of them. */
export function LaunchDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [url, setUrl] = useState("");
  const [size, setSize] = useState<Size>("window");
  const [urlError, setUrlError] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useId();
  const browser = isBrowser(workspace);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setError(null);
    const request: SessionRequest = browserRequest(workspace.id);
    if (size !== "window") {
      const [width, height] = size.split("x").map(Number);
      request.width = width ?? 0;
      request.height = height ?? 0;
      request.scale_percent = 100;
    }
    if (browser && url.trim() !== "") {
      const address = pageAddress(url);
      if (!address) {
        setUrlError(t("launch.url_wrong"));
        document.getElementById(form)?.querySelector("input")?.focus();
        return;
      }
      request.open_url = address;
    }
    setBusy(true);
    try {
      await launchWith(request);
    } catch (failure) {
      setBusy(false);
      const field = failure instanceof ApiError ? failure.fields.find((each) => each.pointer === "/open_url") : undefined;
      if (field) setUrlError(field.message);
      else setError(failure instanceof Error ? failure.message : String(failure));
    }
  };

  return (
    <Dialog
      title={t("launch.title", { name: workspace.friendly_name })}
      lead={<WorkspaceIcon url={workspace.icon_url} hue={workspace.hue} size="md" />}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" form={form} aria-disabled={busy}>
            {busy ? t("launch.busy") : t("launch.submit")}
          </Button>
        </>
      }
    >
      <form id={form} className="stack" onSubmit={submit} noValidate>
        {browser && (
          <Field
            label={t("launch.url")}
            help={t("launch.url_help")}
            error={urlError}
            value={url}
            inputMode="url"
            autoComplete="url"
            spellCheck={false}
            data-autofocus
            placeholder="https://"
            onChange={(event) => {
              setUrl(event.target.value);
              setUrlError(null);
            }}
          />
        )}
        <div className="field">
          <p className="flabel t1">{t("launch.size")}</p>
          <SegmentedControl
            label={t("launch.size")}
            value={size}
            onChange={setSize}
            options={sizes.map((value) => ({ value, label: value === "window" ? t("launch.size_window") : value.replace("x", " × ") }))}
          />
          <p className="help">{t("launch.size_help")}</p>
        </div>
        {error && (
          <p className="error" role="alert">
            {error}
          </p>
        )}
      </form>
    </Dialog>
  );
}
