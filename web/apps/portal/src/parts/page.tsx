import { t } from "@oriel/ui";
import { useEffect } from "react";

let first = true;

/** Sets the document's title and, after a navigation, moves focus to the page's heading so that it is read and Tab starts there. */
export function usePage(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${t("product")}`;
  }, [title]);
  useEffect(() => {
    if (first) {
      first = false;
      return;
    }
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
}
