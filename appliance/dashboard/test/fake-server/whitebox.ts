import type { LatentLine, WhiteBox } from "../../src/api/types.ts";
import { conditions, LOT_CHANGE } from "./press.ts";
import { normal } from "./random.ts";

type Truth = (shot: number) => number;

const LATENTS: [string, string, number, number, [number, number], number, Truth][] = [
  ["viscosity", "1", 1, 0.25, [0.3, 3], 0.94, (shot) => conditions(shot).viscosity],
  ["wall_htc", "1", 1, 0.4, [0.2, 8], 0.86, (shot) => 1.12 + 0.02 * Math.sin(shot / 20)],
  ["hold_loss", "1", 0, 0.05, [0, 0.5], 0.82, () => 0.034],
  ["mold_temperature", "K", 0, 4, [-20, 25], 0.71, (shot) => conditions(shot).wall],
  ["melt_temperature", "K", 0, 5, [-30, 30], 0.52, (shot) => 2 + Math.sin(shot / 45)],
  ["leakage", "m3/(s Pa)", 0, 2e-15, [0, 5e-14], 0.44, (shot) => 6e-16 + (shot - 1740) * 4e-18],
  ["compliance", "m/Pa", 0.3e-12, 0.25e-12, [0, 4e-12], 0.31, () => 0.34e-12],
  ["gap", "1", 1, 0.01, [0.9, 1.1], 0.06, () => 1],
  ["thinning", "1", 1, 0.06, [0.7, 1.4], 0.05, () => 1],
  ["conductivity", "1", 1, 0.1, [0.6, 1.6], 0.03, () => 1],
  ["no_flow", "K", 0, 12, [-25, 60], 0.02, () => 0],
];

export function whiteBox(last: number, count: number, empty: boolean): WhiteBox {
  const shots = empty ? [] : Array.from({ length: count }, (_, i) => last - count + 1 + i);
  const latents = LATENTS.map(([name, unit, prior, spread, bounds, learned, truth], k): LatentLine => {
    const sd = (i: number): number => spread * Math.sqrt(1 - learned * (1 - Math.exp(-(i + 1) / 9)));
    return { name, unit, prior: [prior, spread], bounds, learned: empty ? 0 : learned, at_bound: name === "leakage" && !empty, points: shots.map((shot, i) => ({ shot, value: learned < 0.1 ? prior : truth(shot) + 0.25 * sd(i) * normal(shot, 40 + k), sd: sd(i) })) };
  });
  return {
    latents,
    effective_viscosity: { name: "effective_viscosity", unit: "Pa s", prior: [148, 37], bounds: [40, 450], learned: 0.95, at_bound: false, points: shots.map((shot) => ({ shot, value: 148 * conditions(shot).viscosity, sd: 3.1 + (shot >= LOT_CHANGE && shot < LOT_CHANGE + 8 ? 3 : 0) })) },
    innovations: ["p1", "mold_temperature"].map((measurement, k) => ({ measurement, shot: shots, nis: shots.map((shot) => Math.max(0.2, 1 + 0.25 * normal(shot, 60 + k) + (k === 0 && shot >= LOT_CHANGE && shot < LOT_CHANGE + 5 ? 1.8 : 0))), gated: shots.map((shot) => Math.max(0, 0.004 + 0.002 * normal(shot, 70 + k))) })),
    witness_error: shots.map((shot) => [shot, Math.abs(0.012 + 0.003 * normal(shot, 80))]),
    would_help: empty ? [] : [
      ["p3", 2.3],
      ["p2", 1.7],
      ["t2", 1.2],
      ["t3", 1.1],
    ],
  };
}
