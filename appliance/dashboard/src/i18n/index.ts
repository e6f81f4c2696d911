// Words. English keys are the contract; Korean must have exactly the same.
import { language } from "../state/prefs.ts";
import { en } from "./en.ts";
import { ko } from "./ko.ts";
import { particles } from "./particles.ts";

export type Key = keyof typeof en;
export type Values = Record<string, string | number>;

const TABLES: Record<"en" | "ko", Record<string, string>> = { en, ko };

const fill = (text: string, values?: Values): string => (values === undefined ? text : particles(text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))));

/** A sentence of ours. */
export const t = (key: Key, values?: Values): string => fill(TABLES[language.value][key] ?? key, values);

/** True when the box's key has words here. */
export const has = (key: string): boolean => Object.hasOwn(en, key);

/** Words for a key the box sent; null where this dashboard does not know it. */
export const known = (key: string, values?: Values): string | null => (has(key) ? fill(TABLES[language.value][key] ?? key, values) : null);

/** `melt_flow_rate` -> `melt flow rate`: the last resort for a name without words. */
export const humanize = (name: string): string => name.replaceAll("_", " ").replaceAll(".", " ");

/** With a capital, for a list of choices. Hangul has none and stays as it is. */
export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** Words for a name of the box within a group (`quality.part_weight`), or the name made readable. */
export const name = (group: string, key: string): string => known(`${group}.${key}`) ?? humanize(key);
