// The recipe, as far as the press does not tell it itself.
import type { JSX } from "preact";
import type { CycleSetup } from "../api/records.ts";
import { shownAs } from "../domain/units.ts";
import { t, type Key } from "../i18n/index.ts";
import { units } from "../state/prefs.ts";
import { Panel } from "../ui/panel.tsx";
import { WireField } from "./number-field.tsx";
import type { Editing } from "./setup.tsx";

const FIELDS: [keyof CycleSetup, Key, string][] = [
  ["cycle_s", "setpoint.cycle", "s"],
  ["melt_k", "setpoint.melt_temperature", "K"],
  ["wall_k", "setpoint.mold_temperature", "K"],
  ["injection_rate_m3_per_s", "setpoint.injection_rate", "m3/s"],
  ["hold_pressure_pa", "setpoint.hold_pressure", "Pa"],
  ["hold_time_s", "setpoint.hold_time", "s"],
  ["cooling_time_s", "setpoint.cooling_time", "s"],
];

export function CyclePanel({ editing: { draft, change, locked } }: { editing: Editing }): JSX.Element {
  return (
    <Panel title={t("setup.cycle")} note={t("setup.cycle_note")}>
      <div class="three">
        {FIELDS.map(([field, label, unit]) => (
          <WireField key={field} label={t(label)} value={draft.cycle[field] ?? null} shown={shownAs(unit, units())} disabled={locked} onValue={(value) => change({ cycle: { ...draft.cycle, [field]: value } })} />
        ))}
      </div>
    </Panel>
  );
}
