import { Field, type FieldProps, IconButton, t } from "@oriel/ui";
import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";

/** A field whose content is hidden until it is asked for. */
export function PasswordField(props: Omit<FieldProps, "type" | "after">) {
  const [visible, setVisible] = useState(false);
  return (
    <Field
      {...props}
      type={visible ? "text" : "password"}
      spellCheck={false}
      autoCapitalize="none"
      after={<IconButton small icon={visible ? EyeOff : Eye} label={`${visible ? t("password.hide") : t("password.show")}: ${props.label}`} onClick={() => setVisible(!visible)} />}
    />
  );
}
