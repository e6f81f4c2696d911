// The press and what the box makes of it: shots with a lot change, a slow drift, and estimates with honest bands.
import type { Advice, Course, Curve, Forecast, Indicator, LiveSnapshot, Phase, QualityLine, Reading, ShotDetail, ShotRow, Verdict } from "../../src/api/types.ts";
import { centre, CYCLE_S, EJECT_S, FILL_S, HOLD_END_S, MOLD, PLACES, stateAt, type Shot } from "./plate.ts";
import { guardOf, waiting, waits } from "./closing.ts";
import { normal } from "./random.ts";
import type { Scenario } from "./scenario.ts";

export const FIRST_SHOT = 1540;
export const LOT_CHANGE = 1804;
const LIMITS: Record<string, [number | null, number | null]> = {
  part_weight: [0.01155, 0.0117],
  end_of_fill_pressure: [30e6, 48e6],
  core_at_ejection: [null, 369.15],
  shrinkage: [0.0035, 0.0062],
};

/** Conditions of a shot: viscosity steps up with the new lot and is brought back by hold pressure later. */
export function conditions(shot: number): Shot {
  const lot = shot >= LOT_CHANGE ? 0.07 * (1 - Math.exp(-(shot - LOT_CHANGE) / 4)) : 0;
  const day = 0.018 * Math.sin(shot / 37);
  const hold = 45e6 + (shot > LOT_CHANGE + 12 ? 1.5e6 : 0);
  return { viscosity: 1 + lot + day + 0.008 * normal(shot, 1), hold: hold + 0.12e6 * normal(shot, 2), wall: 0.6 * normal(shot, 3) + 1.2 * Math.sin(shot / 60) };
}

export function quality(shot: number): QualityLine[] {
  const { viscosity, hold, wall } = conditions(shot);
  const end = 39.5e6 * (hold / 45e6) * (1 - 0.9 * (viscosity - 1)) + 0.25e6 * normal(shot, 4);
  const line = (name: string, value: number, sd: number, unit: string): QualityLine => ({ name, value, sd, unit, limits: LIMITS[name] ?? [null, null] });
  return [
    line("part_weight", 0.011625 + (end - 39.5e6) * 1.1e-11 - wall * 2e-6 + 3e-6 * normal(shot, 5), 9e-6, "kg"),
    line("end_of_fill_pressure", end, 0.48e6, "Pa"),
    line("core_at_ejection", 365.1 + wall + 0.2 * normal(shot, 6), 1.1, "K"),
    line("shrinkage", 0.0049 - (end - 39.5e6) * 1e-10 + 4e-5 * normal(shot, 7), 7e-5, "1"),
  ];
}

export const indicators = (shot: number): Indicator[] => {
  const { viscosity } = conditions(shot);
  const chance = (middle: number): number => 1 / (1 + Math.exp(-middle));
  return [
    { name: "short_shot", probability: chance(-6 + 40 * (viscosity - 1)) },
    { name: "flash", probability: chance(-4.2 - 30 * (viscosity - 1)) },
    { name: "sink_mark", probability: chance(-3 + 22 * (viscosity - 1)) },
  ];
};

export function verdictOf(shot: number): Verdict {
  let verdict: Verdict = "good";
  for (const { value, sd, limits: [low, high] } of quality(shot)) {
    if ((low !== null && value < low) || (high !== null && value > high)) return "reject";
    if ((low !== null && value - 1.645 * sd < low) || (high !== null && value + 1.645 * sd > high)) verdict = "uncertain";
  }
  return verdict;
}

const lotOf = (shot: number): string => (shot >= LOT_CHANGE ? "2411-3" : "2411-2");

export function row(shot: number, now: { shot: number; ms: number }): ShotRow {
  const startUp = shot < FIRST_SHOT + 6;
  const { viscosity } = conditions(shot);
  return {
    shot,
    started_ms: now.ms - (now.shot - shot) * CYCLE_S * 1000,
    mold: MOLD.name,
    lot: lotOf(shot),
    kind: startUp ? "start_up" : shot % 97 === 0 ? "purge" : "production",
    trust: startUp ? "learning" : shot >= LOT_CHANGE && shot < LOT_CHANGE + 5 ? "watch" : "trusted",
    verdict: startUp || shot % 97 === 0 ? null : verdictOf(shot),
    quality: quality(shot),
    indicators: indicators(shot),
    features: [
      ["fill_time_s", FILL_S + 0.004 * normal(shot, 8)],
      ["transfer_pressure_pa", 58e6 * viscosity + 0.2e6 * normal(shot, 9)],
      ["peak_pressure_pa", 59.1e6 * viscosity + 0.2e6 * normal(shot, 10)],
      ["gate_freeze_s", 5.9 + 0.05 * normal(shot, 11)],
      ["cushion_m3", 2.05e-6 + 3e-8 * normal(shot, 12)],
    ],
    labels: shot % 25 === 0 ? [["part_weight_g", 11.62 + 0.01 * normal(shot, 13)]] : [],
    lost: shot % 61 === 0 ? 12 : 0,
  };
}

