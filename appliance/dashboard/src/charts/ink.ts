// Colours and type of the page, for canvases that cannot read a style sheet.
export interface Ink {
  text: string;
  soft: string;
  grid: string;
  surface: string;
  reference: string;
  phase: Record<"fill" | "hold" | "cool", string>;
  good: string;
  watch: string;
  bad: string;
  accent: string;
  sensors: string[];
  font: string;
}

export function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read("ink"),
    soft: read("ink-soft"),
    grid: read("line"),
    surface: read("surface"),
    reference: read("reference"),
    phase: { fill: read("phase-fill"), hold: read("phase-hold"), cool: read("phase-cool") },
    good: read("good"),
    watch: read("watch"),
    bad: read("bad"),
    accent: read("accent"),
    sensors: [0, 1, 2, 3, 4, 5].map((i) => read(`sensor-${i}`)),
    font: read("font"),
  };
}

/** A colour with less of it. Colours of the style sheet are written #rrggbb. */
export const faint = (hex: string, alpha: number): string =>
  `${hex}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
