import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Icon } from "./icon.tsx";

export type Column<Row> = {
  id: string;
  head: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the right. */
  right?: boolean;
  className?: string;
  /** Given: the head is a button that orders by it. */
  order?: (row: Row) => string | number;
};

export type Order = { column: string; descending: boolean };

/** Rows beyond this many are drawn only near the window. */
const windowed = 120;
const margin = 10;

/** A table whose rows may be many: only those near the window are in the document; the rest is space. */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  order,
  onOrder,
  selected,
  className = "",
}: {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  order?: Order | undefined;
  onOrder?: (order: Order) => void;
  selected?: ReadonlySet<string>;
  className?: string;
}) {
  const column = order && columns.find((each) => each.id === order.column);
  const descending = order?.descending ?? false;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the column's id stands for its function, which is new at every render
  const sorted = useMemo(() => {
    const by = column?.order;
    if (!by) return rows;
    const sign = descending ? -1 : 1;
    const keyed = rows.map((row) => ({ row, key: by(row) }));
    return keyed.sort((a, b) => compare(a.key, b.key) * sign).map((each) => each.row);
  }, [rows, column?.id, descending]);
  const body = useRef<HTMLTableSectionElement>(null);
  const [range, setRange] = useState({ from: 0, to: windowed, height: 40 });
  const many = sorted.length > windowed;

  useLayoutEffect(() => {
    if (!many) return;
    const update = () => {
      const element = body.current;
      if (!element) return;
      const height = element.querySelector("tr:not(.spacer)")?.getBoundingClientRect().height || 40;
      const top = -element.getBoundingClientRect().top;
      const from = Math.max(0, Math.floor(top / height / margin) * margin - margin);
      const to = Math.ceil((top + innerHeight) / height / margin) * margin + margin;
      setRange((old) => (old.from === from && old.to === to && old.height === height ? old : { from, to, height }));
    };
    update();
    addEventListener("scroll", update, { passive: true });
    addEventListener("resize", update);
    return () => {
      removeEventListener("scroll", update);
      removeEventListener("resize", update);
    };
  }, [many]);

  const from = many ? Math.min(range.from, Math.max(0, sorted.length - windowed)) : 0;
  const to = many ? Math.min(sorted.length, Math.max(range.to, from + margin)) : sorted.length;
  const space = (count: number) =>
    count > 0 && (
      <tr className="spacer" >
        <td colSpan={columns.length} style={{ height: count * range.height }} />
      </tr>
    );

  return (
    <table className={`table ${className}`} aria-label={label} aria-rowcount={many ? sorted.length + 1 : undefined}>
      <thead>
        <tr>
          {columns.map((each) => {
            const active = order?.column === each.id;
            return (
              <th
                key={each.id}
                scope="col"
                className={[each.right ? "r" : "", each.className ?? ""].join(" ").trim() || undefined}
                aria-sort={active ? (order.descending ? "descending" : "ascending") : undefined}
              >
                {each.order && onOrder ? (
                  <button type="button" onClick={() => onOrder({ column: each.id, descending: active ? !order.descending : false })}>
                    {each.head}
                    {active && <Icon of={order.descending ? ArrowUp : ArrowDown} />}
                  </button>
                ) : (
                  each.head
                )}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody ref={body}>
        {space(from)}
        {sorted.slice(from, to).map((row, index) => {
          const key = keyOf(row);
          return (
            <tr key={key} className={selected?.has(key) ? "sel" : undefined} aria-rowindex={many ? from + index + 2 : undefined}>
              {columns.map((each) => (
                <td key={each.id} data-column={each.id} className={[each.right ? "r" : "", each.className ?? ""].join(" ").trim() || undefined}>
                  {each.cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
        {space(sorted.length - to)}
      </tbody>
    </table>
  );
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a), String(b));
}
