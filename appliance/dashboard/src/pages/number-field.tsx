// A field that shows a wire value in the reader's unit and gives a wire value back.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { toShown, toWire, type Shown } from "../domain/units.ts";
import { Field } from "../ui/controls.tsx";

/** Enough digits to give back what was typed, none that binary fractions add. */
const written = (value: number | null, shown: Shown): string => (value === null ? "" : String(Number(toShown(value, shown).toPrecision(10))));

export function WireField({ label, value, shown, onValue, disabled = false, bare = false, hint }: { label: string; value: number | null; shown: Shown; onValue: (value: number | null) => void; disabled?: boolean; bare?: boolean; hint?: string }): JSX.Element {
  const [text, setText] = useState(written(value, shown));
  useEffect(() => {
    const typed = text.trim() === "" ? null : toWire(Number(text), shown);
    // Typing "1." must not be overwritten by "1"; a value from outside must be shown.
    if (typed === value || (typed !== null && value !== null && Math.abs(typed - value) <= 1e-9 * Math.max(Math.abs(typed), Math.abs(value)))) return;
    setText(written(value, shown));
  }, [value, shown.unit]);
  const input = (fresh: string): void => {
    setText(fresh);
    const number = Number(fresh);
    onValue(fresh.trim() === "" || !Number.isFinite(number) ? null : toWire(number, shown));
  };
  return <Field label={label} type="number" value={text} unit={shown.unit} onInput={input} disabled={disabled} bare={bare} hint={hint} />;
}
