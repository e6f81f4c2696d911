// Asking the box for something a page shows: loading, there, or failed with a way to try again.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client.ts";

export type Loaded<T> = { kind: "loading" } | { kind: "there"; value: T } | { kind: "failed"; error: ApiError };

export interface Asked<T> {
  state: Loaded<T>;
  again: () => void;
}

const asError = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError(0, "http.unexpected", error instanceof Error ? error.message : ""));

/** Asks when `key` changes, and every `everyMs` where given. What was there stays while it is asked again. */
export function useAsked<T>(key: string, ask: () => Promise<T>, everyMs?: number): Asked<T> {
  const [state, setState] = useState<Loaded<T>>({ kind: "loading" });
  const [round, setRound] = useState(0);
  const askNow = useRef(ask);
  askNow.current = ask;
  const shownKey = useRef(key);

  useEffect(() => {
    let gone = false;
    if (shownKey.current !== key) {
      shownKey.current = key;
      setState({ kind: "loading" });
    }
    const run = (): void => {
      askNow.current().then(
        (value) => {
          if (!gone) setState({ kind: "there", value });
        },
        (error: unknown) => {
          if (!gone) setState({ kind: "failed", error: asError(error) });
        },
      );
    };
    run();
    const timer = everyMs === undefined ? undefined : setInterval(run, everyMs);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [key, round, everyMs]);

  return { state, again: useCallback(() => setRound((value) => value + 1), []) };
}

/** Runs something that changes the box, with a busy flag and the error it ended in. */
export function useAction(): { busy: boolean; error: ApiError | null; run: (work: () => Promise<void>) => Promise<boolean>; clear: () => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (failure) {
      setError(asError(failure));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run, clear: () => setError(null) };
}
