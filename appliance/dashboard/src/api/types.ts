// What the box sends, as the Rust types of `appliance-web` (src/view) write it. SI units throughout:
// Pa, K, s, m, kg. Converted to what people read in domain/units.ts and nowhere else.

import type { GuardLine } from "./closing.ts";

export type Phase = "idle" | "fill" | "hold" | "cool";
export type TrustState = "learning" | "trusted" | "watch" | "not_trusted";
export type Verdict = "good" | "reject" | "uncertain";
export type Mode = "observe" | "advise" | "correct";
export type Source = "network" | "witness";
export type ShotKind = "production" | "start_up" | "purge" | "idle" | "broken";
export type Severity = "note" | "warning" | "fault";
export type SensorKind = "pressure" | "temperature";
export type Role = "viewer" | "operator" | "engineer";

export interface Trust {
  state: TrustState;
  /** Key of the sentence that says why, e.g. `trust.mismatch`. */
  reason: string;
  subject: string | null;
  since_shot: number;
}

export interface Reading {
  sensor: string;
  measured: number | null;
  estimate: number | null;
  sd: number | null;
  age_s: number;
  missing: string | null;
}

export interface Forecast {
  sensor: string;
  time_s: number[];
  value: number[];
  sd: number[];
}

export interface QualityLine {
  name: string;
  value: number;
  sd: number;
  unit: string;
  limits: [number | null, number | null];
}

/** Why a verdict is what it is. */
export interface VerdictReason {
  key: string;
  subject: string | null;
  chance: number | null;
}

/** What labels made of a prediction; the corrected value stands in the line of the same name. */
export interface Taught {
  name: string;
  physics: number;
  physics_sd: number;
  unit: string;
  labels: number;
  /** `drift_up`, `drift_down`, `out_of_range`, `unseen`. */
  flags: string[];
}

export interface Indicator {
  name: string;
  probability: number;
}

export interface Advice {
  /** Number of the decision it belongs to. */
  decision: number;
  setpoint: string;
  change: number;
  unit: string;
  effect: QualityLine[];
  reason: string;
}

export interface PressRead {
  connected: boolean;
  operating_mode: string;
  setpoints: [string, number][];
}

/** What became of the transfer that the node is asked to signal; volumes in m3. */
export interface TransferNow {
  state: string;
  reason: string | null;
  subject: string | null;
  asked_m3: number | null;
  asked_sd_m3: number | null;
  fired_m3: number | null;
  press_m3: number | null;
}

export interface LiveSnapshot {
  sequence: number;
  wall_ms: number;
  shot: number;
  kind: ShotKind;
  phase: Phase;
  shot_time_s: number;
  cycle_s: number | null;
  /** What the people here call the press. */
  press_name: string;
  mold: string;
  material: string;
  lot: string | null;
  trust: Trust;
  mode: Mode;
  source: Source;
  readings: Reading[];
  filled: number;
  frozen: number;
  node_pressure_pa: number[] | null;
  node_temperature_k: number[] | null;
  node_frozen: number[] | null;
  node_filled: number[] | null;
  forecast: Forecast[] | null;
  last_verdict: Verdict | null;
  verdict_reason?: VerdictReason | null;
  /** What the sorting lines of the node show, where it has them. */
  output?: Verdict | null;
  /** The transfer the node is asked to signal, where the box is set up for it. */
  transfer?: TransferNow | null;
  quality: QualityLine[];
  indicators: Indicator[];
  advice: Advice[];
  /** Where the guard stands; null without a press. */
  guard: GuardLine | null;
  press: PressRead | null;
}

export type Point = [number, number, number];

export interface NodeView {
  from_m: Point;
  to_m: Point;
  width_m: number;
  gap_m: number;
  element: string;
}

export interface SensorView {
  name: string;
  kind: SensorKind;
  real: boolean;
  used: boolean;
  at_m: Point;
}

export interface MoldView {
  name: string;
  material: string;
  release: string | null;
  nodes: NodeView[];
  sensors: SensorView[];
  melt_k: number;
  wall_k: number;
  no_flow_k: number;
  highest_pa: number;
}

export interface ShotRow {
  shot: number;
  started_ms: number;
  mold: string;
  lot: string | null;
  kind: ShotKind;
  trust: TrustState;
  verdict: Verdict | null;
  verdict_reason?: VerdictReason | null;
  quality: QualityLine[];
  taught?: Taught[];
  indicators: Indicator[];
  features: [string, number][];
  labels: [string, number][];
  lost: number;
}

export interface ShotPage {
  shots: ShotRow[];
  next: number | null;
}

export interface Curve {
  sensor: string;
  time_s: number[];
  measured: (number | null)[];
  estimate: (number | null)[];
  sd: (number | null)[];
}

/** The running (or last) shot as far as it was published. */
export interface Course {
  shot: number;
  phases: [Phase, number][];
  curves: Curve[];
}

export interface ShotDetail {
  row: ShotRow;
  curves: Curve[];
  phases: [string, number][];
  events: ShotEvent[];
  latents: [string, number, number, string][];
  press: PressShot | null;
  actions: { at_utc: string; who: string; text: string }[];
  transfer?: TransferNow | null;
}

/** What happened to a node, a sensor, a line or the box: `kind` has words here, `text` is English for kinds without. */
export interface ShotEvent {
  after_s: number;
  kind: string;
  source: string;
  text: string;
}

/** What the press said about a shot: names, values and units in SI. */
export interface PressShot {
  mode: string | null;
  cycle: number | null;
  recipe: [string, number, string][];
  data: [string, number, string][];
}

export interface Trend {
  feature: string;
  unit: string;
  shots: number[];
  values: (number | null)[];
  sd: (number | null)[];
  limits: [number | null, number | null];
}

export interface LatentPoint {
  shot: number;
  value: number;
  sd: number;
}

export interface LatentLine {
  name: string;
  unit: string;
  prior: [number, number];
  bounds: [number, number];
  learned: number;
  at_bound: boolean;
  points: LatentPoint[];
}

export interface InnovationLine {
  measurement: string;
  shot: number[];
  nis: number[];
  gated: number[];
}

export interface WhiteBox {
  latents: LatentLine[];
  effective_viscosity: LatentLine;
  innovations: InnovationLine[];
  witness_error: [number, number][];
  would_help: [string, number][];
}

export interface Problem {
  key: string;
  subject: string;
  severity: Severity;
  since_ms: number;
}

export interface ChannelHealth {
  name: string;
  sensor: string | null;
  rate_hz: number;
  last: number | null;
  noise: number | null;
  faults: string[];
}

export interface NodeHealth {
  id: string;
  build: string;
  port: string;
  connected: boolean;
  frames: number;
  gaps: number;
  damaged: number;
  channels: ChannelHealth[];
}

export interface ClockHealth {
  drift_ppm: number;
  uncertainty_s: number;
  wall_jumped: boolean;
}

export interface DiskHealth {
  path: string;
  free_bytes: number;
  used_bytes: number;
  budget_bytes: number;
  state: string;
  dropped: number;
}

export interface TickHealth {
  rate_hz: number;
  mean_s: number;
  p99_s: number;
  real_time: boolean;
  locked: boolean;
  core: number | null;
  late: number;
}

export interface PressHealth {
  port: string;
  state: string;
  age_s: number | null;
}

export interface Versions {
  moldsight: string;
  commit: string;
  release: string | null;
}

export interface Health {
  problems: Problem[];
  nodes: NodeHealth[];
  clock: ClockHealth | null;
  disk: DiskHealth | null;
  tick: TickHealth;
  press: PressHealth;
  versions: Versions;
  uptime_s: number;
}
