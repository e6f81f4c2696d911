// A quantity over shots: line with band, limits, points that call for a look.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { BAND_SD, decimalsFor, fixed } from "../domain/format.ts";
import { toShown, type Shown } from "../domain/units.ts";
import { t } from "../i18n/index.ts";
import { language } from "../state/prefs.ts";
import { faint, ink, type Ink } from "./ink.ts";
import { Plot } from "./plot.tsx";

export type LineTone = "accent" | "good" | "watch" | "bad" | "soft";

export interface Level {
  at: number;
  words: string;
  tone: LineTone;
  dashed?: boolean;
}

interface Props {
  x: readonly number[];
  values: readonly (number | null)[];
  sd?: readonly (number | null)[] | undefined;
  shown: Shown;
  label: string;
  tone?: LineTone;
  levels?: readonly Level[];
  /** A field between two values, e.g. what was believed before any shot. */
  field?: { low: number; high: number } | undefined;
  /** Indices to mark. */
  flagged?: ReadonlySet<number> | undefined;
  /** Lowest span of the axis, wire units: keeps noise from filling the picture. */
  span?: number;
  fromZero?: boolean;
  points?: boolean;
  onPick?: ((x: number) => void) | undefined;
  small?: boolean;
  /** The last value stands elsewhere: say something only under a finger. */
  quiet?: boolean;
}

const RATIO = typeof devicePixelRatio === "number" ? devicePixelRatio : 1;
const colourOf = (tone: LineTone, colours: Ink): string => (tone === "soft" ? colours.soft : colours[tone]);

