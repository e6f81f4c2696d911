// Move a setpoint, see what would happen. Asks the models only; nothing of it reaches the press.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, post } from "../api/client.ts";
import type { CorrectionNow, Risk, SetpointLine, WhatIf } from "../api/closing.ts";
import type { SensorKind } from "../api/types.ts";
import { whatIfCurves } from "../charts/curve-data.ts";
import { Curves } from "../charts/curves.tsx";
import { change, percent, quantity } from "../domain/format.ts";
import { sliderStep } from "../domain/guard.ts";
import { sensorInks } from "../domain/sensors.ts";
import { shownAs, toShown, toWire } from "../domain/units.ts";
import { capital, name, t } from "../i18n/index.ts";
import { mold } from "../state/live.ts";
import { units } from "../state/prefs.ts";
import { Button, Segmented } from "../ui/controls.tsx";
import { Mark } from "../ui/marks.tsx";
import { Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty, Failed, Loading } from "../ui/states.tsx";

/** A finger that still moves asks nothing yet. */
const CALM_MS = 300;

type Moved = Record<string, number>;

interface Answer {
  found: WhatIf | null;
  error: ApiError | null;
  asking: boolean;
}

/** The prediction for these setpoints; the last one stays while the next is asked for. */
function usePrediction(moved: Moved): Answer & { again: () => void } {
  const [answer, setAnswer] = useState<Answer>({ found: null, error: null, asking: true });
  const [round, setRound] = useState(0);
  const latest = useRef(0);
  const key = JSON.stringify(moved);
  useEffect(() => {
    latest.current += 1;
    const mine = latest.current;
    setAnswer((was) => ({ ...was, asking: true }));
    const timer = setTimeout(() => {
      const put = (next: Answer): void => {
        if (latest.current === mine) setAnswer(next);
      };
      post<WhatIf>("/what-if", { changes: moved }).then(
        (found) => put({ found, error: null, asking: false }),
        (error: unknown) => put({ found: null, error: error instanceof ApiError ? error : new ApiError(0, "http.unexpected", ""), asking: false }),
      );
    }, CALM_MS);
    return () => {
      clearTimeout(timer);
      latest.current += 1;
    };
  }, [key, round]);
  return { ...answer, again: () => setRound((value) => value + 1) };
}

export function WhatIfView({ now }: { now: CorrectionNow }): JSX.Element {
  const [moved, setMoved] = useState<Moved>({});
  const dials = now.setpoints.filter((one) => one.value !== null && one.low !== null && one.high !== null);
  if (now.press.protocol === "none" || dials.length === 0) {
    return (
      <Panel>
        {now.press.protocol === "none" ? <Empty title={t("corrections.no_press")}>{t("corrections.no_press_means")}</Empty> : <Empty title={t("corrections.no_setpoints")}>{t("corrections.no_setpoints_means")}</Empty>}
      </Panel>
    );
  }
  const move = (setpoint: string, value: number | null): void =>
    setMoved((was) => {
      const { [setpoint]: _, ...others } = was;
      return value === null ? others : { ...others, [setpoint]: value };
    });
  return (
    <div class="what-if">
      <Panel
        title={t("whatif.setpoints")}
        aside={
          <Button tone="quiet" disabled={Object.keys(moved).length === 0} onPress={() => setMoved({})}>
            {t("whatif.reset")}
          </Button>
        }
        class="dials"
      >
        {dials.map((one) => (
          <Dial key={one.setpoint} line={one} value={moved[one.setpoint] ?? null} onMove={(value) => move(one.setpoint, value)} />
        ))}
      </Panel>
      <Outcome moved={moved} />
    </div>
  );
}

/** A setpoint between its limits, in round steps of the reader's unit. */
function Dial({ line: { setpoint, unit, value: now, low, high }, value, onMove }: { line: SetpointLine; value: number | null; onMove: (value: number | null) => void }): JSX.Element | null {
  if (now === null || low === null || high === null) return null;
  const shown = shownAs(unit, units());
  const at = value ?? now;
  const [bottom, top] = [toShown(low, shown), toShown(high, shown)];
  const step = sliderStep(bottom, top);
  const set = (next: number): void => {
    const wire = toWire(Math.min(top, Math.max(bottom, next)), shown);
    onMove(Math.abs(wire - now) < (0.25 * step) / shown.factor ? null : wire);
  };
  const what = capital(name("setpoint", setpoint));
  const words = quantity(at, null, unit, units());
  return (
    <div class="dial">
      <div class="dial-words">
        <span class="label">{what}</span>
        <b>{words}</b>
        <span class="dial-change">{value === null ? "" : change(at - now, unit, units())}</span>
      </div>
      <div class="dial-line">
        <Button label={t("whatif.less", { what })} disabled={toShown(at, shown) <= bottom} onPress={() => set(toShown(at, shown) - step)}>
          {"\u2212"}
        </Button>
        <input type="range" aria-label={what} aria-valuetext={words} min={bottom} max={top} step={step / 10} value={toShown(at, shown)} onInput={(event) => set(bottom + Math.round((Number(event.currentTarget.value) - bottom) / step) * step)} />
        <Button label={t("whatif.more", { what })} disabled={toShown(at, shown) >= top} onPress={() => set(toShown(at, shown) + step)}>
          {"+"}
        </Button>
      </div>
    </div>
  );
}

