import { CircleAlert } from "lucide-react";
import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from "react";
import { Icon } from "./icon.tsx";

export type FieldProps = Omit<InputHTMLAttributes<HTMLInputElement>, "id"> & {
  label: string;
  help?: string;
  /** Takes the help's place and marks the control. */
  error?: string | null;
  /** Stands inside at the right: a unit, a button. */
  after?: ReactNode;
  ref?: Ref<HTMLInputElement>;
};

export function Field({ label, help, error, after, className = "", ...rest }: FieldProps) {
  const id = useId();
  const note = error || help ? `${id}-note` : undefined;
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      <span className={`input affix${error ? " is-bad" : ""}`}>
        <input id={id} aria-invalid={error ? true : undefined} aria-describedby={note} {...rest} />
        {after}
      </span>
      {error ? (
        <p id={note} className="error">
          <Icon of={CircleAlert} />
          {error}
        </p>
      ) : help ? (
        <p id={note} className="help">
          {help}
        </p>
      ) : null}
    </div>
  );
}
