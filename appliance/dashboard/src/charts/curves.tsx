// Curves over one shot: measured solid, estimated dashed with its band, forecast dotted, reference grey, phases shaded.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import uPlot from "uplot";
import { roundUp } from "../domain/colormap.ts";
import { t } from "../i18n/index.ts";
import { language } from "../state/prefs.ts";
import type { CurveData, CurveLine } from "./curve-data.ts";
import { faint, ink, type Ink } from "./ink.ts";
import { Plot } from "./plot.tsx";

const RATIO = typeof devicePixelRatio === "number" ? devicePixelRatio : 1;
type Column = (number | null)[];

interface Props {
  data: CurveData;
  unit: string;
  label: string;
  version: unknown;
  /** Fixed ends of the value axis; without them it starts at zero and only ever grows. */
  range?: [number, number];
  /** A moment to mark, s. */
  cursor?: number | null;
  onPick?: (time: number) => void;
}

const COLUMNS = ["reference", "low", "high", "forecastLow", "forecastHigh", "forecast", "estimate", "measured"] as const;

function seriesOf(line: CurveLine, colours: Ink): uPlot.Series[] {
  const stroke = colours.sensors[line.ink % colours.sensors.length] ?? colours.text;
  const hidden = { stroke: "transparent", width: 0, points: { show: false } };
  return [
    { stroke: colours.reference, width: 1.5, points: { show: false } },
    hidden,
    hidden,
    hidden,
    hidden,
    { stroke, width: 2, dash: [2, 4], points: { show: false } },
    { stroke, width: 2, dash: [8, 4], points: { show: false } },
    { stroke, width: 2.5, points: { show: false } },
  ];
}

function bandsOf(index: number, line: CurveLine, colours: Ink): uPlot.Band[] {
  const stroke = colours.sensors[line.ink % colours.sensors.length] ?? colours.text;
  const first = 1 + index * COLUMNS.length;
  return [
    { series: [first + 2, first + 1], fill: faint(stroke, 0.22) },
    { series: [first + 4, first + 3], fill: faint(stroke, 0.1) },
  ];
}

const aligned = (data: CurveData): uPlot.AlignedData => [data.time, ...data.lines.flatMap((line) => COLUMNS.map((name): Column => line[name]))];



/** The last value at or before a time. */
function lastBefore(time: readonly number[], column: Column, until: number): { at: number; value: number } | null {
  for (let i = column.length - 1; i >= 0; i -= 1) {
    const value = column[i];
    if (value !== null && value !== undefined && (time[i] ?? 0) <= until) return { at: i, value };
  }
  return null;
}

/** Phases as quiet fields with their names at the top. */
function drawPhases(plot: uPlot, data: CurveData, colours: Ink): void {
  const { ctx, bbox } = plot;
  const end = plot.scales["x"]?.max ?? 0;
  ctx.save();
  ctx.font = `600 ${12 * RATIO}px ${colours.font}`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  data.phases.forEach((mark, i) => {
    if (mark.phase === "idle") return;
    const from = Math.max(bbox.left, plot.valToPos(mark.at, "x", true));
    const until = Math.min(bbox.left + bbox.width, plot.valToPos(data.phases[i + 1]?.at ?? Math.min(data.nowAt ?? end, end), "x", true));
    if (until <= from) return;
    ctx.fillStyle = colours.phase[mark.phase];
    ctx.fillRect(from, bbox.top, until - from, bbox.height);
    const words = t(`phase.${mark.phase}`);
    if (ctx.measureText(words).width + 12 * RATIO > until - from) return;
    ctx.fillStyle = colours.soft;
    ctx.fillText(words, from + 6 * RATIO, bbox.top + 5 * RATIO);
  });
  ctx.restore();
}

