// The link to the press, in facts: on Corrections and on Health.
import type { JSX } from "preact";
import type { PressLink } from "../api/closing.ts";
import { dateTime, seconds } from "../domain/format.ts";
import { known, name, t } from "../i18n/index.ts";
import { language } from "../state/prefs.ts";
import { Mark, type Tone } from "../ui/marks.tsx";
import { Fact, Panel } from "../ui/panel.tsx";

const TONES: Record<string, Tone> = { connected: "good", connecting: "learning", stale: "watch", lost: "bad", refused: "bad" };

export const linkTone = (state: string): Tone => TONES[state] ?? "quiet";

const yesNo = (said: boolean | null): string => (said === null ? t("press.facts.not_said") : said ? t("press.facts.yes") : t("press.facts.no"));

export function PressLinkPanel({ link }: { link: PressLink }): JSX.Element {
  const { protocol, state, address, connected_ms, age_s, cycle, operating_mode, released, frozen, heartbeat_age_s, refusal } = link;
  const aside = <Mark tone={linkTone(state)}>{known(`press.state.${state}`) ?? state}</Mark>;
  if (protocol === "none") {
    return (
      <Panel title={t("health.press")} aside={aside} class="wide">
        <p class="note">{t("corrections.no_press_means")}</p>
      </Panel>
    );
  }
  return (
    <Panel title={t("health.press")} aside={aside} class="wide">
      <dl class={state === "connected" ? "facts wide" : "facts wide old"}>
        <Fact label={t("press.facts.protocol")}>{known(`press.port.${protocol}`) ?? protocol}</Fact>
        <Fact label={t("press.facts.address")}>{address ?? "–"}</Fact>
        <Fact label={t("press.facts.mode")}>{known(`press.mode.${operating_mode}`) ?? operating_mode}</Fact>
        <Fact label={t("press.facts.released")}>{yesNo(released)}</Fact>
        <Fact label={t("press.facts.frozen")}>{yesNo(frozen)}</Fact>
        <Fact label={t("press.facts.age")}>{age_s === null ? "–" : seconds(age_s)}</Fact>
        <Fact label={t("press.facts.heartbeat")}>{heartbeat_age_s === null ? t("press.facts.no_heartbeat") : t("press.facts.ago", { time: seconds(heartbeat_age_s) })}</Fact>
        <Fact label={t("press.facts.cycle")}>{cycle === null ? "–" : String(cycle)}</Fact>
        <Fact label={t("press.facts.connected")}>{connected_ms === null ? "–" : dateTime(connected_ms, language.value)}</Fact>
      </dl>
      {refusal === null ? null : (
        <p class="refusal">
          <b>{t("press.facts.refusal")}</b> {dateTime(refusal.wall_ms, language.value)}
          {refusal.setpoint === null ? "" : ` · ${name("setpoint", refusal.setpoint)}`} · {refusal.reason}
        </p>
      )}
    </Panel>
  );
}
