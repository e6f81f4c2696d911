// The mold on the page: drawing, pins with their readings, scale with units.
import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { MoldView, Reading, SensorView } from "../api/types.ts";
import { colour, roundTicks, roundUp, type Field } from "../domain/colormap.ts";
import { fixed } from "../domain/format.ts";
import { shownAs, toShown } from "../domain/units.ts";
import { t } from "../i18n/index.ts";
import { fields, old, reference, snapshot } from "../state/live.ts";
import { theme, units } from "../state/prefs.ts";
import { Segmented } from "../ui/controls.tsx";
import { Sign } from "../ui/icons.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { FlatMold } from "./flat.ts";
import { thickening } from "./frame.ts";
import type { MoldScene, SceneInk } from "./scene.ts";

type Drawing = MoldScene | FlatMold;

const sceneInk = (): SceneInk => {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return { ghost: read("ghost"), front: read("front"), line: read("ink-soft") };
};

async function drawingOn(canvas: HTMLCanvasElement, mold: MoldView): Promise<Drawing> {
  try {
    const { MoldScene: Made } = await import("./scene.ts");
    return new Made(canvas, mold, sceneInk());
  } catch {
    return new FlatMold(canvas, mold, sceneInk());
  }
}

/** The same numbers: what need not be drawn again. */
const same = (a: readonly number[] | null, b: readonly number[] | null): boolean => a === b || (a !== null && b !== null && a.length === b.length && a.every((value, i) => value === b[i]));

/** Highest pressure of the reference shot: a page opened late in a shot starts with a fitting scale. */
function referencePeak(mold: MoldView): number {
  let peak = 0;
  for (const curve of reference.value?.curves ?? []) {
    if (mold.sensors.find((sensor) => sensor.name === curve.sensor)?.kind !== "pressure") continue;
    for (const value of [...curve.measured, ...curve.estimate]) peak = Math.max(peak, value ?? 0);
  }
  return peak;
}

/** Ends of the scale in wire units; pressure ends at the highest yet seen, rounded up, so that the picture uses its colours. */
function scaleEnds(field: Field, mold: MoldView, peak: number): [number, number] {
  if (field === "temperature") return [mold.wall_k, mold.melt_k + 10];
  if (field === "frozen") return [0, 1];
  return [0, Math.min(mold.highest_pa, roundUp(Math.max(peak, 2e7)))];
}

export function MoldPicture({ mold }: { mold: MoldView }): JSX.Element {
  const [field, setField] = useState<Field>("pressure");
  const [flat, setFlat] = useState(false);
  const [peak, setPeak] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const labels = useRef(new Map<string, HTMLElement>());
  const chosen = useRef(field);
  chosen.current = field;
  const top = useRef(0);
  const shownNow = useRef<{ drawing: Drawing | null; map: Field; field: number[] | null; filled: number[] | null; low: number; high: number }>({ drawing: null, map: "pressure", field: null, filled: null, low: 0, high: 0 });

  const paint = (): void => {
    const all = fields.peek();
    const values = chosen.current === "pressure" ? all.pressure : chosen.current === "temperature" ? all.temperature : all.frozen;
    top.current = Math.max(top.current, referencePeak(mold));
    for (const value of all.pressure ?? []) top.current = Math.max(top.current, value);
    if (roundUp(top.current) !== roundUp(peak)) setPeak(top.current);
    const [low, high] = scaleEnds(chosen.current, mold, top.current);
    const shown = shownNow.current;
    if (drawing.current === null || (shown.drawing === drawing.current && shown.map === chosen.current && shown.low === low && shown.high === high && same(shown.field, values) && same(shown.filled, all.filled))) return;
    shownNow.current = { drawing: drawing.current, map: chosen.current, field: values, filled: all.filled, low, high };
    drawing.current.show({ field: values, filled: all.filled, low, high }, chosen.current);
  };

  useEffect(() => {
    const element = box.current;
    const surface = canvas.current;
    if (element === null || surface === null) return;
    let gone = false;
    const size = (): void => drawing.current?.resize(element.clientWidth, element.clientHeight);
    const watch = new ResizeObserver(size);
    void drawingOn(surface, mold).then((made) => {
      if (gone) return made.dispose();
      drawing.current = made;
      setFlat(made instanceof FlatMold);
      made.afterDraw = () => placeLabels(made, mold.sensors, labels.current, element);
      watch.observe(element);
      size();
      paint();
    });
    return () => {
      gone = true;
      watch.disconnect();
      drawing.current?.dispose();
      drawing.current = null;
    };
  }, [mold, theme.value]);

  useSignalEffect(() => {
    void fields.value;
    paint();
  });
  useEffect(paint, [field]);

  const thicker = thickening(mold);
  return (
    <div class={old.value ? "mold old" : "mold"}>
      <div class="mold-tools">
        <Segmented
          compact
          label={t("live.colour_by")}
          value={field}
          onChoose={setField}
          choices={[
            { value: "pressure", words: t("live.pressure") },
            { value: "temperature", words: t("live.temperature") },
            { value: "frozen", words: t("live.frozen") },
          ]}
        />
        <button type="button" class="button quiet icon-only" aria-label={t("live.reset_view")} title={t("live.reset_view")} onClick={() => drawing.current?.home()}>
          <Sign name="turn" />
        </button>
      </div>
      <div class="mold-box" ref={box}>
        {/* A canvas that once gave WebGL cannot give anything else: a new one for each drawing. */}
        <canvas key={`${mold.name} ${theme.value}`} ref={canvas} aria-label={t("live.mold_picture", { mold: mold.name })} role="img" />
        {mold.sensors.map((sensor, i) => (
          <PinLabel
            key={sensor.name}
            sensor={sensor}
            reading={snapshot.value?.readings[i]?.sensor === sensor.name ? snapshot.value.readings[i] : snapshot.value?.readings.find((one) => one.sensor === sensor.name)}
            hold={(element) => {
              if (element === null) labels.current.delete(sensor.name);
              else labels.current.set(sensor.name, element);
            }}
            visible={field === "temperature" ? sensor.kind === "temperature" : field === "pressure" ? sensor.kind === "pressure" : false}
          />
        ))}
      </div>
      <div class="mold-foot">
        <Scale field={field} ends={scaleEnds(field, mold, peak)} />
        <p class="note">{flat ? t("live.flat") : thicker > 1 ? t("live.thicker", { times: thicker }) : "\u00a0"}</p>
      </div>
    </div>
  );
}