export const phaseAt = (time: number): Phase => (time < 0 ? "idle" : time < FILL_S ? "fill" : time < HOLD_END_S ? "hold" : time < EJECT_S ? "cool" : "idle");

/** Truth, what a sensor shows, and what the box thinks, at one place. */
function reading(index: number, shot: number, time: number): { measured: number | null; estimate: number | null; sd: number | null } {
  const place = PLACES[index];
  if (place === undefined) return { measured: null, estimate: null, sd: null };
  const state = stateAt(time, conditions(shot));
  const filled = (state.filled[place.cell] ?? 0) > 0.01;
  const truth = place.kind === "pressure" ? (state.pressure[place.cell] ?? 0) : centre(place.cell, time);
  const wobble = normal(shot, 20 + index) * 0.6 + 0.4 * Math.sin(time * 1.7 + shot + index);
  if (place.kind === "temperature") return filled ? { measured: null, estimate: truth + 1.3 * wobble, sd: 1.6 + 0.6 * Math.min(1, time / 5) } : { measured: null, estimate: null, sd: null };
  const noise = 0.09e6 * normal(Math.round(time * 2000) + shot * 7919, index);
  if (place.name === "nozzle") return { measured: truth + noise, estimate: null, sd: null };
  const sd = (place.name === "p1" ? 0.008 : place.name === "p2" ? 0.013 : 0.019) * Math.max(truth, 8e6) + 0.12e6;
  return { measured: place.real ? truth + noise : null, estimate: filled || place.real ? truth + sd * 0.7 * wobble : null, sd: filled || place.real ? sd : null };
}

export function readings(shot: number, time: number, scenario: Scenario): Reading[] {
  return PLACES.map((place, i): Reading => {
    const { measured, estimate, sd } = reading(i, shot, time);
    const silent = scenario.silent === place.name;
    const shown = silent ? null : measured;
    const missing = silent ? "sensor_silent" : shown === null && estimate === null ? "not_reached" : null;
    return { sensor: place.name, measured: shown, estimate, sd: estimate === null ? null : silent ? (sd ?? 0) * 2 : sd, age_s: silent && estimate === null ? 42 : 0.002, missing };
  });
}

function forecasts(shot: number, time: number): Forecast[] {
  return PLACES.flatMap((place, i): Forecast[] => {
    if (place.name === "nozzle") return [];
    const times = Array.from({ length: 90 }, (_, k) => time + ((EJECT_S - time) * k) / 89);
    const values = times.map((moment) => reading(i, shot, moment));
    return [{ sensor: place.name, time_s: times, value: values.map(({ estimate }) => estimate ?? 0), sd: values.map(({ sd }, k) => (sd ?? 0) * (1 + k / 60)) }];
  });
}

/** The waiting decision, as the stream tells it: a line a setpoint. */
function advice(shot: number, scenario: Scenario): Advice[] {
  if (!waits(scenario)) return [];
  const { id, changes, effect, reason } = waiting(shot, scenario);
  const lines = effect.slice(0, 1).map(({ name, change, change_sd, unit }): QualityLine => ({ name, value: change, sd: change_sd ?? 0, unit, limits: [null, null] }));
  return changes.map(({ setpoint, unit, before, value }) => ({ decision: id, setpoint, change: value - before, unit, effect: lines, reason }));
}

/** The running shot so far, as the box publishes it: fifteen times a second. */
export function course(shot: number, cycleTime: number, scenario: Scenario): Course {
  const until = Math.min(cycleTime, EJECT_S);
  const times = Array.from({ length: Math.floor(until * 15) + 1 }, (_, i) => i / 15);
  const phases: [Phase, number][] = [];
  for (const time of times) {
    const phase = phaseAt(time);
    if (phase !== "idle" && phases.at(-1)?.[0] !== phase) phases.push([phase, time]);
  }
  const told = scenario.noSensors ? [] : times.map((time) => readings(shot, time, scenario));
  const curves = (told[0] ?? []).map(({ sensor }, i) => ({
    sensor,
    time_s: times,
    measured: told.map((all) => all[i]?.measured ?? null),
    estimate: told.map((all) => all[i]?.estimate ?? null),
    sd: told.map((all) => all[i]?.sd ?? null),
  }));
  return { shot, phases, curves };
}

