// What a chart of curves over one shot is given: everything on one time axis, in the units shown.
import type { WhatIf } from "../api/closing.ts";
import type { Curve, Forecast, ShotDetail } from "../api/types.ts";
import { BAND_SD } from "../domain/format.ts";
import { at, extremes } from "../domain/decimate.ts";
import { LONGEST_S, STEP_S, type Lane, type PhaseMark, type ShotTrace } from "../domain/trace.ts";
import { toShown, type Shown } from "../domain/units.ts";

type Column = (number | null)[];

export interface CurveLine {
  sensor: string;
  /** Place in the palette. */
  ink: number;
  measured: Column;
  estimate: Column;
  low: Column;
  high: Column;
  forecast: Column;
  forecastLow: Column;
  forecastHigh: Column;
  reference: Column;
}

export interface CurveData {
  time: number[];
  lines: CurveLine[];
  phases: PhaseMark[];
  /** Where the shot stands; null for a finished one. */
  nowAt: number | null;
}

export interface SensorInk {
  name: string;
  ink: number;
}

const shownOrNull = (value: number | null | undefined, shown: Shown): number | null => (value === null || value === undefined || !Number.isFinite(value) ? null : toShown(value, shown));

const offset = (value: number | null, sd: number | null | undefined, sign: number, shown: Shown): number | null =>
  value === null || sd === null || sd === undefined || !Number.isFinite(sd) ? null : value + sign * BAND_SD * sd * shown.factor;

const empty = (count: number): Column => new Array<number | null>(count).fill(null);

/** The running shot on its grid, with forecast and reference laid beside it. */
export function liveCurves(trace: ShotTrace, sensors: readonly SensorInk[], forecast: readonly Forecast[], reference: ShotDetail | null, cycle: number | null, shown: Shown): CurveData {
  const ahead = forecast.reduce((end, one) => Math.max(end, one.time_s.at(-1) ?? 0), 0);
  const end = Math.min(LONGEST_S - STEP_S, Math.max(ahead, trace.time, Math.min(cycle ?? 12, 60), 4));
  const count = Math.ceil(end / STEP_S) + 1;
  const time = Array.from({ length: count }, (_, i) => i * STEP_S);
  const upTo = Math.round(trace.time / STEP_S);
  const read = (lane: Lane | undefined, i: number): number | null => {
    const value = lane?.values[i];
    return i > upTo || value === undefined || Number.isNaN(value) ? null : value;
  };
  const lines = sensors.map(({ name, ink }): CurveLine => {
    const known = trace.sensors.get(name);
    const measured = time.map((_, i) => shownOrNull(read(known?.measured, i), shown));
    const estimate = time.map((_, i) => shownOrNull(read(known?.estimate, i), shown));
    const sd = time.map((_, i) => read(known?.sd, i));
    const ahead = forecast.find((one) => one.sensor === name);
    const future = ahead === undefined ? empty(count) : time.map((at_, i) => (i < upTo ? null : shownOrNull(at(ahead.time_s, ahead.value, at_), shown)));
    const futureSd = ahead === undefined ? empty(count) : time.map((at_) => at(ahead.time_s, ahead.sd, at_));
    return {
      sensor: name,
      ink,
      measured,
      estimate,
      low: estimate.map((value, i) => offset(value, sd[i], -1, shown)),
      high: estimate.map((value, i) => offset(value, sd[i], 1, shown)),
      forecast: future,
      forecastLow: future.map((value, i) => offset(value, futureSd[i], -1, shown)),
      forecastHigh: future.map((value, i) => offset(value, futureSd[i], 1, shown)),
      reference: referenceColumn(reference, name, time, shown),
    };
  });
  return { time, lines, phases: trace.phases, nowAt: trace.time };
}

/** The reference shot shows what was measured there, or else estimated. */
function referenceColumn(reference: ShotDetail | null, sensor: string, time: readonly number[], shown: Shown): Column {
  const curve = reference?.curves.find((one) => one.sensor === sensor);
  if (curve === undefined) return empty(time.length);
  const values = curve.measured.some((value) => value !== null) ? curve.measured : curve.estimate;
  return time.map((moment) => shownOrNull(at(curve.time_s, values, moment), shown));
}

/** A finished shot: all curves on the time axis of the first one, which the box has thinned already. */
export function shotCurves(detail: ShotDetail, sensors: readonly SensorInk[], reference: ShotDetail | null, shown: Shown, most = 1600): CurveData {
  const curves = sensors.map((sensor) => ({ ...sensor, curve: detail.curves.find((one) => one.sensor === sensor.name) }));
  const time = sharedTime(curves.flatMap(({ curve }) => (curve === undefined ? [] : [curve])), most);
  const lines = curves.map(({ name, ink, curve }): CurveLine => {
    const column = (values: (number | null)[] | undefined): (number | null)[] => (curve === undefined || values === undefined ? empty(time.length) : time.map((moment) => at(curve.time_s, values, moment)));
    const estimate = column(curve?.estimate).map((value) => shownOrNull(value, shown));
    const sd = column(curve?.sd);
    return {
      sensor: name,
      ink,
      measured: column(curve?.measured).map((value) => shownOrNull(value, shown)),
      estimate,
      low: estimate.map((value, i) => offset(value, sd[i], -1, shown)),
      high: estimate.map((value, i) => offset(value, sd[i], 1, shown)),
      forecast: empty(time.length),
      forecastLow: empty(time.length),
      forecastHigh: empty(time.length),
      reference: referenceColumn(reference, name, time, shown),
    };
  });
  const phases = detail.phases.flatMap(([phase, moment]): PhaseMark[] => (phase === "fill" || phase === "hold" || phase === "cool" || phase === "idle" ? [{ phase, at: moment }] : []));
  return { time, lines, phases, nowAt: null };
}

/** A prediction beside the shot it is compared with. */
export function whatIfCurves({ curves }: WhatIf, sensors: readonly SensorInk[], shown: Shown): CurveData {
  const time = curves[0]?.time_s ?? [];
  const lines = sensors.map(({ name, ink }): CurveLine => {
    const curve = curves.find((one) => one.sensor === name);
    const column = (values: readonly (number | null)[] | undefined): Column => (curve === undefined || values === undefined ? empty(time.length) : time.map((moment) => at(curve.time_s, values, moment)));
    const estimate = column(curve?.value).map((value) => shownOrNull(value, shown));
    const sd = column(curve?.sd);
    const nothing = empty(time.length);
    return {
      sensor: name,
      ink,
      measured: nothing,
      estimate,
      low: estimate.map((value, i) => offset(value, sd[i], -1, shown)),
      high: estimate.map((value, i) => offset(value, sd[i], 1, shown)),
      forecast: nothing,
      forecastLow: nothing,
      forecastHigh: nothing,
      reference: column(curve?.reference).map((value) => shownOrNull(value, shown)),
    };
  });
  return { time: [...time], lines, phases: [], nowAt: null };
}

/** One time axis for several curves; thinned so that peaks of the fullest one stay. */
function sharedTime(curves: readonly Curve[], most: number): number[] {
  const times = [...new Set(curves.flatMap((curve) => curve.time_s))].sort((a, b) => a - b);
  if (times.length <= most) return times;
  const lead = curves[0];
  if (lead === undefined) return times;
  const values = times.map((moment) => at(lead.time_s, lead.measured, moment) ?? at(lead.time_s, lead.estimate, moment));
  return extremes(values, most).map((i) => times[i] ?? 0);
}
