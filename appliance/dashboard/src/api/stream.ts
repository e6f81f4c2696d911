// The live stream. EventSource reconnects by itself but hides its state and never notices a connection
// that is open and silent, so the watch is ours: silent for long enough, closed and opened again.
import type { LiveSnapshot } from "./types.ts";

export type StreamState = "connecting" | "live" | "stale" | "lost";

export interface StreamHandlers {
  snapshot: (snapshot: LiveSnapshot) => void;
  state: (state: StreamState) => void;
}

/** Silence after which values count as old, ms. */
export const STALE_MS = 1500;
/** Silence after which the connection is opened anew, ms. */
export const LOST_MS = 5000;
const RETRY_MS = [500, 1000, 2000, 5000];

/** Opens the stream; the returned call closes it for good. */
export function openStream(url: string, handlers: StreamHandlers): () => void {
  let source: EventSource | null = null;
  let heard = performance.now();
  let tries = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const again = (): void => {
    source?.close();
    source = null;
    if (closed || retry !== undefined) return;
    handlers.state("lost");
    const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 5000;
    tries += 1;
    retry = setTimeout(() => {
      retry = undefined;
      open();
    }, wait);
  };

  const open = (): void => {
    if (closed) return;
    heard = performance.now();
    source = new EventSource(url);
    source.addEventListener("snapshot", (event) => {
      heard = performance.now();
      tries = 0;
      handlers.state("live");
      handlers.snapshot(JSON.parse((event as MessageEvent<string>).data) as LiveSnapshot);
    });
    source.addEventListener("error", again);
  };

  const watch = setInterval(() => {
    if (source === null) return;
    const silent = performance.now() - heard;
    if (silent > LOST_MS) again();
    else if (silent > STALE_MS && tries === 0) handlers.state("stale");
  }, 500);

  handlers.state("connecting");
  open();
  return () => {
    closed = true;
    clearInterval(watch);
    clearTimeout(retry);
    source?.close();
  };
}
