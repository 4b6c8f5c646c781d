import { Button } from "@oriel/ui";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { navigate, usePlace } from "../../router.ts";

/** Below a list that comes page by page: what is shown, and the way on and back. Each page has its address. */
export function Pager({ shown, previous, next, previousLabel, nextLabel }: { shown?: string; previous: string | null; next: string | null; previousLabel: string; nextLabel: string }) {
  const place = usePlace();
  const go = (cursor: string) => {
    const search = new URLSearchParams(place.search);
    if (cursor === "") search.delete("cursor");
    else search.set("cursor", cursor);
    const text = search.toString();
    navigate(place.path + (text ? `?${text}` : ""));
    scrollTo(0, 0);
  };
  if (previous === null && next === null) return null;
  return (
    <nav className="pager" aria-label={nextLabel}>
      {shown && <span className="t3 num">{shown}</span>}
      <span className="end" />
      <Button small icon={ChevronLeft} aria-disabled={previous === null} onClick={() => previous !== null && go(previous)}>
        {previousLabel}
      </Button>
      <Button small icon={ChevronRight} aria-disabled={next === null} onClick={() => next !== null && go(next)}>
        {nextLabel}
      </Button>
    </nav>
  );
}
