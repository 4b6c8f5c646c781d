import { Icon, Menu, type MenuItem, t } from "@oriel/ui";
import { Plus, X } from "lucide-react";
import { setParameters } from "../../router.ts";

/** A filter as a chip: dashed while it lets everything pass; chosen, it shows its value and a way to remove it. */
export function FilterChip({ name, value, parameter, options, whenEmpty }: { name: string; value: string; parameter: string; options: { value: string; label: string }[]; whenEmpty?: string }) {
  const on = value !== "";
  const items: MenuItem[] = options.map((option) => ({ kind: "choice", label: option.label, chosen: option.value === value, run: () => setParameters({ [parameter]: option.value === value ? null : option.value }) }));
  if (items.length === 0 && !on) return null;
  return (
    <span className="chip-split">
      <Menu
        label={name}
        items={items}
        trigger={(props) => (
          <button type="button" className={on ? "chip on" : whenEmpty ? "chip chip-alone" : "chip chip-dash chip-alone"} {...props}>
            {!on && !whenEmpty && <Icon of={Plus} />}
            {name}
            {(on || whenEmpty) && <b>{on ? (options.find((option) => option.value === value)?.label ?? value) : whenEmpty}</b>}
          </button>
        )}
      />
      {on && (
        <button type="button" className="chip on" aria-label={t("admin_sessions.remove_filter", { name })} onClick={() => setParameters({ [parameter]: null })}>
          <Icon of={X} />
        </button>
      )}
    </span>
  );
}
