// What the press said about a shot, and what people did before it.
import type { JSX } from "preact";
import type { ShotDetail } from "../api/types.ts";
import { dateTime } from "../domain/format.ts";
import { known, humanize, name, t } from "../i18n/index.ts";
import { language } from "../state/prefs.ts";
import { Fact, Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { transferWords } from "./transfer-line.tsx";

export function ShotPress({ detail }: { detail: ShotDetail }): JSX.Element | null {
  const { press, actions, transfer = null } = detail;
  if (press === null && actions.length === 0 && transfer === null) return null;
  return (
    <Panel title={t("shot.press")}>
      {transfer === null ? null : <p>{transferWords(transfer)}</p>}
      {press === null ? null : (
        <dl class="facts">
          {press.mode === null ? null : <Fact label={t("press.facts.mode")}>{known(`press.mode.${press.mode}`) ?? humanize(press.mode)}</Fact>}
          {press.cycle === null ? null : <Fact label={t("shot.press_cycle")}>{press.cycle}</Fact>}
          {press.recipe.map(([setpoint, value, unit]) => (
            <Fact key={`recipe ${setpoint}`} label={t("shot.press_set", { what: name("setpoint", setpoint) })}>
              <Quantity value={value} sd={null} unit={unit} name={setpoint} />
            </Fact>
          ))}
          {press.data.map(([what, value, unit]) => (
            <Fact key={`data ${what}`} label={name("press_data", what)}>
              <Quantity value={value} sd={null} unit={unit} name={what} />
            </Fact>
          ))}
        </dl>
      )}
      {actions.length === 0 ? null : (
        <ul class="events">
          {actions.map((one) => (
            <li key={`${one.at_utc} ${one.text}`}>
              <b>{dateTime(Date.parse(one.at_utc), language.value)}</b> {one.text} ({one.who})
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
