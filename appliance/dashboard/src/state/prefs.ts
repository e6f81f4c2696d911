// What the reader chose: language, units, brightness. Kept in this browser only.
import { effect, signal, type Signal } from "@preact/signals";
import type { UnitChoice } from "../domain/units.ts";

export type Language = "en" | "ko";
export type Theme = "light" | "dark";

const PREFIX = "moldsight.";

function stored<T extends string>(name: string, allowed: readonly T[], fallback: T): Signal<T> {
  let first = fallback;
  try {
    const found = localStorage.getItem(PREFIX + name) as T | null;
    if (found !== null && allowed.includes(found)) first = found;
  } catch {
    // A browser that forbids storage still shows the dashboard; it only forgets.
  }
  const value = signal<T>(first);
  effect(() => {
    try {
      localStorage.setItem(PREFIX + name, value.value);
    } catch {
      return;
    }
  });
  return value;
}

const spoken: Language = navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";

export const language = stored<Language>("language", ["en", "ko"], spoken);
export const theme = stored<Theme>("theme", ["light", "dark"], "light");
export const pressureUnit = stored<UnitChoice["pressure"]>("pressure", ["MPa", "bar"], "MPa");

/** The choice of units as the formatting functions take it. */
export const units = (): UnitChoice => ({ pressure: pressureUnit.value });

effect(() => {
  document.documentElement.lang = language.value;
});
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
