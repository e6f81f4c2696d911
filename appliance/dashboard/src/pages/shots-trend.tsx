// Any feature over the last shots, with its limits.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get, query } from "../api/client.ts";
import type { Trend } from "../api/types.ts";
import { Series, type Level } from "../charts/series.tsx";
import { shownAs, splitUnit } from "../domain/units.ts";
import { capital, name, t } from "../i18n/index.ts";
import { useAsked } from "../state/load.ts";
import { units } from "../state/prefs.ts";
import { go } from "../state/route.ts";
import { Segmented, Select } from "../ui/controls.tsx";
import { Panel } from "../ui/panel.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { useFeatures } from "./shots.tsx";

export const featureWords = (feature: string): string => capital(name("feature", splitUnit(feature).name));

export type Last = "50" | "200" | "1000";

/** Choice of feature and how far back; shared by trends and control charts. */
export function FeatureChoice({ feature, onFeature, last, onLast, features }: { feature: string; onFeature: (value: string) => void; last: Last; onLast: (value: Last) => void; features: string[] }): JSX.Element {
  return (
    <div class="filters">
      <Select label={t("trend.feature")} value={feature} onChoose={onFeature} choices={features.map((value) => ({ value, words: featureWords(value) }))} />
      <div class="field">
        <span class="label">{t("trend.last")}</span>
        <Segmented label={t("trend.last")} value={last} onChoose={onLast} choices={(["50", "200", "1000"] as const).map((value) => ({ value, words: t("trend.shots", { count: value }) }))} />
      </div>
    </div>
  );
}

export const useTrend = (feature: string, last: Last) =>
  useAsked(`trend ${feature} ${last}`, () => (feature === "" ? Promise.resolve(null) : get<Trend>(`/trends${query({ feature, last })}`)), 15_000);

/** Limits as levels of a chart. */
export function limitLevels([lower, upper]: Trend["limits"]): Level[] {
  const levels: Level[] = [];
  if (lower !== null) levels.push({ at: lower, words: t("trend.lower"), tone: "bad" });
  if (upper !== null) levels.push({ at: upper, words: t("trend.upper"), tone: "bad" });
  return levels;
}

/** A share has no unit of its own on the wire: its name says so. */
export const trendShown = (trend: Trend) => shownAs(trend.unit, units(), "value", splitUnit(trend.feature).name);

export function TrendView(): JSX.Element {
  const features = useFeatures();
  const [chosen, setChosen] = useState("");
  const [last, setLast] = useState<Last>("200");
  const feature = chosen === "" ? (features[0] ?? "") : chosen;
  const asked = useTrend(feature, last);
  return (
    <Panel class="chart-panel">
      <FeatureChoice feature={feature} onFeature={setChosen} last={last} onLast={setLast} features={features} />
      <Shown asked={asked}>
        {(trend) =>
          trend === null || trend.values.length === 0 ? (
            <Empty title={t("trend.none")}>{t("shots.none_yet")}</Empty>
          ) : (
            <>
              <Series x={trend.shots} values={trend.values} sd={trend.sd} shown={trendShown(trend)} label={featureWords(trend.feature)} levels={limitLevels(trend.limits)} onPick={(shot) => go("shots", shot)} />
              <p class="note">{t("trend.note")}</p>
            </>
          )
        }
      </Shown>
    </Panel>
  );
}
