// A number set in type: value, band, unit. There is no way to show one without its unit.
import type { JSX } from "preact";
import { parts } from "../domain/format.ts";
import { shownAs, type Meaning } from "../domain/units.ts";
import { units } from "../state/prefs.ts";

interface Props {
  value: number | null;
  sd: number | null;
  unit: string;
  meaning?: Meaning;
  name?: string;
  /** Age in words once the value is old. */
  stale?: string | null;
}

export function Quantity({ value, sd, unit, meaning = "value", name = "", stale = null }: Props): JSX.Element {
  if (value === null || !Number.isFinite(value)) return <span class="quantity none">–</span>;
  const { value: digits, band, unit: shown } = parts(value, sd, shownAs(unit, units(), meaning, name));
  return (
    <span class={stale === null ? "quantity" : "quantity old"}>
      <span class="digits">{digits}</span>
      {band === null ? null : <span class="band"> ±{"\u202f"}{band}</span>}
      {shown === "" ? null : <span class="unit">{"\u202f"}{shown}</span>}
      {stale === null ? null : <span class="age">{stale}</span>}
    </span>
  );
}