function Outcome({ moved }: { moved: Moved }): JSX.Element {
  const [kind, setKind] = useState<SensorKind>("pressure");
  const { found, error, asking, again } = usePrediction(moved);
  const sensors = mold.value?.sensors ?? [];
  const shown = shownAs(kind === "pressure" ? "Pa" : "K", units());
  const inks = sensorInks(sensors, kind).filter((one) => found?.curves.some((curve) => curve.sensor === one.name) === true);
  const data = useMemo(() => (found === null ? null : whatIfCurves(found, inks, shown)), [found, kind, shown.unit, mold.value]);
  if (error !== null) {
    return (
      <Panel class="what-if-curves">
        <Failed error={error} again={again} />
      </Panel>
    );
  }
  if (found === null || data === null) {
    return (
      <Panel class="what-if-curves">
        <Loading />
      </Panel>
    );
  }
  const outside = found.outside.map((one) => name("setpoint", one)).join(", ");
  const [lowest, highest] = temperatureRange(data.lines.flatMap((line) => [...line.low, ...line.high, ...line.reference]));
  return (
    <>
      <Panel class={asking ? "what-if-curves asking" : "what-if-curves"}>
        <div class="what-if-head">
          {found.in_range ? <Mark tone="good">{t("whatif.in_range")}</Mark> : <Mark tone="watch">{t("whatif.out_of_range", { what: outside })}</Mark>}
          <Segmented
            compact
            label={t("whatif.curves")}
            value={kind}
            onChoose={setKind}
            choices={[
              { value: "pressure", words: t("live.pressure") },
              { value: "temperature", words: t("live.temperature"), disabled: !sensors.some((sensor) => sensor.kind === "temperature") },
            ]}
          />
        </div>
        <div class="what-if-head">
          <ul class="legend">
            <li class="dashed">{t("whatif.predicted")}</li>
            <li class="grey">{t("whatif.last_shot", { shot: found.reference_shot })}</li>
          </ul>
          <span class="note">{asking ? t("whatif.asking") : found.in_range ? "" : t("whatif.out_means")}</span>
        </div>
        <div class="curves-box">
          <Curves data={data} unit={shown.unit} label={t("whatif.picture", { shot: found.reference_shot, unit: shown.unit, names: inks.map((one) => one.name).join(", ") })} version={data} {...(kind === "temperature" ? { range: [lowest, highest] as [number, number] } : {})} />
        </div>
      </Panel>
      <Panel class={asking ? "what-if-part asking" : "what-if-part"}>
        <div class="what-if-tiles">
          {found.quality.map((one) => (
            <div key={one.name} class="tile">
              <span class="tile-name">{name("quality", one.name)}</span>
              <Quantity value={one.after} sd={one.after_sd} unit={one.unit} name={one.name} />
              <span class="note">{one.change === 0 ? "\u00a0" : change(one.change, one.unit, units(), one.change_sd, one.name)}</span>
            </div>
          ))}
        </div>
        <ul class="risks" aria-label={t("whatif.risks")}>
          {found.risks.map((one) => (
            <RiskLine key={one.name} risk={one} />
          ))}
        </ul>
      </Panel>
    </>
  );
}

/** Round ends around what is drawn; a temperature has no use for zero. */
function temperatureRange(values: readonly (number | null)[]): [number, number] {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return [0, 1];
  const low = known.reduce((a, b) => Math.min(a, b));
  const high = known.reduce((a, b) => Math.max(a, b));
  return [Math.floor(low / 10) * 10, Math.ceil(high / 10) * 10];
}

/** A chance with its band on a line from never to always; a number beside it, never the line alone. */
function RiskLine({ risk: { name: what, before, after, low, high } }: { risk: Risk }): JSX.Element {
  return (
    <li class={after >= 0.5 ? "likely" : after >= 0.2 ? "possible" : ""}>
      <span>{capital(name("indicator", what))}</span>
      <span class="risk-bar" aria-hidden="true">
        <i class="risk-band" style={{ left: `${(100 * low).toFixed(1)}%`, width: `${(100 * Math.max(0.01, high - low)).toFixed(1)}%` }} />
        <i class="risk-before" style={{ left: `${(100 * before).toFixed(1)}%` }} />
        <i class="risk-at" style={{ left: `${(100 * after).toFixed(1)}%` }} />
      </span>
      <b>{percent(after)}</b>
      <span class="note">
        {t("whatif.to", { low: percent(low), high: percent(high) })} · {t("whatif.from", { chance: percent(before) })}
      </span>
    </li>
  );
}