function PinLabel({ sensor, reading, hold, visible }: { sensor: SensorView; reading: Reading | undefined; hold: (element: HTMLElement | null) => void; visible: boolean }): JSX.Element {
  const unit = sensor.kind === "pressure" ? "Pa" : "K";
  const measured = reading?.measured ?? null;
  return (
    <div class={`pin ${measured === null ? "virtual" : "real"}`} ref={hold} hidden={!visible}>
      <span class="pin-dot" aria-hidden="true" />
      <span class="pin-name">{sensor.name}</span>
      {reading === undefined ? null : measured !== null ? <Quantity value={measured} sd={null} unit={unit} /> : <Quantity value={reading.estimate} sd={reading.sd} unit={unit} />}
    </div>
  );
}

/** Labels stand over their pins, inside the picture, and give way upward where they would meet. */
function placeLabels(drawing: Drawing, sensors: readonly SensorView[], labels: Map<string, HTMLElement>, box: HTMLElement): void {
  const taken: { x: number; y: number; w: number; h: number }[] = [];
  sensors.forEach((sensor, i) => {
    const element = labels.get(sensor.name);
    const at = drawing.pin(i);
    if (element === undefined || element.hidden || at === null) return;
    const w = element.offsetWidth;
    const h = element.offsetHeight;
    const x = Math.min(Math.max(at.x - w / 2, 4), box.clientWidth - w - 4);
    let y = Math.max(2, at.y - h - 2);
    for (let tries = 0; tries < 8; tries += 1) {
      const hit = taken.find((one) => x < one.x + one.w + 4 && one.x < x + w + 4 && y < one.y + one.h + 3 && one.y < y + h + 3);
      if (hit === undefined) break;
      y = hit.y - h - 4;
      if (y < 2) y = hit.y + hit.h + 4;
    }
    taken.push({ x, y, w, h });
    element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  });
}

function Scale({ field, ends }: { field: Field; ends: [number, number] }): JSX.Element {
  const shown = field === "pressure" ? shownAs("Pa", units()) : field === "temperature" ? shownAs("K", units()) : shownAs("1", units(), "value", "frozen");
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const ctx = canvas.current?.getContext("2d");
    if (ctx === null || ctx === undefined) return;
    for (let i = 0; i < 256; i += 1) {
      const [r, g, b] = colour(field, i / 255);
      ctx.fillStyle = `rgb(${r} ${g} ${b})`;
      ctx.fillRect(i, 0, 1, 1);
    }
  }, [field]);
  const [low, high] = [toShown(ends[0], shown), toShown(ends[1], shown)];
  const words = field === "pressure" ? t("live.pressure") : field === "temperature" ? t("live.temperature_mean") : t("live.frozen_share");
  return (
    <div class="scale" role="img" aria-label={`${words}: ${fixed(low, 0)} – ${fixed(high, 0)} ${shown.unit}`}>
      <span class="scale-words">
        {words} <b>{shown.unit}</b>
      </span>
      <canvas ref={canvas} width={256} height={1} />
      <div class="scale-ticks">
        {roundTicks(low, high).map((tick) => (
          <span key={tick} style={{ left: `${((tick - low) / (high - low)) * 100}%` }}>
            {fixed(tick, 0)}
          </span>
        ))}
      </div>
    </div>
  );
}