export function Series(props: Props): JSX.Element {
  const { x, values, sd, shown, label, tone = "accent", flagged, points = false, small = false } = props;
  // A line needs two.
  const lone = x.length === 1;
  const [over, setOver] = useState<number | null>(null);
  const held = useRef(props);
  held.current = props;

  const columns = (): uPlot.AlignedData => {
    const now = held.current;
    const middle = now.values.map((value) => (value === null || !Number.isFinite(value) ? null : toShown(value, now.shown)));
    const edge = (sign: number): (number | null)[] =>
      middle.map((value, i) => {
        const spread = now.sd?.[i];
        return value === null || spread === null || spread === undefined ? null : value + sign * BAND_SD * spread * now.shown.factor;
      });
    const marked = middle.map((value, i) => (now.flagged?.has(i) === true ? value : null));
    return [[...now.x], edge(-1), edge(1), middle, marked];
  };

  const rangeOf = (low: number, high: number): [number, number] => {
    const now = held.current;
    const known = (now.levels ?? []).map((level) => toShown(level.at, now.shown));
    let bottom = Math.min(low, ...known);
    let top = Math.max(high, ...known);
    const span = (now.span ?? 0) * Math.abs(now.shown.factor);
    if (top - bottom < span) {
      const centre = (top + bottom) / 2;
      [bottom, top] = [centre - span / 2, centre + span / 2];
    }
    const air = (top - bottom || Math.abs(top) || 1) * 0.08;
    return [now.fromZero === true ? 0 : bottom - air, top + air];
  };

  const options = (): Omit<uPlot.Options, "width" | "height"> => {
    const colours = ink();
    const stroke = colourOf(tone, colours);
    const axis = { stroke: colours.soft, font: `500 12px ${colours.font}`, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
    const hidden = { stroke: "transparent", width: 0, points: { show: false } };
    return {
      padding: [20, 12, 0, 0],
      legend: { show: false },
      cursor: { x: true, y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: { x: { time: false }, y: { range: (_, low, high) => rangeOf(low ?? 0, high ?? 1) } },
      axes: [
        { ...axis, size: 28, space: small ? 60 : 80, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000], values: (_, ticks) => ticks.map((tick) => fixed(tick, 0)) },
        { ...axis, size: 58, space: small ? 28 : 36, values: (_, ticks) => evenly(ticks) },
      ],
      series: [
        {},
        hidden,
        hidden,
        { stroke, width: small ? 2 : 2.25, points: { show: points || lone, size: 6, fill: stroke, stroke } },
        { stroke: "transparent", width: 0, points: { show: true, size: 13, width: 2.5, stroke: colours.bad, fill: colours.surface } },
      ],
      bands: [{ series: [2, 1], fill: faint(stroke, 0.2) }],
      hooks: {
        drawClear: [(plot) => drawField(plot, held.current, colours)],
        draw: [(plot) => drawLevels(plot, held.current, colours), (plot) => drawUnit(plot, held.current.shown.unit, colours)],
        setCursor: [(plot) => setOver(plot.cursor.idx ?? null)],
      },
    };
  };

  const attach = (plot: uPlot): (() => void) => {
    const pick = (): void => {
      const index = plot.cursor.idx;
      const at = index === null || index === undefined ? undefined : held.current.x[index];
      if (at !== undefined) held.current.onPick?.(at);
    };
    plot.over.addEventListener("click", pick);
    return () => plot.over.removeEventListener("click", pick);
  };

  const build = [language.value, shown.unit, tone, small, sd === undefined, flagged === undefined, lone].join(" ");
  const version = `${x[0]}:${x.at(-1)}:${x.length}:${values.at(-1)}:${values[0]}:${shown.unit}:${[...(flagged ?? [])].join()}:${(props.levels ?? []).map((level) => level.at).join()}`;
  return (
    <figure class={`series ${small ? "small" : ""} ${props.quiet === true ? "quiet" : ""}`}>
      <figcaption class="readout">{readout(props, over)}</figcaption>
      <Plot build={build} options={options} data={columns} attach={attach} label={label} version={version} class={props.onPick === undefined ? "" : "pickable"} />
    </figure>
  );
}

/** Ticks with the same number of decimals, as many as the finest needs. */
function evenly(ticks: number[]): string[] {
  const decimals = Math.max(0, ...ticks.map((tick) => (String(Number(tick.toPrecision(6))).split(".")[1] ?? "").length));
  return ticks.map((tick) => fixed(tick, decimals));
}

/** The value under the finger, or the last one. */
function readout({ x, values, sd, shown, quiet = false }: Props, over: number | null): string {
  if (quiet && over === null) return "\u00a0";
  const index = over ?? values.length - 1;
  const at = x[index];
  const value = values[index];
  if (at === undefined || value === null || value === undefined) return "\u00a0";
  const spread = sd?.[index];
  const half = spread === null || spread === undefined ? null : BAND_SD * spread * Math.abs(shown.factor);
  const decimals = half === null || half === 0 ? Math.max(shown.decimals, 2) : decimalsFor(half);
  const number = fixed(toShown(value, shown), decimals);
  const band = half === null ? "" : ` ± ${fixed(half, decimals)}`;
  return `${t("word.shot")} ${at}: ${number}${band}${shown.unit === "" ? "" : `\u202f${shown.unit}`}`;
}

function drawField(plot: uPlot, { field, shown }: Props, colours: Ink): void {
  if (field === undefined) return;
  const { ctx, bbox } = plot;
  const top = Math.max(bbox.top, plot.valToPos(toShown(field.high, shown), "y", true));
  const bottom = Math.min(bbox.top + bbox.height, plot.valToPos(toShown(field.low, shown), "y", true));
  if (bottom <= top) return;
  ctx.save();
  ctx.fillStyle = faint(colours.soft, 0.1);
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.restore();
}

/** The unit stands over the axis it belongs to. */
function drawUnit(plot: uPlot, unit: string, colours: Ink): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `600 ${12 * RATIO}px ${colours.font}`;
  ctx.fillStyle = colours.soft;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.fillText(unit, 4 * RATIO, bbox.top - 8 * RATIO);
  ctx.restore();
}

function drawLevels(plot: uPlot, { levels = [], shown }: Props, colours: Ink): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `600 ${11 * RATIO}px ${colours.font}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "alphabetic";
  ctx.lineJoin = "round";
  for (const level of levels) {
    const y = plot.valToPos(toShown(level.at, shown), "y", true);
    if (!Number.isFinite(y) || y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colourOf(level.tone, colours);
    ctx.lineWidth = 1.5 * RATIO;
    ctx.setLineDash(level.dashed === true ? [6 * RATIO, 4 * RATIO] : []);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.strokeStyle = colours.surface;
    ctx.lineWidth = 4 * RATIO;
    const place = y - bbox.top < 16 * RATIO ? y + 13 * RATIO : y - 4 * RATIO;
    ctx.strokeText(level.words, bbox.left + bbox.width - 4 * RATIO, place);
    ctx.fillStyle = colourOf(level.tone, colours);
    ctx.fillText(level.words, bbox.left + bbox.width - 4 * RATIO, place);
  }
  ctx.restore();
}
