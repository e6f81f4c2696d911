// Guard, advice, what-if, press and targets of the fake box: one picture a state, all from the scenario.
import type { CorrectionNow, Decision, DecisionState, Effect, PressSetup, RuleLine, SetpointLine, Target, Targets, WhatIf } from "../../src/api/closing.ts";
import type { GuardLine } from "../../src/api/closing.ts";
import { CYCLE_S, EJECT_S } from "./plate.ts";
import { detail, indicators, quality } from "./press.ts";
import { normal } from "./random.ts";
import type { Scenario } from "./scenario.ts";

export const THUMBPRINT = "3f5a09c1d27e44b8a6f01c92e85b7d316a4c08fe";
const SINCE = Date.now() - 2_460_000;

type Dial = [name: string, unit: string, recipe: number, may: [number, number, number, number] | null];
const DIALS: Dial[] = [
  ["hold_pressure", "Pa", 45e6, [36e6, 54e6, 1.5e6, 6e6]],
  ["hold_time", "s", 6, [4.5, 8, 0.3, 1.5]],
  ["transfer_volume", "m3", 1.16e-5, [1.1e-5, 1.22e-5, 1e-7, 4e-7]],
  ["injection_rate", "m3/s", 2.5e-5, [1.8e-5, 3.2e-5, 1e-6, 4e-6]],
  ["melt_temperature", "K", 503.15, [493.15, 513.15, 2, 6]],
  ["mold_temperature", "K", 323.15, [313.15, 333.15, 1, 4]],
  ["cooling_time", "s", 9, null],
];

const rule = (name: string, passed = true, numbers: [number, number, string] | null = null, subject: string | null = null): RuleLine => ({ rule: name, passed, subject, value: numbers?.[0] ?? null, limit: numbers?.[1] ?? null, unit: numbers?.[2] ?? "" });

export function rules({ guard, link, operating, mode }: Scenario): RuleLine[] {
  const all = [
    rule("armed", mode !== "observe" && guard !== "released"),
    rule("read_first"),
    rule("no_operator_edit", guard !== "edited"),
    rule("link_up", link !== "lost"),
    rule("signals_fresh", link !== "lost", [link === "lost" ? 31 : 0.4, 5, "s"]),
    rule("heartbeat", true, [0.3, 3, "s"]),
    rule("press_in_automatic", operating === "automatic"),
    rule("setpoints_released"),
    rule("not_frozen"),
    rule("estimate_trusted"),
    rule("production_shot"),
    rule("absolute_limits", true, [46.5e6, 54e6, "Pa"], "hold_pressure"),
    rule("step_limit", true, [1.5e6, 1.5e6, "Pa"], "hold_pressure"),
    rule("hourly_movement", true, [3e6, 6e6, "Pa"], "hold_pressure"),
    rule("prediction_in_range"),
    rule("larger_than_doubt", true, [3.8, 1, "1"]),
  ];
  return all.sort((a, b) => Number(a.passed) - Number(b.passed));
}

export function guardOf(scenario: Scenario): GuardLine | null {
  if (!scenario.press) return null;
  const line = (state: string, reason: string, subject: string | null = null): GuardLine => ({ state, reason, subject, since_ms: SINCE });
  if (scenario.guard === "released") return line("released", scenario.letGo ?? "guard.by.taken_off");
  if (scenario.mode === "observe") return line("observing", "guard.by.observed");
  if (scenario.guard === "edited") return line("edited", "guard.by.operator_edit", "hold_time");
  if (scenario.link === "lost") return line("holding", "guard.not.link_up");
  if (scenario.operating !== "automatic") return line("holding", "guard.not.press_in_automatic");
  if (scenario.trust !== "trusted") return line("holding", "guard.not.estimate_trusted");
  return scenario.advice ? line("waiting", "guard.by.advised") : line("ready", "guard.by.armed");
}

/** True while a person can answer. */
export const waits = (scenario: Scenario): boolean => guardOf(scenario)?.state === "waiting";

