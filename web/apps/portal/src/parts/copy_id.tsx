import { IconButton, t } from "@oriel/ui";
import { Check, Copy } from "lucide-react";
import { useState } from "react";

/** An id with the button that copies it whole. */
export function CopyId({ id, label }: { id: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <span className="row">
      <span className="mono t3">{`${id.slice(0, 8)}…${id.slice(-4)}`}</span>
      <IconButton
        small
        icon={copied ? Check : Copy}
        label={copied ? t("copied") : label}
        onClick={() => {
          void navigator.clipboard?.writeText(id).then(() => {
            setCopied(true);
            setTimeout(() => setCopied(false), 2000);
          });
        }}
      />
    </span>
  );
}
