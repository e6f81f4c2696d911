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
  /** Link to the press, where there is one. */
  link: "connected" | "lost";
  operating: "automatic" | "manual";
  /** A state of the guard that somebody caused. */
  guard: "free" | "released" | "edited";
  /** Why it is released, where it was not taken off by a person. */
  letGo: string | null;
  /** Advice is gone by the time somebody answers. */
  expired: boolean;
  /** What the press says to the next write. */
  refuses: string | null;
  /** Certificate that was confirmed. */
  pinned: string | null;
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
  link: "connected",
  operating: "automatic",
  guard: "free",
  letGo: null,
  expired: false,
  refuses: null,
  pinned: null,
  silent: null,
  noSensors: false,
  empty: false,
  problems: [],
  away: false,
};
