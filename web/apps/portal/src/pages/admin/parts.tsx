import type { ApiError } from "@oriel/protocol";
import { Button, EmptyState, Icon, Skeleton, t } from "@oriel/ui";
import { Search } from "lucide-react";
import type { ReactNode } from "react";

export function PageHead({ title, count, children }: { title: string; count: string | null; children?: ReactNode }) {
  return (
    <div className="head">
      <h1 tabIndex={-1}>{title}</h1>
      {count !== null && <span className="t3 num head-count">{count}</span>}
      {children && <div className="end">{children}</div>}
    </div>
  );
}

export function SearchField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className="find filter-find">
      <Icon of={Search} />
      <span className="vh">{label}</span>
      <input type="search" value={value} placeholder={label} spellCheck={false} onChange={(event) => onChange(event.target.value)} onKeyDown={(event) => event.key === "Escape" && onChange("")} />
    </label>
  );
}

export function ListLoading({ rows = 8, height = 40 }: { rows?: number; height?: number }) {
  return (
    <div className="card list-loading" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike
        <div key={index} className="row" style={{ height }}>
          <Skeleton width={24} height={24} />
          <Skeleton width={`${14 + ((index * 7) % 9)}%`} />
          <Skeleton width={`${10 + ((index * 5) % 12)}%`} />
          <span className="end" />
          <Skeleton width="8%" />
        </div>
      ))}
    </div>
  );
}

export function ListFailed({ error, onRetry }: { error: ApiError; onRetry: () => void }) {
  return (
    <div className="card">
      <EmptyState
        title={t("admin.failed")}
        text={
          <>
            {error.message}
            {error.requestId && <span className="mono t3 request-id">{t("request_id", { id: error.requestId })}</span>}
          </>
        }
      >
        <Button kind="primary" onClick={onRetry}>
          {t("try_again")}
        </Button>
      </EmptyState>
    </div>
  );
}
