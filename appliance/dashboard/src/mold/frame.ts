// Where the parts of the mold lie: a frame for every control volume, and the values at its two ends.
import type { MoldView, NodeView, Point } from "../api/types.ts";

export interface NodeFrame {
  origin: Point;
  /** Axis times length. */
  along: Point;
  /** Width direction times width. */
  across: Point;
  /** Thickness direction times drawn thickness. */
  up: Point;
  round: boolean;
}

const sub = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scale = (a: Point, by: number): Point => [a[0] * by, a[1] * by, a[2] * by];
const length = (a: Point): number => Math.hypot(a[0], a[1], a[2]);
const cross = (a: Point, b: Point): Point => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** Thin walls are drawn this much thicker so that a step in the gap can be seen. */
export function thickening(mold: MoldView): number {
  const reach = extent(mold).size;
  const gap = Math.max(...mold.nodes.filter((node) => node.width_m > 0).map((node) => node.gap_m), 0);
  return gap > 0 ? Math.min(3, Math.max(1, Math.round((0.04 * reach) / gap))) : 1;
}

export function frameOf(node: NodeView, thicker: number): NodeFrame {
  const along = sub(node.to_m, node.from_m);
  const reach = length(along) || 1e-6;
  const axis = scale(along, 1 / reach);
  const helper: Point = Math.abs(axis[2]) > 0.9 ? [0, 1, 0] : [0, 0, 1];
  const side = cross(helper, axis);
  const across = scale(side, 1 / (length(side) || 1));
  const normal = cross(axis, across);
  const round = !(node.width_m > 0);
  const width = round ? node.gap_m : node.width_m;
  const height = round ? node.gap_m : node.gap_m * thicker;
  return { origin: node.from_m, along, across: scale(across, width), up: scale(normal, height), round };
}

export interface Extent {
  centre: Point;
  size: number;
}

export function extent(mold: MoldView): Extent {
  const low: Point = [Infinity, Infinity, Infinity];
  const high: Point = [-Infinity, -Infinity, -Infinity];
  for (const node of mold.nodes) {
    const half = Math.max(node.width_m, node.gap_m) / 2;
    for (const end of [node.from_m, node.to_m]) {
      for (const i of [0, 1, 2] as const) {
        const reach = i === 2 ? node.gap_m : half;
        low[i] = Math.min(low[i], end[i] - reach);
        high[i] = Math.max(high[i], end[i] + reach);
      }
    }
  }
  if (!Number.isFinite(low[0])) return { centre: [0, 0, 0], size: 1 };
  return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2], size: length(sub(high, low)) };
}

/** For every node, the indices of the nodes that meet it at its begin and at its end, itself included. */
export interface Joints {
  begin: number[][];
  end: number[][];
}

export function joints(mold: MoldView): Joints {
  const meet = new Map<string, number[]>();
  const key = (at: Point): string => at.map((value) => Math.round(value * 1e4)).join(",");
  mold.nodes.forEach((node, i) => {
    for (const end of [node.from_m, node.to_m]) meet.set(key(end), [...(meet.get(key(end)) ?? []), i]);
  });
  return {
    begin: mold.nodes.map((node) => meet.get(key(node.from_m)) ?? []),
    end: mold.nodes.map((node) => meet.get(key(node.to_m)) ?? []),
  };
}

/** Mean of a field over the filled ones of some nodes. */
export function meanAt(nodes: readonly number[], values: readonly number[], filled: readonly number[] | null, fallback: number): number {
  let sum = 0;
  let count = 0;
  for (const node of nodes) {
    const value = values[node];
    if (value === undefined || value === null || !Number.isFinite(value) || (filled !== null && (filled[node] ?? 0) < 0.01)) continue;
    sum += value;
    count += 1;
  }
  return count === 0 ? fallback : sum / count;
}

/** Which ends of a node show a face: 1 where the channel ends or changes its section, 0 where it goes on. */
export function caps(mold: MoldView, { begin, end }: Joints, node: number): [number, number] {
  const own = mold.nodes[node];
  const shows = (meeting: readonly number[] | undefined): number => {
    const other = mold.nodes[meeting?.find((one) => one !== node) ?? -1];
    const same = meeting?.length === 2 && other !== undefined && own !== undefined && other.width_m === own.width_m && other.gap_m === own.gap_m;
    return same ? 0 : 1;
  };
  return [shows(begin[node]), shows(end[node])];
}
