// A stepped plate with runner and gate, in closed form: plausible to look at, no physics to trust.
import type { MoldView, NodeView, SensorView } from "../../src/api/types.ts";

interface Section {
  element: string;
  length: number;
  width: number;
  gap: number;
  cells: number;
  /** Pressure lost over it at the nominal rate, Pa. */
  drop: number;
  /** Time constant of cooling, s. */
  cooling: number;
  /** Moment at which it stops passing pressure on, s. */
  freeze: number;
}

const SECTIONS: Section[] = [
  { element: "runner", length: 0.06, width: 0, gap: 0.005, cells: 14, drop: 11e6, cooling: 12, freeze: 11 },
  { element: "gate", length: 0.0015, width: 0.008, gap: 0.0012, cells: 2, drop: 6e6, cooling: 1.9, freeze: 6 },
  { element: "plate", length: 0.08, width: 0.04, gap: 0.0025, cells: 26, drop: 19e6, cooling: 7, freeze: 5.2 },
  { element: "plate_end", length: 0.04, width: 0.04, gap: 0.0016, cells: 16, drop: 22e6, cooling: 3, freeze: 2.7 },
];

export const MELT_K = 503.15;
export const WALL_K = 323.15;
export const FILL_S = 0.62;
export const HOLD_END_S = 6.62;
export const EJECT_S = 15.6;
export const CYCLE_S = 19;

interface Cell extends Section {
  node: NodeView;
  volume: number;
  /** Filled volume at which the melt arrives. */
  before: number;
}

function cells(): Cell[] {
  let x = -SECTIONS.slice(0, 2).reduce((sum, section) => sum + section.length, 0);
  let before = 0;
  return SECTIONS.flatMap((section) =>
    Array.from({ length: section.cells }, (): Cell => {
      const step = section.length / section.cells;
      const area = section.width > 0 ? section.width * section.gap : (Math.PI / 4) * section.gap ** 2;
      const cell: Cell = { ...section, node: { from_m: [x, 0, 0], to_m: [x + step, 0, 0], width_m: section.width, gap_m: section.gap, element: section.element }, volume: area * step, before };
      x += step;
      before += cell.volume;
      return cell;
    }),
  );
}

export const CELLS = cells();
const VOLUME = CELLS.reduce((sum, cell) => sum + cell.volume, 0);
const arrival = CELLS.map((cell) => (cell.before / VOLUME) * FILL_S);

/** What makes one shot differ from the next. */
export interface Shot {
  viscosity: number;
  hold: number;
  wall: number;
}

export interface State {
  pressure: number[];
  temperature: number[];
  frozen: number[];
  filled: number[];
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
const soft = (value: number): number => 1 / (1 + Math.exp(-value));

function drive(time: number, { viscosity, hold }: Shot): number {
  const filling = 58e6 * viscosity * Math.min(1, (time / FILL_S) ** 0.9);
  if (time <= FILL_S) return filling;
  const since = time - FILL_S;
  const wanted = since < 3 ? hold : time < HOLD_END_S ? hold * 0.67 : 0;
  const from = since < 3 ? 58e6 * viscosity : time < HOLD_END_S ? hold : hold * 0.67;
  const began = since < 3 ? FILL_S : time < HOLD_END_S ? FILL_S + 3 : HOLD_END_S;
  return wanted + (from - wanted) * Math.exp(-(time - began) / 0.07);
}

/** The state of the mold at a time after the begin of fill. */
export function stateAt(time: number, shot: Shot): State {
  const share = clamp(time / FILL_S, 0, 1);
  const nozzle = drive(time, shot);
  const filled = CELLS.map((cell) => clamp((share * VOLUME - cell.before) / cell.volume, 0, 1));
  const losses = CELLS.map((cell, i) => ((cell.drop / cell.cells) * shot.viscosity * (filled[i] ?? 0)));
  const total = losses.reduce((sum, loss) => sum + loss, 0) || 1;
  let lost = 0;
  const pressure = CELLS.map((cell, i) => {
    const here = lost + (losses[i] ?? 0) / 2;
    lost += losses[i] ?? 0;
    if ((filled[i] ?? 0) < 0.01) return 0;
    if (time <= FILL_S) return nozzle * (1 - here / total);
    // Compression dies away, then each place freezes off and shrinks down to nothing.
    const since = time - FILL_S;
    const held = nozzle * (1 - (here / total) * (0.16 + 0.84 * Math.exp(-since / 0.22)));
    const freeze = cell.freeze * (0.75 + 0.25 * shot.hold / 45e6);
    const sealed = soft((time - freeze) / 0.22);
    const atFreeze = drive(Math.min(time, freeze), shot) * (1 - (here / total) * 0.16);
    const shrinking = Math.max(0, atFreeze * (1 - (time - freeze) / (cell.cooling * 0.75)));
    return Math.max(0, held * (1 - sealed) + shrinking * sealed);
  });
  const aged = CELLS.map((_, i) => Math.max(0, time - (arrival[i] ?? 0)));
  const temperature = CELLS.map((cell, i) => WALL_K + shot.wall + (MELT_K + 6 * Math.min(1, (aged[i] ?? 0) / 0.3) - WALL_K - shot.wall) * Math.exp(-(aged[i] ?? 0) / cell.cooling));
  const frozen = CELLS.map((cell, i) => clamp(Math.sqrt((aged[i] ?? 0) / (2.4 * cell.cooling)), 0, 1));
  return { pressure, temperature, frozen, filled };
}

/** Temperature in the middle of the gap: stays hot for a while. */
export function centre(cell: number, time: number): number {
  const section = CELLS[cell];
  if (section === undefined) return WALL_K;
  const age = Math.max(0, time - (arrival[cell] ?? 0));
  return WALL_K + (MELT_K - WALL_K) * Math.min(1, 1.27 * Math.exp(-age / section.cooling));
}

const cellAt = (x: number): number => CELLS.findIndex((cell) => x >= cell.node.from_m[0] - 1e-9 && x < cell.node.to_m[0]);

export interface Place extends SensorView {
  cell: number;
}

const place = (name: string, kind: "pressure" | "temperature", x: number, real: boolean, y = 0): Place => ({ name, kind, real, used: real, at_m: [x, y, 0.001], cell: Math.max(0, cellAt(x)) });

export const PLACES: Place[] = [
  place("nozzle", "pressure", -0.0615, true),
  place("p1", "pressure", 0.005, true),
  place("p2", "pressure", 0.06, false),
  place("p3", "pressure", 0.115, false),
  place("t2", "temperature", 0.06, false),
  place("t3", "temperature", 0.115, false),
];

export const MOLD: MoldView = {
  name: "plate-ps",
  material: "PS 678E",
  release: "plate-ps-001",
  nodes: CELLS.map((cell) => cell.node),
  sensors: PLACES.map(({ cell: _, ...sensor }) => sensor),
  melt_k: MELT_K,
  wall_k: WALL_K,
  no_flow_k: 383.15,
  highest_pa: 200e6,
};
