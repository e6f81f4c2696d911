// Individuals and moving-range chart of one feature, with capability.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Trend } from "../api/types.ts";
import { Series, type Level } from "../charts/series.tsx";
import { capability, controlLimits, movingRanges, signals, type ControlLimits, type Signal } from "../domain/capability.ts";
import { fixed } from "../domain/format.ts";
import { shownAs, type Shown as ShownAs } from "../domain/units.ts";
import { t } from "../i18n/index.ts";
import { units } from "../state/prefs.ts";
import { go } from "../state/route.ts";
import { Mark, type Tone } from "../ui/marks.tsx";
import { Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { FeatureChoice, featureWords, limitLevels, trendShown, useTrend, type Last } from "./shots-trend.tsx";
import { useFeatures } from "./shots.tsx";

export function ControlView(): JSX.Element {
  const features = useFeatures();
  const [chosen, setChosen] = useState("");
  const [last, setLast] = useState<Last>("50");
  const feature = chosen === "" ? (features[0] ?? "") : chosen;
  const asked = useTrend(feature, last);
  return (
    <Panel class="chart-panel control">
      <FeatureChoice feature={feature} onFeature={setChosen} last={last} onLast={setLast} features={features} />
      <Shown asked={asked}>{(trend) => (trend === null ? <Empty title={t("trend.none")}>{t("shots.none_yet")}</Empty> : <Charts trend={trend} />)}</Shown>
    </Panel>
  );
}

function Charts({ trend }: { trend: Trend }): JSX.Element {
  const known = trend.values.flatMap((value, i) => (value === null ? [] : [{ value, shot: trend.shots[i] ?? 0 }]));
  const values = known.map((one) => one.value);
  const shots = known.map((one) => one.shot);
  const limits = controlLimits(values);
  if (limits === null) return <Empty title={t("control.few")}>{t("control.few_do")}</Empty>;
  const found = signals(values, limits);
  const shown = trendShown(trend);
  const ranges = movingRanges(values);
  const levels: Level[] = [
    { at: limits.mean, words: t("control.mean"), tone: "soft" },
    { at: limits.lower, words: t("control.lower"), tone: "watch", dashed: true },
    { at: limits.upper, words: t("control.upper"), tone: "watch", dashed: true },
    ...limitLevels(trend.limits),
  ];
  return (
    <>
      <Summary trend={trend} limits={limits} found={found} />
      <Series x={shots} values={values} shown={shown} label={t("control.individuals", { what: featureWords(trend.feature) })} levels={levels} flagged={new Set(found.keys())} points onPick={(shot) => go("shots", shot)} />
      <h3 class="chart-title">{t("control.ranges")}</h3>
      <Series
        small
        x={shots.slice(1)}
        values={ranges}
        shown={differences(shown, trend)}
        label={t("control.ranges")}
        tone="soft"
        fromZero
        points
        levels={[
          { at: limits.rangeMean, words: t("control.mean"), tone: "soft" },
          { at: limits.rangeUpper, words: t("control.upper"), tone: "watch", dashed: true },
        ]}
        flagged={new Set(ranges.flatMap((range, i) => (range > limits.rangeUpper ? [i] : [])))}
      />
    </>
  );
}

/** A range of temperatures has no zero point. */
const differences = (shown: ShownAs, trend: Trend): ShownAs => (trend.unit === "K" ? shownAs("K", units(), "difference") : shown);

/** 1.33 and 1.00: what the trade asks for, and what leaves no room at all. */
const capabilityTone = (cpk: number): Tone => (cpk >= 1.33 ? "good" : cpk >= 1 ? "watch" : "bad");

function Summary({ trend, limits, found }: { trend: Trend; limits: ControlLimits; found: Map<number, Signal> }): JSX.Element {
  const able = capability(limits.mean, limits.sigma, trend.limits[0], trend.limits[1]);
  const kinds = new Set(found.values());
  const stable = found.size === 0;
  return (
    <div class="summary">
      <div class="tile">
        <span class="tile-name">{t("control.process")}</span>
        <Mark tone={stable ? "good" : "watch"}>{stable ? t("control.stable") : t("control.moved")}</Mark>
        <span class="note">{stable ? t("control.stable_means") : [...kinds].map((kind) => t(`control.signal.${kind}`)).join(" ")}</span>
      </div>
      <div class="tile">
        <span class="tile-name">{t("control.mean_spread")}</span>
        <Quantity value={limits.mean} sd={limits.sigma} unit={trend.unit} name={trend.feature} />
        <span class="note">{t("control.spread_means")}</span>
      </div>
      <div class="tile">
        <span class="tile-name">{t("control.capability")}</span>
        {able === null ? (
          <span class="note">{t("control.no_limits")}</span>
        ) : (
          <>
            <span class="big-pair">
              {able.cp === null ? null : (
                <span>
                  Cp <b>{fixed(able.cp, 2)}</b>
                </span>
              )}
              <span>
                Cpk <b>{fixed(able.cpk, 2)}</b>
              </span>
            </span>
            <Mark tone={capabilityTone(able.cpk)}>{t(`control.capable.${capabilityTone(able.cpk) as "good" | "watch" | "bad"}`)}</Mark>
          </>
        )}
      </div>
    </div>
  );
}
