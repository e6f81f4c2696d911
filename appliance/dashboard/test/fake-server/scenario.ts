// What the tests can make of the box: changed by PUT /fake, not part of the API.
import type { Mode, Problem, ShotKind, Source, TrustState, Verdict } from "../../src/api/types.ts";

export interface Scenario {
  /** Holds the shot at this time since fill began, s; null lets it run. */
  at: number | null;
  trust: TrustState;
  mode: Mode;
  source: Source;
  kind: ShotKind;
  verdict: Verdict | null;
  advice: boolean;
  press: boolean;
  /** Name of a sensor that has gone silent. */
  silent: string | null;
  noSensors: boolean;
  /** No shots, no log, nothing identified: the first minute of a new box. */
  empty: boolean;
  problems: Problem[];
  /** Refuses the live stream and everything else, as a box without power would. */
  away: boolean;
}

export const START: Scenario = {
  at: null,
  trust: "trusted",
  mode: "advise",
  source: "network",
  kind: "production",
  verdict: null,
  advice: true,
  press: true,
  silent: null,
  noSensors: false,
  empty: false,
  problems: [],
  away: false,
};