function effects(shot: number, by: number, seen: boolean): Effect[] {
  return quality(shot).map((one, i): Effect => {
    const change = [3e-5, 1.32e6, 0.05, -9e-5][i] ?? 0;
    const after = one.value + change * by;
    return {
      name: one.name,
      unit: one.unit,
      before: one.value,
      before_sd: one.sd,
      after,
      after_sd: one.sd * 1.2,
      change: change * by,
      change_sd: Math.abs(change) * 0.22 + one.sd * 0.05,
      target: i === 0 ? 0.01162 : null,
      tolerance: i === 0 ? 2e-5 : null,
      seen: seen ? after + one.sd * 0.6 * normal(shot, 60 + i) : null,
      seen_sd: seen ? one.sd : null,
      seen_shot: seen ? shot + 1 : null,
    };
  });
}

const ENDS: DecisionState[] = ["in_force", "in_force", "declined", "withheld", "in_force", "expired", "refused", "in_force", "differs", "in_force"];

export function decision(id: number, shot: number, scenario: Scenario, wallMs: number, state: DecisionState = ENDS[id % ENDS.length] ?? "in_force"): Decision {
  const by = id % 3 === 0 ? -1 : 1;
  const written = state === "in_force" || state === "differs" || state === "written";
  const change = (setpoint: string, unit: string, before: number, wanted: number, value: number, clipped: string | null) => ({ setpoint, unit, before, wanted, value, clipped_by: clipped, read_back: written ? value - (state === "differs" ? 0.8e6 : 0) : null });
  const changes = [change("hold_pressure", "Pa", 45e6, 45e6 + by * 2.1e6, 45e6 + by * 1.5e6, "step_limit")];
  if (id % 4 === 1) changes.push(change("hold_time", "s", 6, 6.2, 6.2, null));
  const answered = state !== "waiting" && state !== "expired" && id % 5 !== 0;
  return {
    id,
    shot,
    wall_ms: wallMs,
    kind: "correction",
    mode: id % 5 === 0 ? "correct" : "advise",
    state,
    reason: by > 0 ? "advice.viscosity_up" : "advice.viscosity_down",
    rules: state === "withheld" ? [rule("hourly_movement", false, [6.5e6, 6e6, "Pa"], "hold_pressure"), ...rules(scenario).filter((one) => one.rule !== "hourly_movement")] : rules(scenario),
    changes,
    effect: effects(shot, by, state === "in_force"),
    expires_ms: state === "waiting" ? wallMs + 3 * CYCLE_S * 1000 : null,
    answer: answered ? { user: "minho", wall_ms: wallMs + 9000, confirmed: state !== "declined", reason: state === "declined" ? "건조기 점검 후 / dryer first" : null } : null,
    written_ms: written ? wallMs + 9200 : null,
    read_back_ms: written ? wallMs + 9600 : null,
    refusal: state === "refused" ? "BadUserAccessDenied: setpoints are locked" : null,
  };
}

/** Past decisions by number, oldest first; the waiting one comes after them. */
export const PAST = 34;

export function past(id: number, shot: number, scenario: Scenario): Decision {
  const made = shot - 1 - (PAST - id) * 6;
  return decision(id, made, scenario, Date.now() - (shot - made) * CYCLE_S * 1000);
}

export const waiting = (shot: number, scenario: Scenario): Decision => decision(PAST + 1, shot - 1, scenario, Date.now() - 14_000, "waiting");

function setpoints({ link }: Scenario): SetpointLine[] {
  return DIALS.map(([setpoint, unit, recipe, may], i) => ({
    setpoint,
    unit,
    value: link === "lost" && i > 4 ? null : recipe + (i === 0 ? 1.5e6 : 0),
    recipe,
    changed_by: i === 0 ? "moldsight" : i === 4 ? "press" : null,
    changed_ms: i === 0 || i === 4 ? SINCE : null,
    movable: may !== null,
    low: may?.[0] ?? null,
    high: may?.[1] ?? null,
    step: may?.[2] ?? null,
    per_hour: may?.[3] ?? null,
    used_hour: i === 0 ? 1.5e6 : 0,
  }));
}

