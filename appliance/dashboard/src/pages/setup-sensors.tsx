// Which channel of which node feeds which sensor of the mold.
import type { JSX } from "preact";
import type { SensorSetup } from "../api/records.ts";
import { t } from "../i18n/index.ts";
import { Select, Switch } from "../ui/controls.tsx";
import { Panel } from "../ui/panel.tsx";
import { Empty } from "../ui/states.tsx";
import { WireField } from "./number-field.tsx";
import type { Editing } from "./setup.tsx";

/** A factor and an offset are entered as the sheet of the sensor states them: in SI, as the box keeps them. */
const PLAIN = { unit: "", factor: 1, offset: 0, decimals: 6 };

export function SensorsPanel({ editing: { draft, change, locked }, names }: { editing: Editing; names: string[] }): JSX.Element {
  const set = (index: number, part: Partial<SensorSetup>): void => change({ sensors: draft.sensors.map((one, i) => (i === index ? { ...one, ...part } : one)) });
  const doubled = new Set(draft.sensors.flatMap((one, i) => (one.sensor !== null && draft.sensors.some((other, j) => j !== i && other.sensor === one.sensor) ? [one.sensor] : [])));
  return (
    <Panel title={t("setup.sensors")} note={t("setup.sensors_note")} class="wide">
      {draft.sensors.length === 0 ? (
        <Empty title={t("setup.no_channels")}>{t("health.no_nodes_do")}</Empty>
      ) : (
        <div class="table-scroll">
          <table class="edit">
            <thead>
              <tr>
                <th>{t("health.channel")}</th>
                <th>{t("setup.feeds")}</th>
                <th>{t("setup.scale")}</th>
                <th>{t("setup.offset")}</th>
                <th>{t("setup.used")}</th>
              </tr>
            </thead>
            <tbody>
              {draft.sensors.map((one, i) => (
                <tr key={one.channel}>
                  <th scope="row">{one.channel}</th>
                  <td>
                    <Select bare label={t("setup.feeds_of", { channel: one.channel })} value={one.sensor ?? ""} disabled={locked} onChoose={(sensor) => set(i, { sensor: sensor === "" ? null : sensor })} choices={[{ value: "", words: t("setup.unused") }, ...[...new Set([...names, ...(one.sensor === null ? [] : [one.sensor])])].map((value) => ({ value, words: value }))]} />
                    {one.sensor !== null && doubled.has(one.sensor) ? <p class="hint bad">{t("setup.doubled")}</p> : null}
                  </td>
                  <td>
                    <WireField bare label={t("setup.scale_of", { channel: one.channel })} value={one.scale} shown={PLAIN} disabled={locked} onValue={(scale) => set(i, { scale })} />
                  </td>
                  <td>
                    <WireField bare label={t("setup.offset_of", { channel: one.channel })} value={one.offset} shown={PLAIN} disabled={locked} onValue={(offset) => set(i, { offset })} />
                  </td>
                  <td>
                    <Switch bare label={t("setup.used_of", { channel: one.channel })} checked={one.used} disabled={locked} onChange={(used) => set(i, { used })} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