/** Names at the lines, where they are apart; moved apart where they would lie on each other. */
function drawNames(plot: uPlot, data: CurveData, colours: Ink): void {
  const { ctx, bbox } = plot;
  // Later than the hold phase all of them lie at nothing, one on the other.
  const cool = data.phases.find((mark) => mark.phase === "cool")?.at ?? Infinity;
  const hold = data.phases.find((mark) => mark.phase === "hold")?.at ?? 0;
  const until = data.nowAt === null ? hold + (Math.min(cool, data.time.at(-1) ?? 0) - hold) * 0.3 : Math.min(data.nowAt, hold + (cool - hold) * 0.6);
  const wanted = data.lines.flatMap((line) => {
    const end = [line.measured, line.estimate, line.forecast].map((column) => lastBefore(data.time, column, until)).find((one) => one !== null);
    if (end === null || end === undefined) return [];
    const x = plot.valToPos(data.time[end.at] ?? 0, "x", true);
    return [{ line, x, y: plot.valToPos(end.value, "y", true) }];
  });
  wanted.sort((a, b) => b.y - a.y);
  const step = 16 * RATIO;
  let floor = bbox.top + bbox.height - 2 * RATIO;
  ctx.save();
  ctx.font = `700 ${13 * RATIO}px ${colours.font}`;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  for (const { line, x, y } of wanted) {
    const place = Math.min(y - 4 * RATIO, floor);
    floor = place - step;
    const width = ctx.measureText(line.sensor).width;
    const left = Math.min(x + 6 * RATIO, bbox.left + bbox.width - width - 4 * RATIO);
    ctx.strokeStyle = colours.surface;
    ctx.lineWidth = 4 * RATIO;
    ctx.strokeText(line.sensor, left, place);
    ctx.fillStyle = colours.sensors[line.ink % colours.sensors.length] ?? colours.text;
    ctx.fillText(line.sensor, left, place);
  }
  ctx.restore();
}

function drawMoment(plot: uPlot, time: number, colour: string, dashed: boolean): void {
  const { ctx, bbox } = plot;
  const x = plot.valToPos(time, "x", true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * RATIO;
  if (dashed) ctx.setLineDash([3 * RATIO, 3 * RATIO]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

export function Curves({ data, unit, label, version, range, cursor = null, onPick }: Props): JSX.Element {
  // Drawing hooks outlive one rendering: they read what is current from here.
  const held = useRef({ data, cursor, top: 0, range, onPick });
  Object.assign(held.current, { data, cursor, range, onPick });

  const options = (): Omit<uPlot.Options, "width" | "height"> => {
    const colours = ink();
    const axis = { stroke: colours.soft, font: `500 12px ${colours.font}`, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
    return {
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: (_, low, high) => [low ?? 0, Math.max((low ?? 0) + 1, high ?? 1)] },
        y: {
          range: (_, __, high): [number, number] => {
            const fixed = held.current.range;
            if (fixed !== undefined) return fixed;
            // Noise between two shots must not fill the chart.
            held.current.top = Math.max(held.current.top, roundUp(Math.max((high ?? 1) * 1.04, unit === "bar" ? 50 : 5)));
            return [0, held.current.top];
          },
        },
      },
      axes: [
        { ...axis, size: 30, values: (_, ticks) => ticks.map((tick, i) => (i === ticks.length - 1 ? `${tick} s` : String(tick))) },
        // The topmost tick gives its place to the unit.
        { ...axis, size: 46, values: (_, ticks) => ticks.map((tick, i) => (i === ticks.length - 1 ? unit : String(tick))) },
      ],
      series: [{}, ...data.lines.flatMap((line) => seriesOf(line, colours))],
      bands: data.lines.flatMap((line, i) => bandsOf(i, line, colours)),
      hooks: {
        drawClear: [(plot) => drawPhases(plot, held.current.data, colours)],
        draw: [
          (plot) => {
            const { data: shown, cursor: moment } = held.current;
            if (shown.nowAt !== null) drawMoment(plot, shown.nowAt, colours.soft, true);
            if (moment !== null) drawMoment(plot, moment, colours.text, false);
            drawNames(plot, shown, colours);
          },
        ],
      },
    };
  };

  const attach = (plot: uPlot): (() => void) => {
    const pick = (event: PointerEvent): void => {
      if (event.type === "pointermove" && event.buttons === 0) return;
      const box = plot.over.getBoundingClientRect();
      held.current.onPick?.(plot.posToVal(event.clientX - box.left, "x"));
    };
    plot.over.addEventListener("pointerdown", pick);
    plot.over.addEventListener("pointermove", pick);
    return () => {
      plot.over.removeEventListener("pointerdown", pick);
      plot.over.removeEventListener("pointermove", pick);
    };
  };

  const build = [language.value, unit, ...data.lines.map((line) => `${line.sensor}/${line.ink}`)].join(" ");
  return <Plot build={build} options={options} data={() => aligned(held.current.data)} attach={attach} label={label} version={version} class="curves" />;
}
