import type { AdminWorkspace, ApiError } from "@oriel/protocol";
import { useCallback, useEffect, useState } from "react";
import { api } from "../../state/api.ts";
import { live, type Loaded } from "../../state/live.ts";
import { useStore } from "../../state/store.ts";

export type AdminWorkspaceList = readonly AdminWorkspace[];

/** All workspaces as administrators see them; read again when the event stream says that they changed. */
export function useAdminWorkspaces(): Loaded<AdminWorkspaceList> & { refresh: () => void } {
  const [state, setState] = useState<Loaded<AdminWorkspaceList>>({ value: null, error: null });
  const [tries, setTries] = useState(0);
  const epoch = useStore(live.workspaceEpoch);
  // biome-ignore lint/correctness/useExhaustiveDependencies: both only say "again"
  useEffect(() => {
    const controller = new AbortController();
    api.adminWorkspaces(controller.signal).then(
      ({ workspaces }) => setState({ value: workspaces, error: null }),
      (error: ApiError) => {
        if (!controller.signal.aborted) setState((old) => ({ value: old.value, error }));
      },
    );
    return () => controller.abort();
  }, [epoch, tries]);
  const refresh = useCallback(() => setTries((count) => count + 1), []);
  return { ...state, refresh };
}
