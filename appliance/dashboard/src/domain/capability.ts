// Control charts of individual values, and process capability.
// Montgomery, "Introduction to Statistical Quality Control": limits of an individuals chart at 2.66 mean
// moving ranges (3 / d2 with d2 = 1.128), the moving-range chart's upper limit at 3.267 of them.

export interface ControlLimits {
  mean: number;
  lower: number;
  upper: number;
  /** Standard deviation within the process, from the mean moving range. */
  sigma: number;
  rangeMean: number;
  rangeUpper: number;
}

const D2 = 1.128;
const D4 = 3.267;

/** Ranges between neighbours; one shorter than the values. */
export function movingRanges(values: readonly number[]): number[] {
  const ranges: number[] = [];
  for (let i = 1; i < values.length; i += 1) ranges.push(Math.abs((values[i] ?? NaN) - (values[i - 1] ?? NaN)));
  return ranges;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Limits of the individuals and moving-range chart; null below five values, where they mean nothing. */
export function controlLimits(values: readonly number[]): ControlLimits | null {
  if (values.length < 5) return null;
  const centre = mean(values);
  const rangeMean = mean(movingRanges(values));
  const sigma = rangeMean / D2;
  return { mean: centre, lower: centre - 3 * sigma, upper: centre + 3 * sigma, sigma, rangeMean, rangeUpper: D4 * rangeMean };
}

export interface Capability {
  /** Null with one limit only: a width needs two. */
  cp: number | null;
  cpk: number;
}

/** Cp and Cpk against the limits that are set; null without limits or without spread. */
export function capability(centre: number, sigma: number, lower: number | null, upper: number | null): Capability | null {
  if (!(sigma > 0)) return null;
  const below = lower === null ? Infinity : (centre - lower) / (3 * sigma);
  const above = upper === null ? Infinity : (upper - centre) / (3 * sigma);
  const cpk = Math.min(below, above);
  if (!Number.isFinite(cpk)) return null;
  return { cp: lower === null || upper === null ? null : (upper - lower) / (6 * sigma), cpk };
}

export type Signal = "beyond" | "run" | "trend";

/** Points that say the process moved: beyond three sigma, nine on one side, six in a row rising or falling (Nelson 1 to 3). */
export function signals(values: readonly number[], limits: ControlLimits): Map<number, Signal> {
  const found = new Map<number, Signal>();
  let side = 0;
  let run = 0;
  let direction = 0;
  let trend = 0;
  values.forEach((value, i) => {
    const here = Math.sign(value - limits.mean);
    run = here !== 0 && here === side ? run + 1 : 1;
    side = here;
    const step = Math.sign(value - (values[i - 1] ?? value));
    trend = step !== 0 && step === direction ? trend + 1 : step === 0 ? 0 : 1;
    direction = step;
    if (value > limits.upper || value < limits.lower) found.set(i, "beyond");
    else if (run >= 9) found.set(i, "run");
    else if (trend >= 5) found.set(i, "trend");
  });
  return found;
}
