// The running shot as signals. The stream is open on every page while somebody is logged in: trust and
// shot number stand in the header everywhere.
import { computed, signal } from "@preact/signals";
import { address, get } from "../api/client.ts";
import { openStream, type StreamState } from "../api/stream.ts";
import type { Course, Forecast, LiveSnapshot, MoldView, ShotDetail } from "../api/types.ts";
import { ShotTrace } from "../domain/trace.ts";

export interface Fields {
  pressure: number[] | null;
  temperature: number[] | null;
  frozen: number[] | null;
  filled: number[] | null;
}

const NO_FIELDS: Fields = { pressure: null, temperature: null, frozen: null, filled: null };

export const snapshot = signal<LiveSnapshot | null>(null);
export const stream = signal<StreamState>("connecting");
export const mold = signal<MoldView | null>(null);
export const reference = signal<ShotDetail | null>(null);
/** Fields come with every third snapshot and stand until the next. */
export const fields = signal<Fields>(NO_FIELDS);
export const forecast = signal<Forecast[]>([]);
/** Browser clock at the last snapshot, and now in steps of half a second: the age of everything shown. */
export const heardAt = signal(0);
export const now = signal(Date.now());
/** Counts what was drawn into the trace, so that charts know when to draw again. */
export const drawn = signal(0);
export const trace = new ShotTrace();

/** Age of the freshest reading above which the press is silent, s. */
const SILENT_S = 1;

/** The stream from the box has stopped. */
export const cut = computed(() => stream.value === "stale" || stream.value === "lost");
/** How long the box has got no samples, s; null while they flow, and before the first. */
export const silent = computed(() => {
  const ages = (snapshot.value?.readings ?? []).map((one) => one.age_s).filter((age) => age >= 0);
  const least = Math.min(...ages);
  return ages.length > 0 && least > SILENT_S ? least : null;
});
/** True when values on screen are not of this moment: the page hears no box, or the box no press. */
export const old = computed(() => cut.value || silent.value !== null);
export const ageSeconds = computed(() => (heardAt.value === 0 ? 0 : Math.max(0, (now.value - heardAt.value) / 1000)));

/** Asks again for what hangs on the mold: its drawing and its reference shot. */
export async function loadMold(): Promise<void> {
  mold.value = await get<MoldView>("/mold").catch(() => mold.value);
  await loadReference();
}

export async function loadReference(): Promise<void> {
  reference.value = await get<ShotDetail>("/reference").catch(() => null);
}

/** What the box published of the shot before this page listened. */
async function catchUp(): Promise<void> {
  const course = await get<Course>("/live/course").catch(() => null);
  if (course === null) return;
  trace.catchUp(course);
  drawn.value += 1;
}

function take(fresh: LiveSnapshot): void {
  const before = snapshot.peek();
  if (before !== null && (before.mold !== fresh.mold || before.material !== fresh.material)) {
    fields.value = NO_FIELDS;
    void loadMold();
  }
  if (trace.take(fresh)) forecast.value = [];
  if (fresh.forecast !== null && fresh.forecast !== undefined) forecast.value = fresh.forecast;
  if (fresh.node_pressure_pa ?? fresh.node_temperature_k ?? fresh.node_frozen ?? fresh.node_filled) {
    const last = fields.peek();
    fields.value = {
      pressure: fresh.node_pressure_pa ?? last.pressure,
      temperature: fresh.node_temperature_k ?? last.temperature,
      frozen: fresh.node_frozen ?? last.frozen,
      filled: fresh.node_filled ?? last.filled,
    };
  }
  snapshot.value = fresh;
  heardAt.value = Date.now();
  drawn.value += 1;
}

/** Opens the stream; the returned call closes it. */
export function follow(): () => void {
  void loadMold();
  const open = (): (() => void) =>
    openStream(address("/live"), {
      snapshot: take,
      state: (state) => {
        // The box may come back with another mold or release.
        if (state === "live" && stream.peek() === "lost") void loadMold();
        if (state === "live" && stream.peek() !== "live") void catchUp();
        stream.value = state;
      },
    });
  let close = open();
  // A page nobody sees gives its stream back: a browser keeps six connections to a box, and the box has other readers.
  const seen = (): void => {
    close();
    close = document.hidden ? () => undefined : open();
  };
  document.addEventListener("visibilitychange", seen);
  const tick = setInterval(() => {
    now.value = Date.now();
  }, 500);
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
    clearInterval(tick);
  };
}