export function correction(shot: number, scenario: Scenario): CorrectionNow {
  const { press, link, mode } = scenario;
  const there = press && link === "connected";
  return {
    mode: scenario.guard === "released" ? "observe" : mode,
    arms_to: scenario.guard === "released" ? "advise" : null,
    guard: guardOf(scenario) ?? { state: "none", reason: "guard.no_press", subject: null, since_ms: SINCE },
    rules: press ? rules(scenario) : [],
    advice: waits(scenario) ? waiting(shot, scenario) : null,
    setpoints: press ? setpoints(scenario) : [],
    press: {
      protocol: press ? "opcua" : "none",
      state: press ? link : "none",
      address: press ? "opc.tcp://192.168.10.7:4840" : null,
      connected_ms: there ? SINCE : null,
      age_s: press ? (there ? 0.4 : 31) : null,
      cycle: there ? 48_210 : null,
      operating_mode: there ? scenario.operating : "unknown",
      released: there ? true : null,
      frozen: there ? false : null,
      heartbeat_age_s: there ? 0.3 : null,
      refusal: press ? { wall_ms: SINCE, setpoint: "hold_pressure", reason: "BadUserAccessDenied: setpoints are locked" } : null,
    },
    counts: { writes: 4, refusals: [["hourly_movement", 2]] },
  };
}

/** What would happen: the last shot, higher and lower with the hold pressure. */
export function whatIf(shot: number, changes: Record<string, number>): WhatIf | string {
  const lines = [];
  let hold = 0;
  let melt = 0;
  for (const [setpoint, value] of Object.entries(changes)) {
    const dial = DIALS.find(([name]) => name === setpoint);
    if (dial === undefined) return `\`changes\`: the press has no setpoint \`${setpoint}\``;
    if (setpoint === "hold_pressure") hold = value - 46.5e6;
    if (setpoint === "melt_temperature") melt = value - dial[2];
    lines.push({ setpoint, unit: dial[1], before: dial[2], wanted: value, value, clipped_by: null, read_back: null });
  }
  const outside = melt > 8 ? ["melt_temperature"] : [];
  const by = hold / 1.5e6 - melt / 10;
  const last = detail(shot - 1, { shot, ms: Date.now() }, 240);
  const after = quality(shot - 1);
  return {
    reference_shot: shot - 1,
    changes: lines,
    in_range: outside.length === 0,
    outside,
    curves: last.curves
      .filter((one) => one.estimate.some((value) => value !== null))
      .map((one) => ({
        sensor: one.sensor,
        time_s: one.time_s,
        reference: one.estimate,
        value: one.estimate.map((value, i) => (value === null ? null : value < 1000 ? value + 0.6 * melt : value * (1 + 0.02 * by * Math.min(1, (one.time_s[i] ?? 0) / EJECT_S + 0.3)))),
        sd: one.estimate.map((value) => (value === null ? null : (value < 1000 ? 1.6 : value * 0.02) * (outside.length > 0 ? 3 : 1))),
      })),
    quality: effects(shot - 1, by, false).map((one, i) => ({ ...one, after_sd: (after[i]?.sd ?? 0) * (outside.length > 0 ? 3 : 1.2) })),
    risks: [...indicators(shot - 1), { name: "weld_line", probability: 0.06 }, { name: "burn_mark", probability: 0.02 }].map(({ name, probability }) => {
      const moved = Math.min(0.98, Math.max(0.002, probability * Math.exp(name === "flash" || name === "burn_mark" ? 0.5 * by : -0.5 * by)));
      return { name, before: probability, after: moved, low: moved * 0.5, high: Math.min(1, moved * 1.8) };
    }),
  };
}

export function press({ press: there, pinned }: Scenario): PressSetup {
  return {
    profile: there ? "simulator-e77" : null,
    protocol: there ? "opcua" : "none",
    address: there ? "opc.tcp://192.168.10.7:4840" : null,
    security: there ? "SignAndEncrypt, Basic256Sha256" : null,
    writes: there ? DIALS.filter(([, , , may]) => may !== null).map(([setpoint, unit]) => ({ setpoint, unit, low: null, high: null })) : [],
    restores: there,
    heartbeat: there,
    thumbprint_seen: there ? THUMBPRINT : null,
    thumbprint_pinned: there ? pinned : null,
    pinned_by: pinned === null ? null : "jiwoo",
    pinned_ms: pinned === null ? null : SINCE,
  };
}

export const TARGETS: Target[] = [
  { quantity: "part_weight", unit: "kg", value: 0.01162, tolerance: 2e-5, enabled: true },
  { quantity: "shrinkage", unit: "1", value: "reference", tolerance: 2e-4, enabled: false },
];

export function targets(set: Target[], reference: number, empty: boolean): Targets {
  const lines = quality(reference);
  return { targets: empty ? [] : set, quantities: lines.map(({ name, unit }) => [name, unit]), reference: empty ? [] : lines.map(({ name, value }) => [name, value]) };
}
