// Corrections, what-if, press and targets as the box sends them (src/view/correction.rs and its neighbours). SI units.
import type { Mode } from "./types.ts";

export type DecisionState = "waiting" | "declined" | "expired" | "withheld" | "written" | "in_force" | "refused" | "differs";

export interface RuleLine {
  rule: string;
  passed: boolean;
  subject: string | null;
  value: number | null;
  limit: number | null;
  unit: string;
}

export interface SetpointChange {
  setpoint: string;
  unit: string;
  before: number;
  wanted: number;
  value: number;
  clipped_by: string | null;
  read_back: number | null;
}

export interface Effect {
  name: string;
  unit: string;
  before: number;
  before_sd: number | null;
  after: number;
  after_sd: number | null;
  change: number;
  /** Smaller than that of either side: they err together. */
  change_sd: number | null;
  target: number | null;
  tolerance: number | null;
  seen: number | null;
  seen_sd: number | null;
  seen_shot: number | null;
}

export interface PersonsAnswer {
  user: string;
  wall_ms: number;
  confirmed: boolean;
  reason: string | null;
}

export interface Decision {
  id: number;
  shot: number;
  wall_ms: number;
  kind: "correction" | "restore";
  mode: Mode;
  state: DecisionState;
  reason: string;
  rules: RuleLine[];
  changes: SetpointChange[];
  effect: Effect[];
  expires_ms: number | null;
  answer: PersonsAnswer | null;
  written_ms: number | null;
  read_back_ms: number | null;
  refusal: string | null;
}

export interface DecisionPage {
  decisions: Decision[];
  next: number | null;
}

export interface GuardLine {
  state: string;
  reason: string;
  subject: string | null;
  since_ms: number;
}

export interface SetpointLine {
  setpoint: string;
  unit: string;
  value: number | null;
  recipe: number | null;
  changed_by: string | null;
  changed_ms: number | null;
  movable: boolean;
  low: number | null;
  high: number | null;
  step: number | null;
  per_hour: number | null;
  used_hour: number;
}

export interface PressLink {
  protocol: string;
  state: string;
  address: string | null;
  connected_ms: number | null;
  age_s: number | null;
  cycle: number | null;
  operating_mode: string;
  released: boolean | null;
  frozen: boolean | null;
  heartbeat_age_s: number | null;
  refusal: { wall_ms: number; setpoint: string | null; reason: string } | null;
}

export interface CorrectionNow {
  mode: Mode;
  /** Mode that arming leads back to, while the box is off the press. */
  arms_to: Mode | null;
  guard: GuardLine;
  rules: RuleLine[];
  advice: Decision | null;
  setpoints: SetpointLine[];
  press: PressLink;
  counts: { writes: number; refusals: [string, number][] };
}

export interface WhatIfCurve {
  sensor: string;
  time_s: number[];
  reference: (number | null)[];
  /** Null where there is no melt yet. */
  value: (number | null)[];
  sd: (number | null)[];
}

export interface Risk {
  name: string;
  before: number;
  after: number;
  low: number;
  high: number;
}

export interface WhatIf {
  reference_shot: number;
  changes: SetpointChange[];
  in_range: boolean;
  outside: string[];
  curves: WhatIfCurve[];
  quality: Effect[];
  risks: Risk[];
}

export interface PressSetup {
  profile: string | null;
  protocol: string;
  address: string | null;
  security: string | null;
  writes: { setpoint: string; unit: string; low: number | null; high: number | null }[];
  restores: boolean;
  heartbeat: boolean;
  thumbprint_seen: string | null;
  thumbprint_pinned: string | null;
  pinned_by: string | null;
  pinned_ms: number | null;
}

export interface Target {
  quantity: string;
  unit: string;
  value: number | "reference";
  tolerance: number;
  enabled: boolean;
}

export interface Targets {
  targets: Target[];
  quantities: [string, string][];
  reference: [string, number][];
}
