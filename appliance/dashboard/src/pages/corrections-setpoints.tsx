// Setpoints as they stand in the controller, and how far the box may still move them.
import type { JSX } from "preact";
import type { PressLink, SetpointLine } from "../api/closing.ts";
import { dateTime, quantity } from "../domain/format.ts";
import { hourShare } from "../domain/guard.ts";
import { capital, name, t } from "../i18n/index.ts";
import { language, units } from "../state/prefs.ts";
import { Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty } from "../ui/states.tsx";

const by = (who: string): string => (who === "moldsight" ? t("corrections.by_box") : who === "press" ? t("corrections.by_press") : who);

export function SetpointPanel({ setpoints, press }: { setpoints: SetpointLine[]; press: PressLink }): JSX.Element | null {
  // Without a press the advice panel says so already.
  if (press.protocol === "none") return null;
  const old = press.state !== "connected";
  return (
    <Panel title={t("corrections.setpoints")} note={t("corrections.setpoints_note")} class="wide">
      {setpoints.length === 0 ? (
        <Empty title={t("corrections.no_setpoints")}>{t("corrections.no_setpoints_means")}</Empty>
      ) : (
        <div class={old ? "table-scroll old" : "table-scroll"}>
          <table class="numbers">
            <thead>
              <tr>
                <th>{t("corrections.setpoint")}</th>
                <th class="number">{t("corrections.value")}</th>
                <th class="number">{t("corrections.recipe")}</th>
                <th class="number">{t("corrections.limits")}</th>
                <th class="number">{t("corrections.step")}</th>
                <th>{t("corrections.hour")}</th>
                <th>{t("corrections.changed_by")}</th>
              </tr>
            </thead>
            <tbody>
              {setpoints.map((one) => (
                <Line key={one.setpoint} line={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Line({ line }: { line: SetpointLine }): JSX.Element {
  const { setpoint, unit, value, recipe, changed_by, changed_ms, movable, low, high, step, per_hour, used_hour } = line;
  const shown = (one: number, meaning: "value" | "difference" = "value"): string => quantity(one, null, unit, units(), meaning);
  const share = hourShare(line);
  const moved = value !== null && recipe !== null && Math.abs(value - recipe) > 1e-9 * Math.abs(recipe);
  return (
    <tr class={moved ? "moved" : ""}>
      <th scope="row">{capital(name("setpoint", setpoint))}</th>
      <td class="number strong">
        <Quantity value={value} sd={null} unit={unit} />
      </td>
      <td class="number">
        <Quantity value={recipe} sd={null} unit={unit} />
      </td>
      {movable && low !== null && high !== null && step !== null ? (
        <>
          <td class="number">{`${shown(low)} … ${shown(high)}`}</td>
          <td class="number">± {shown(step, "difference")}</td>
        </>
      ) : (
        <td colSpan={2} class="number note">
          {t("corrections.not_movable")}
        </td>
      )}
      <td>
        {share === null || per_hour === null ? (
          "–"
        ) : (
          <span class="hour">
            <span class="meter" aria-hidden="true">
              <span style={{ transform: `scaleX(${share.toFixed(3)})` }} />
            </span>
            {t("corrections.used_of", { used: shown(used_hour, "difference"), all: shown(per_hour, "difference") })}
          </span>
        )}
      </td>
      <td>
        {changed_by === null ? "–" : by(changed_by)}
        {changed_ms === null ? null : <span class="note"> {dateTime(changed_ms, language.value)}</span>}
      </td>
    </tr>
  );
}