export function snapshot(sequence: number, shot: number, cycleTime: number, scenario: Scenario): LiveSnapshot {
  const time = Math.min(cycleTime, EJECT_S);
  const phase = phaseAt(cycleTime);
  const state = stateAt(time, conditions(shot));
  const third = sequence % 3 === 0;
  const judged = phase === "idle" ? shot : shot - 1;
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    sequence,
    wall_ms: Date.now(),
    shot,
    kind: scenario.kind,
    phase,
    shot_time_s: phase === "idle" ? EJECT_S : time,
    cycle_s: CYCLE_S,
    press_name: "press 7",
    mold: MOLD.name,
    material: MOLD.material,
    lot: lotOf(shot),
    trust: {
      state: scenario.trust,
      reason: scenario.trust === "trusted" ? "trust.ok" : scenario.trust === "watch" ? "trust.latent_moved" : scenario.trust === "learning" ? "trust.learning" : "trust.mismatch",
      subject: scenario.trust === "watch" ? "viscosity" : null,
      since_shot: shot - 2,
    },
    mode: scenario.guard === "released" ? "observe" : scenario.mode,
    source: scenario.source,
    readings: scenario.noSensors ? [] : readings(shot, time, scenario),
    filled: mean(state.filled),
    frozen: mean(state.frozen),
    node_pressure_pa: third ? state.pressure : null,
    node_temperature_k: third ? state.temperature : null,
    node_frozen: third ? state.frozen : null,
    node_filled: third ? state.filled : null,
    forecast: phase !== "idle" && sequence % 15 === 0 && !scenario.noSensors ? forecasts(shot, time) : null,
    last_verdict: scenario.empty ? null : (scenario.verdict ?? verdictOf(judged)),
    quality: scenario.empty ? [] : quality(shot),
    indicators: scenario.empty ? [] : indicators(shot),
    advice: advice(shot, scenario),
    guard: guardOf(scenario),
    press: scenario.press
      ? {
          connected: true,
          operating_mode: "automatic",
          setpoints: [
            ["hold_pressure_pa", 45e6],
            ["hold_time_s", 6],
            ["transfer_volume_m3", 1.16e-5],
            ["injection_rate_m3_per_s", 2.5e-5],
            ["melt_temperature_k", 503.15],
            ["mold_temperature_k", 323.15],
            ["back_pressure_pa", 6e6],
            ["cooling_time_s", 9],
          ],
        }
      : null,
  };
}

export function detail(shot: number, now: { shot: number; ms: number }, points: number): ShotDetail {
  const count = Math.min(points, 800);
  const times = Array.from({ length: count }, (_, i) => (i < count / 3 ? (1.5 * i) / (count / 3) : 1.5 + ((EJECT_S - 1.5) * (i - count / 3)) / (count - 1 - count / 3)));
  const curves = PLACES.map((place, i): Curve => {
    const values = times.map((time) => reading(i, shot, time));
    return { sensor: place.name, time_s: times, measured: values.map((value) => value.measured), estimate: values.map((value) => value.estimate), sd: values.map((value) => value.sd) };
  });
  const { viscosity, wall } = conditions(shot);
  return {
    row: row(shot, now),
    curves: shot < FIRST_SHOT + 20 ? [] : curves,
    phases: [
      ["fill", 0],
      ["hold", FILL_S],
      ["cool", HOLD_END_S],
    ],
    events: [
      { after_s: FILL_S, kind: "gap", source: "/dev/ttyACM0", text: "2 blocks (20 instants) of group 0 were lost on the way" },
      { after_s: 5.9, kind: "sensor-stuck", source: "/dev/ttyACM0, p1", text: "p1: stuck" },
      { after_s: EJECT_S, kind: "of-a-newer-box", source: "moldsight", text: "something this page has no words for" },
    ],
    press: {
      mode: "automatic",
      cycle: 46_000 + shot,
      recipe: [
        ["hold_pressure", 45e6, "Pa"],
        ["hold_time", 6, "s"],
        ["injection_rate", 5e-5, "m3/s"],
        ["melt_temperature", 503.15, "K"],
      ],
      data: [
        ["cushion_stroke", 4.6e-3, "m"],
        ["injection_time", 0.62, "s"],
        ["cycle_time", 19.1, "s"],
        ["maximum_specific_pressure", 58.4e6, "Pa"],
      ],
    },
    actions: shot % 20 === 6 ? [{ at_utc: new Date(now.ms - 60_000).toISOString(), who: "minho", text: "노즐을 닦았음" }] : [],
    latents: [
      ["viscosity", viscosity, 0.03, "1"],
      ["melt_temperature", 2.1, 2.2, "K"],
      ["mold_temperature", wall, 0.9, "K"],
      ["wall_htc", 1.12, 0.16, "1"],
      ["hold_loss", 0.034, 0.006, "1"],
    ],
  };
}
