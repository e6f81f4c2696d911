// Buttons, choices and fields. Every target is at least 44 px high.
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface ButtonProps {
  children: ComponentChildren;
  onPress?: () => void;
  tone?: "plain" | "main" | "danger" | "stop" | "quiet";
  disabled?: boolean;
  busy?: boolean;
  type?: "button" | "submit";
  title?: string | undefined;
  pressed?: boolean;
  label?: string;
}

export function Button({ children, onPress, tone = "plain", disabled = false, busy = false, type = "button", title, pressed, label }: ButtonProps): JSX.Element {
  return (
    <button type={type} class={`button ${tone}`} disabled={disabled || busy} aria-busy={busy} title={title} aria-pressed={pressed} aria-label={label} onClick={onPress}>
      {children}
    </button>
  );
}

export interface Choice<T extends string> {
  value: T;
  words: string;
  disabled?: boolean;
}

/** One of a few, side by side; arrow keys move as in a radio group. */
export function Segmented<T extends string>({ label, choices, value, onChoose, compact = false }: { label: string; choices: Choice<T>[]; value: T; onChoose: (value: T) => void; compact?: boolean }): JSX.Element {
  const group = useId();
  return (
    <div class={compact ? "segmented compact" : "segmented"} role="radiogroup" aria-label={label}>
      {choices.map((choice) => (
        <label key={choice.value} class={choice.value === value ? "chosen" : ""} data-disabled={choice.disabled === true ? "" : undefined}>
          <input type="radio" name={group} checked={choice.value === value} disabled={choice.disabled ?? false} onChange={() => onChoose(choice.value)} />
          <span>{choice.words}</span>
        </label>
      ))}
    </div>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "number" | "date" | "search";
  autocomplete?: string;
  required?: boolean;
  unit?: string | undefined;
  hint?: string | undefined;
  disabled?: boolean;
  step?: string;
  list?: string[];
  maxLength?: number;
  minLength?: number;
  bare?: boolean;
  placeholder?: string;
}

export function Field({ label, value, onInput, type = "text", autocomplete = "off", required = false, unit, hint, disabled = false, step = "any", list, maxLength = 200, minLength, bare = false, placeholder }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div class={bare ? "field bare" : "field"}>
      <label for={id} class={bare ? "unseen" : ""}>
        {label}
      </label>
      <div class="field-box">
        <input id={id} type={type} value={value} required={required} disabled={disabled} autocomplete={autocomplete} step={type === "number" ? step : undefined} inputMode={type === "number" ? "decimal" : undefined} list={list === undefined ? undefined : `${id}-list`} maxLength={type === "number" || type === "date" ? undefined : maxLength} minLength={minLength} placeholder={placeholder} onInput={(event) => onInput(event.currentTarget.value)} />
        {unit === undefined || unit === "" ? null : <span class="field-unit">{unit}</span>}
      </div>
      {list === undefined ? null : (
        <datalist id={`${id}-list`}>
          {list.map((item) => (
            <option key={item} value={item} />
          ))}
        </datalist>
      )}
      {hint === undefined ? null : <p class="hint">{hint}</p>}
    </div>
  );
}

export function Select<T extends string>({ label, value, choices, onChoose, disabled = false, bare = false }: { label: string; value: T; choices: Choice<T>[]; onChoose: (value: T) => void; disabled?: boolean; bare?: boolean }): JSX.Element {
  const id = useId();
  return (
    <div class={bare ? "field bare" : "field"}>
      <label for={id} class={bare ? "unseen" : ""}>
        {label}
      </label>
      <div class="field-box">
        <select id={id} value={value} disabled={disabled} onChange={(event) => onChoose(event.currentTarget.value as T)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value} disabled={choice.disabled ?? false}>
              {choice.words}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

export function Switch({ label, checked, onChange, disabled = false, bare = false }: { label: string; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean; bare?: boolean }): JSX.Element {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={checked} disabled={disabled} aria-label={bare ? label : undefined} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span class="switch-track" aria-hidden="true" />
      {bare ? null : <span>{label}</span>}
    </label>
  );
}
