// Curves of the running shot, with the readings as their legend.
import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Reading, SensorKind, SensorView } from "../api/types.ts";
import { liveCurves } from "../charts/curve-data.ts";
import { Curves } from "../charts/curves.tsx";
import { fixed } from "../domain/format.ts";
import { sensorInks } from "../domain/sensors.ts";
import { shownAs, toShown } from "../domain/units.ts";
import { humanize, known, t } from "../i18n/index.ts";
import { ageSeconds, cut, drawn, forecast, mold, old, reference, snapshot, trace } from "../state/live.ts";
import { units } from "../state/prefs.ts";
import { Segmented } from "../ui/controls.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty } from "../ui/states.tsx";

/** Charts are drawn at most this often, ms; fifteen times a second would be no calmer and cost twice. */
const EVERY_MS = 100;

/** Counts up with new values, but not faster than the chart should be drawn. */
function useCalmVersion(): number {
  const [version, setVersion] = useState(0);
  const last = useRef(0);
  useSignalEffect(() => {
    void drawn.value;
    const moment = performance.now();
    // A press that stands still costs nothing: the same moment of the same shot is the same picture.
    if (moment - last.current < EVERY_MS) return;
    last.current = moment;
    setVersion(trace.shot * 1000 + trace.time);
  });
  return version;
}

export function CurvePanel(): JSX.Element {
  const [kind, setKind] = useState<SensorKind>("pressure");
  const [only, setOnly] = useState<string | null>(null);
  const version = useCalmVersion();
  const drawnMold = mold.value;
  const all = drawnMold?.sensors ?? [];
  const sensors = all.filter((sensor) => sensor.kind === kind);
  const shown = shownAs(kind === "pressure" ? "Pa" : "K", units());
  const inks = sensorInks(all, kind);
  const visible = inks.filter((one) => only === null || one.name === only || !inks.some((ink) => ink.name === only));
  const cycle = snapshot.peek()?.cycle_s ?? null;
  const data = useMemo(() => liveCurves(trace, visible, forecast.value, reference.value, cycle, shown), [version, only, kind, shown.unit, forecast.value, reference.value, drawnMold]);
  const range: [number, number] | undefined = kind === "temperature" && drawnMold !== null ? [Math.floor(toShown(drawnMold.wall_k, shown) / 10) * 10 - 10, Math.ceil(toShown(drawnMold.melt_k, shown) / 10) * 10 + 10] : undefined;

  return (
    <section class={old.value ? "live-curves panel old" : "live-curves panel"} aria-label={t("live.curves")}>
      <header class="panel-head">
        <Segmented
          compact
          label={t("live.curves")}
          value={kind}
          onChoose={(value) => {
            setKind(value);
            setOnly(null);
          }}
          choices={[
            { value: "pressure", words: t("live.pressure") },
            { value: "temperature", words: t("live.temperature"), disabled: !all.some((sensor) => sensor.kind === "temperature") },
          ]}
        />
        <Legend hasReference={reference.value !== null} />
      </header>
      {sensors.length === 0 ? (
        <Empty title={t("live.no_sensor")}>{t("live.no_sensor_do")}</Empty>
      ) : (
        <>
          <div class="curves-box">
            <Curves data={data} unit={shown.unit} label={t("live.curves_picture", { unit: shown.unit, names: visible.map((one) => one.name).join(", ") })} version={data} {...(range === undefined ? {} : { range })} />
          </div>
          <ul class="readings">
            {sensors.map((sensor) => (
              <ReadingChip key={sensor.name} sensor={sensor} ink={inks.find((one) => one.name === sensor.name)?.ink ?? 0} chosen={only === sensor.name} onChoose={() => setOnly(only === sensor.name ? null : sensor.name)} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** How the kinds of line look. Names stand at the lines themselves. */
export function Legend({ hasReference, live = true }: { hasReference: boolean; live?: boolean }): JSX.Element {
  return (
    <ul class="legend">
      <li class="solid">{t("word.measured")}</li>
      <li class="dashed">{t("word.estimate")}</li>
      {live ? <li class="dotted">{t("word.forecast")}</li> : null}
      {hasReference ? <li class="grey">{t("word.reference")}</li> : null}
    </ul>
  );
}

/** Older than this, s, a single reading is grey even while the others are fresh. */
const OLD_S = 1;

const missingWords = (missing: string): string => known(`missing.${missing}`) ?? known(missing) ?? humanize(missing);

function ReadingChip({ sensor, ink, chosen, onChoose }: { sensor: SensorView; ink: number; chosen: boolean; onChoose: () => void }): JSX.Element {
  const reading: Reading | undefined = snapshot.value?.readings.find((one) => one.sensor === sensor.name);
  const unit = sensor.kind === "pressure" ? "Pa" : "K";
  const age = (reading?.age_s ?? 0) + (cut.value ? ageSeconds.value : 0);
  const stale = age > OLD_S ? t("word.ago", { seconds: fixed(age, 0) }) : null;
  const measured = reading?.measured ?? null;
  const estimate = reading?.estimate ?? null;
  const missing = reading?.missing ?? null;
  return (
    <li>
      <button type="button" class={`reading ink-${ink}`} aria-pressed={chosen} onClick={onChoose}>
        <span class="reading-name">
          <i class={measured === null ? "swatch dashed" : "swatch"} aria-hidden="true" />
          {sensor.name}
          {missing !== null && (measured !== null || estimate !== null) ? <em class="missing">{missingWords(missing)}</em> : <em>{measured === null ? t("word.estimate") : t("word.measured")}</em>}
        </span>
        {measured !== null ? (
          <>
            <Quantity value={measured} sd={null} unit={unit} stale={stale} />
            {/* What the model says beside it; the sensor that drives the model is not estimated. */}
            {estimate === null || estimate === measured || stale !== null ? null : (
              <span class="reading-estimate">
                <i class="swatch dashed" aria-hidden="true" /> <span class="unseen">{t("word.estimate")}</span> <Quantity value={estimate} sd={reading?.sd ?? null} unit={unit} />
              </span>
            )}
          </>
        ) : estimate !== null ? (
          <Quantity value={estimate} sd={reading?.sd ?? null} unit={unit} stale={stale} />
        ) : (
          <span class="quantity none">{missing === null ? t("missing.no_estimate") : missingWords(missing)}</span>
        )}
      </button>
    </li>
  );
}
