// What a part must keep to. Verdicts and capability are computed against these.
import type { JSX } from "preact";
import type { Limit } from "../api/records.ts";
import { shownAs } from "../domain/units.ts";
import { t } from "../i18n/index.ts";
import { units } from "../state/prefs.ts";
import { Button, Select } from "../ui/controls.tsx";
import { Sign } from "../ui/icons.tsx";
import { Panel } from "../ui/panel.tsx";
import { Empty } from "../ui/states.tsx";
import { WireField } from "./number-field.tsx";
import type { Editing } from "./setup.tsx";
import { featureWords } from "./shots-trend.tsx";

/** Predictions a limit can be set on, with their wire units. */
const LIMITABLE: Record<string, string> = {
  part_weight: "kg",
  shrinkage: "1",
  end_of_fill_pressure: "Pa",
  core_at_ejection: "K",
  peak_pressure: "Pa",
};

export function LimitsPanel({ editing: { draft, change, locked } }: { editing: Editing }): JSX.Element {
  const set = (index: number, part: Partial<Limit>): void => change({ limits: draft.limits.map((one, i) => (i === index ? { ...one, ...part } : one)) });
  const free = Object.keys(LIMITABLE).filter((one) => !draft.limits.some((limit) => limit.name === one));
  const add = (name: string): void => change({ limits: [...draft.limits, { name, lower: null, upper: null, unit: LIMITABLE[name] ?? "1" }] });
  return (
    <Panel title={t("setup.limits")} note={t("setup.limits_note")}>
      {draft.limits.length === 0 ? <Empty title={t("setup.no_limits")}>{t("setup.no_limits_means")}</Empty> : null}
      <ul class="limits">
        {draft.limits.map((limit, i) => {
          const shown = shownAs(limit.unit, units(), "value", limit.name);
          const crossed = limit.lower !== null && limit.upper !== null && limit.lower >= limit.upper;
          const what = featureWords(limit.name);
          return (
            <li key={limit.name}>
              <span class="limit-name">{what}</span>
              <WireField label={t("setup.lower")} value={limit.lower} shown={shown} disabled={locked} onValue={(lower) => set(i, { lower })} />
              <WireField label={t("setup.upper")} value={limit.upper} shown={shown} disabled={locked} onValue={(upper) => set(i, { upper })} {...(crossed ? { hint: t("setup.crossed") } : {})} />
              {locked ? null : (
                <Button tone="quiet" label={t("setup.remove_limit", { what })} onPress={() => change({ limits: draft.limits.filter((_, j) => j !== i) })}>
                  <Sign name="cross" />
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      {locked || free.length === 0 ? null : <Select label={t("setup.add_limit")} value="" onChoose={add} choices={[{ value: "", words: t("setup.choose") }, ...free.map((value) => ({ value, words: featureWords(value) }))]} />}
    </Panel>
  );
}
