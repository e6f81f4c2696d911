// Numbers as text. A number never appears without its unit, and an estimate never without its band.
import { shownAs, toShown, type Meaning, type Shown, type UnitChoice } from "./units.ts";

/** Half width of the band people see, in standard deviations: nine in ten values fall inside. */
export const BAND_SD = 1.645;

/** A real minus sign, and a thin space before the unit that never breaks. */
const MINUS = "\u2212";
const THIN = "\u202f";

export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return "–";
  const text = value.toFixed(decimals);
  const clean = Number(text) === 0 ? text.replace("-", "") : text;
  return clean.replace("-", MINUS);
}

/** Decimals at which a band of this half width still shows one or two digits that mean something. */
export function decimalsFor(half: number, most = 4): number {
  if (!(half > 0) || !Number.isFinite(half)) return 0;
  const magnitude = Math.floor(Math.log10(half));
  const leading = half / 10 ** magnitude;
  // The particle data group's rule: two digits up to 3.5, one above. 0.17 -> 0.17, but 0.83 -> 0.8.
  return Math.min(most, Math.max(0, -magnitude + (leading < 3.55 ? 1 : 0)));
}

export interface Parts {
  value: string;
  band: string | null;
  unit: string;
}

/** A value with its band, ready to be set in type. */
export function parts(value: number, sd: number | null, shown: Shown): Parts {
  if (sd === null || !Number.isFinite(sd)) return { value: fixed(toShown(value, shown), shown.decimals), band: null, unit: shown.unit };
  const half = BAND_SD * sd * Math.abs(shown.factor);
  const decimals = decimalsFor(half);
  return { value: fixed(toShown(value, shown), decimals), band: fixed(half, decimals), unit: shown.unit };
}

const join = ({ value, band, unit }: Parts): string => {
  const number = band === null ? value : `${value} ± ${band}`;
  return unit === "" ? number : `${number}${THIN}${unit}`;
};

/** A value with band and unit as one string. */
export function quantity(value: number, sd: number | null, unit: string, choice: UnitChoice, meaning: Meaning = "value", name = ""): string {
  return join(parts(value, sd, shownAs(unit, choice, meaning, name)));
}

/** A change, with its sign. */
export function change(value: number, unit: string, choice: UnitChoice, sd: number | null = null, name = ""): string {
  const text = join(parts(value, sd, shownAs(unit, choice, "difference", name)));
  return value > 0 ? `+${text}` : text;
}

export const percent = (share: number, decimals = 0): string => `${fixed(share * 100, decimals)}${THIN}%`;

const POWERS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(count: number): string {
  let power = 0;
  let value = count;
  while (value >= 1000 && power < POWERS.length - 1) {
    value /= 1000;
    power += 1;
  }
  return `${fixed(value, power < 2 || value >= 100 ? 0 : 1)}${THIN}${POWERS[power] ?? ""}`;
}

/** Seconds in the unit that suits their size. */
export function seconds(value: number): string {
  if (value < 1e-3) return `${fixed(value * 1e6, 0)}${THIN}µs`;
  if (value < 1) return `${fixed(value * 1e3, value < 0.01 ? 1 : 0)}${THIN}ms`;
  return `${fixed(value, 1)}${THIN}s`;
}

export function dateTime(ms: number, language: string): string {
  // The year only where it is not this one.
  const year = new Date(ms).getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" as const };
  return new Intl.DateTimeFormat(language === "ko" ? "ko-KR" : "en-GB", {
    ...year,
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  }).format(ms);
}
