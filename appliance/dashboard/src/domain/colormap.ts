// Perceptually even, colour-blind safe maps: viridis for pressure, inferno without its blackest tenth for
// temperature, cividis from liquid to frozen. Evenly spaced anchors of matplotlib's published tables (CC0),
// linear between them.

type Anchors = readonly string[];

const VIRIDIS: Anchors = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
const INFERNO: Anchors = ["#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4"];
const CIVIDIS: Anchors = ["#fee838", "#e1cc55", "#c3b369", "#a59c74", "#8a8678", "#707173", "#575d6d", "#3b496c", "#123570", "#00224e"];

export type Field = "pressure" | "temperature" | "frozen";

const MAPS: Record<Field, Anchors> = { pressure: VIRIDIS, temperature: INFERNO, frozen: CIVIDIS };

const channels = (hex: string): [number, number, number] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];

/** Colour of a share 0 to 1, as three bytes. */
export function colour(field: Field, share: number): [number, number, number] {
  const anchors = MAPS[field];
  const place = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (anchors.length - 1);
  const low = Math.min(anchors.length - 2, Math.floor(place));
  const a = channels(anchors[low] ?? "#000000");
  const b = channels(anchors[low + 1] ?? "#000000");
  return a.map((value, i) => Math.round(value + ((b[i] ?? 0) - value) * (place - low))) as [number, number, number];
}

/** A table of `size` colours, RGBA bytes, for the shader and for the scale beside it. */
export function table(field: Field, size = 256): Uint8Array {
  const bytes = new Uint8Array(size * 4);
  for (let i = 0; i < size; i += 1) bytes.set([...colour(field, i / (size - 1)), 255], i * 4);
  return bytes;
}

/** Round numbers inside an interval, four to seven of them. */
export function roundTicks(low: number, high: number): number[] {
  const step = roundUp((high - low) / 6);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9) + 0; i * step <= high + step * 1e-9; i += 1) ticks.push(i * step);
  return ticks;
}

/** A round number at or above a value: a short digit times a power of ten. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10].find((candidate) => candidate * power >= value * 0.9999) ?? 10;
  return step * power;
}
