// Numbers of a whole shot as the box names them: words, plain name and unit.
import { splitUnit } from "../domain/units.ts";
import { known, name, t } from "../i18n/index.ts";

/** Units of names that carry none. */
const UNITS: Record<string, string> = { cycle: "s", fill_time: "s", peak_pressure: "Pa", pressure_integral: "Pa s" };

/** `peak_p1` and `integral_p1` are about a place; its name is nobody's to translate. */
function ofPlace(plain: string): string | null {
  const found = /^(peak|integral)_(.+)$/.exec(plain);
  if (found === null || known(`feature.${plain}`) !== null) return null;
  const place = found[2] ?? "";
  return found[1] === "peak" ? t("feature.peak_of", { place }) : t("feature.integral_of", { place });
}

export interface FeatureWords {
  words: string;
  plain: string;
  unit: string;
}

export function featureWords(feature: string): FeatureWords {
  const { name: plain, unit } = splitUnit(feature);
  return { words: ofPlace(plain) ?? name("feature", plain), plain, unit: UNITS[plain] ?? unit };
}
