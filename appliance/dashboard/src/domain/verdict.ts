// One sentence on why a part is good, bad or undecided, from the same lines the verdict was made of.
import type { Indicator, QualityLine, Verdict } from "../api/types.ts";
import { BAND_SD } from "./format.ts";

export type Side = "low" | "high";

export interface Concern {
  name: string;
  side: Side;
  /** True when the whole band lies outside; false when it only crosses. */
  outside: boolean;
}

/** How a prediction stands against its limits. */
export function concern({ name, value, sd, limits: [lower, upper] }: QualityLine): Concern | null {
  const half = BAND_SD * sd;
  if (lower !== null && value - half < lower) return { name, side: "low", outside: value < lower };
  if (upper !== null && value + half > upper) return { name, side: "high", outside: value > upper };
  return null;
}

export type Reason =
  | { kind: "inside" }
  | { kind: "no_limits" }
  | { kind: "concern"; concern: Concern }
  | { kind: "indicator"; indicator: Indicator }
  | { kind: "not_trusted" }
  | { kind: "unnamed" }
  | { kind: "none" };

/** Chance of a defect from which it is named. */
const LIKELY = 0.5;

export function reasonFor(verdict: Verdict | null, quality: readonly QualityLine[], indicators: readonly Indicator[], trusted: boolean): Reason {
  if (verdict === null) return { kind: "none" };
  const found = quality.flatMap((line) => concern(line) ?? []);
  const worst = found.find((one) => one.outside) ?? found[0];
  const likely = indicators.filter((one) => one.probability >= LIKELY).sort((a, b) => b.probability - a.probability)[0];
  if (verdict === "good") return quality.some((line) => line.limits[0] !== null || line.limits[1] !== null) ? { kind: "inside" } : { kind: "no_limits" };
  if (verdict === "uncertain" && !trusted) return { kind: "not_trusted" };
  if (likely !== undefined && worst?.outside !== true) return { kind: "indicator", indicator: likely };
  if (worst !== undefined) return { kind: "concern", concern: worst };
  return { kind: "unnamed" };
}
