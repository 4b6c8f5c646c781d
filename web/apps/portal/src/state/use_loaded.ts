import { ApiError } from "@oriel/protocol";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Loaded } from "./live.ts";

/** What `load` answers, asked again when `key` changes or on `refresh`. The old value stays while the new one comes. */
export function useLoaded<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> & { refresh: () => void; busy: boolean } {
  const [state, setState] = useState<Loaded<Value> & { key: string }>({ value: null, error: null, key: "" });
  const [tries, setTries] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `tries` only says "again"
  useEffect(() => {
    const controller = new AbortController();
    latest.current(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setState({ value, error: null, key });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        setState((old) => ({ value: old.value, error: error instanceof ApiError ? error : new ApiError("internal", String(error), 0), key }));
      },
    );
    return () => controller.abort();
  }, [key, tries]);
  const refresh = useCallback(() => setTries((count) => count + 1), []);
  return { value: state.value, error: state.error, busy: state.key !== key, refresh };
}

/** A value that rests: what is typed is asked for when nothing more came for a moment. */
export function useSettled<Value>(value: Value, milliseconds = 200): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
