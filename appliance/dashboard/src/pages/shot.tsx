// One shot opened: its curves, scrubbed by finger, slider or arrow keys; what was known of it and what became of it.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { get, put, query } from "../api/client.ts";
import type { SensorKind, SensorView, ShotDetail } from "../api/types.ts";
import { shotCurves } from "../charts/curve-data.ts";
import { Curves } from "../charts/curves.tsx";
import { dateTime, fixed, percent } from "../domain/format.ts";
import { at } from "../domain/decimate.ts";
import { sensorInks } from "../domain/sensors.ts";
import { shownAs, toShown } from "../domain/units.ts";
import { capital, humanize, known, name, t } from "../i18n/index.ts";
import { loadReference, mold, reference } from "../state/live.ts";
import { useAction, useAsked } from "../state/load.ts";
import { language, units } from "../state/prefs.ts";
import { hrefOf } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Button, Field, Segmented, Select } from "../ui/controls.tsx";
import { Sign } from "../ui/icons.tsx";
import { Mark, TrustMark, VerdictMark } from "../ui/marks.tsx";
import { Fact, PageHead, Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { ActionError, Empty, Shown } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";
import { Legend } from "./live-curves.tsx";
import { featureWords } from "./feature-words.ts";
import { boxReason } from "./live-verdict.tsx";
import { ShotPress } from "./shot-press.tsx";

const POINTS = 800;

export function ShotView({ shot }: { shot: number }): JSX.Element {
  const asked = useAsked(`shot ${shot}`, () => get<ShotDetail>(`/shots/${shot}${query({ points: POINTS })}`));
  const isReference = reference.value?.row.shot === shot;
  const { busy, error, run } = useAction();
  const makeReference = (): void =>
    void run(async () => {
      await put(`/reference/${shot}`);
      await loadReference();
      say(t("shot.reference_done", { shot }));
    });
  return (
    <>
      <PageHead title={`${t("word.shot")} ${shot}`}>
        <a class="button icon-only" href={hrefOf("shots", Math.max(0, shot - 1))} aria-label={t("shot.before")} title={t("shot.before")}>
          <Sign name="back" />
        </a>
        <a class="button icon-only" href={hrefOf("shots", shot + 1)} aria-label={t("shot.after")} title={t("shot.after")}>
          <Sign name="next" />
        </a>
        {isReference ? (
          <Mark tone="good">{t("shot.is_reference")}</Mark>
        ) : may("engineer") ? (
          <Button busy={busy} onPress={makeReference}>
            {t("shot.make_reference")}
          </Button>
        ) : null}
        <a class="button" href={hrefOf("shots")}>
          {t("shot.all")}
        </a>
      </PageHead>
      <ActionError error={error} />
      <Shown asked={asked}>{(detail) => <Detail detail={detail} again={asked.again} />}</Shown>
    </>
  );
}

/** Sensors of a shot; the mold of today may not be the mold of then. */
function sensorsOf(detail: ShotDetail): SensorView[] {
  const drawn = mold.value?.sensors ?? [];
  return detail.curves.map((curve) => {
    const found = drawn.find((sensor) => sensor.name === curve.sensor);
    const kind: SensorKind = found?.kind ?? (curve.sensor.startsWith("t") ? "temperature" : "pressure");
    return found ?? { name: curve.sensor, kind, real: curve.measured.some((value) => value !== null), used: false, at_m: [0, 0, 0] };
  });
}

function Detail({ detail, again }: { detail: ShotDetail; again: () => void }): JSX.Element {
  const sensors = sensorsOf(detail);
  const [kind, setKind] = useState<SensorKind>("pressure");
  const shown = shownAs(kind === "pressure" ? "Pa" : "K", units());
  const inks = sensorInks(sensors, kind);
  const compare = reference.value?.row.shot === detail.row.shot ? null : reference.value;
  const data = useMemo(() => shotCurves(detail, inks, compare, shown), [detail, kind, shown.unit, compare]);
  const start = data.time[0] ?? 0;
  const end = data.time.at(-1) ?? 1;
  const [cursor, setCursor] = useState<number | null>(null);
  const moment = Math.min(end, Math.max(start, cursor ?? firstLook(detail)));
  const range = kind === "temperature" && mold.value !== null ? ([Math.floor(toShown(mold.value.wall_k, shown) / 10) * 10 - 10, Math.ceil(toShown(mold.value.melt_k, shown) / 10) * 10 + 10] as [number, number]) : undefined;
  return (
    <div class="shot">
      <Panel class="shot-curves">
        <div class="panel-head">
          <Segmented
            compact
            label={t("live.curves")}
            value={kind}
            onChoose={setKind}
            choices={[
              { value: "pressure", words: t("live.pressure") },
              { value: "temperature", words: t("live.temperature"), disabled: !sensors.some((sensor) => sensor.kind === "temperature") },
            ]}
          />
          <Legend hasReference={compare !== null} live={false} />
        </div>
        {inks.length === 0 || data.time.length === 0 ? (
          <Empty title={t("shot.no_curves")}>{t("shot.no_curves_means")}</Empty>
        ) : (
          <>
            <div class="curves-box">
              <Curves data={data} unit={shown.unit} label={t("live.curves_picture", { unit: shown.unit, names: inks.map((one) => one.name).join(", ") })} version={`${data.time.length} ${moment} ${shown.unit} ${kind} ${detail.row.shot} ${compare?.row.shot ?? ""}`} cursor={moment} onPick={setCursor} {...(range === undefined ? {} : { range })} />
            </div>
            <label class="scrub">
              <span class="unseen">{t("shot.scrub")}</span>
              <input type="range" min={start} max={end} step={(end - start) / 1000} value={moment} onInput={(event) => setCursor(Number(event.currentTarget.value))} aria-valuetext={`${fixed(moment, 2)} s`} />
              <output>
                {fixed(moment, 2)}
                {"\u202f"}s
              </output>
            </label>
            <AtMoment detail={detail} sensors={sensors.filter((sensor) => sensor.kind === kind)} moment={moment} />
          </>
        )}
      </Panel>
      <div class="shot-side">
        <Facts detail={detail} />
        <ShotPress detail={detail} />
        <Latents detail={detail} />
        <Labels detail={detail} again={again} />
      </div>
    </div>
  );
}

/** The middle of the hold phase: where most is going on and nothing is steep. */
function firstLook({ phases }: ShotDetail): number {
  const begin = (name: string): number => phases.find(([phase]) => phase === name)?.[1] ?? 0;
  return begin("hold") + Math.max(0, begin("cool") - begin("hold")) * 0.55;
}

function AtMoment({ detail, sensors, moment }: { detail: ShotDetail; sensors: SensorView[]; moment: number }): JSX.Element {
  return (
    <table class="moment">
      <thead>
        <tr>
          <th>{t("shot.at", { seconds: fixed(moment, 2) })}</th>
          <th class="number">{t("word.measured")}</th>
          <th class="number">{t("word.estimate")}</th>
          <th class="number">{t("shot.difference")}</th>
        </tr>
      </thead>
      <tbody>
        {sensors.map((sensor) => {
          const curve = detail.curves.find((one) => one.sensor === sensor.name);
          if (curve === undefined) return null;
          const unit = sensor.kind === "pressure" ? "Pa" : "K";
          const measured = at(curve.time_s, curve.measured, moment);
          const estimate = at(curve.time_s, curve.estimate, moment);
          return (
            <tr key={sensor.name}>
              <th scope="row">{sensor.name}</th>
              <td class="number">
                <Quantity value={measured} sd={null} unit={unit} />
              </td>
              <td class="number">
                <Quantity value={estimate} sd={at(curve.time_s, curve.sd, moment)} unit={unit} />
              </td>
              <td class="number">
                <Quantity value={measured === null || estimate === null ? null : measured - estimate} sd={null} unit={unit} meaning="difference" />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Facts({ detail }: { detail: ShotDetail }): JSX.Element {
  const { row } = detail;
  return (
    <Panel title={t("shot.part")}>
      <div class="marks">
        <VerdictMark verdict={row.verdict} />
        <TrustMark state={row.trust} />
        {row.kind === "production" ? null : <span class="kind">{t(`kind.${row.kind}`)}</span>}
        <span class="note">{boxReason(row.verdict_reason) ?? ""}</span>
      </div>
      <dl class="facts">
        <Fact label={t("shots.time")}>{dateTime(row.started_ms, language.value)}</Fact>
        <Fact label={t("shots.lot")}>{row.lot ?? "–"}</Fact>
        {row.quality.map((line) => (
          <Fact key={line.name} label={name("feature", line.name)}>
            <Quantity value={line.value} sd={line.sd} unit={line.unit} name={line.name} />
          </Fact>
        ))}
        {(row.taught ?? []).map((one) => (
          <Fact key={`${one.name} by physics`} label={t("shot.by_physics", { what: name("feature", one.name), labels: one.labels })}>
            <Quantity value={one.physics} sd={one.physics_sd} unit={one.unit} name={one.name} />
            {one.flags.map((flag) => (
              <span key={flag} class="note">
                {" "}
                {known(`flag.${flag}`) ?? humanize(flag)}
              </span>
            ))}
          </Fact>
        ))}
        {row.indicators.map((one) => (
          <Fact key={one.name} label={name("indicator", one.name)}>
            {percent(one.probability)}
          </Fact>
        ))}
        {row.features.map(([feature, value]) => {
          const { words, plain, unit } = featureWords(feature);
          return (
            <Fact key={feature} label={words}>
              <Quantity value={value} sd={null} unit={unit} name={plain} />
            </Fact>
          );
        })}
      </dl>
      {detail.events.length === 0 ? null : (
        <ul class="events">
          {detail.events.map((event, at) => (
            <li key={at}>
              <b>
                {fixed(event.after_s, 2)}
                {"\u202f"}s
              </b>{" "}
              {known(`event.${event.kind}`) ?? event.text} ({event.source})
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Latents({ detail }: { detail: ShotDetail }): JSX.Element | null {
  if (detail.latents.length === 0) return null;
  return (
    <Panel title={t("shot.latents")}>
      <dl class="facts">
        {detail.latents.map(([latent, value, sd, unit]) => (
          <Fact key={latent} label={name("latent", latent)}>
            <Quantity value={value} sd={sd} unit={unit} meaning="difference" name={latent} />
          </Fact>
        ))}
      </dl>
    </Panel>
  );
}

const LABELS = ["part_weight_g", "length_mm", "thickness_mm"];

/** What somebody measured on the part itself; it calibrates the predictions later. */
function Labels({ detail, again }: { detail: ShotDetail; again: () => void }): JSX.Element {
  const [label, setLabel] = useState(LABELS[0] ?? "");
  const [value, setValue] = useState("");
  const { busy, error, run } = useAction();
  const number = Number(value.replace(",", "."));
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(() => put(`/shots/${detail.row.shot}/labels`, { name: label, value: number })).then((done) => {
      if (!done) return;
      setValue("");
      say(t("shot.label_done"));
      again();
    });
  };
  return (
    <Panel title={t("shot.labels")} note={t("shot.labels_note")}>
      {detail.row.labels.length === 0 ? null : (
        <dl class="facts">
          {detail.row.labels.map(([one, measured]) => (
            <Fact key={one} label={known(`label.${one}`) ?? humanize(one)}>
              {fixed(measured, 3)}
            </Fact>
          ))}
        </dl>
      )}
      {may("operator") ? (
        <form class="label-form" onSubmit={submit}>
          <Select label={t("shot.label_name")} value={label} onChoose={setLabel} choices={LABELS.map((one) => ({ value: one, words: capital(known(`label.${one}`) ?? one) }))} />
          <Field label={t("shot.label_value")} value={value} onInput={setValue} type="number" required />
          <Button type="submit" busy={busy} disabled={value === "" || !Number.isFinite(number)}>
            {t("state.save")}
          </Button>
          <ActionError error={error} />
        </form>
      ) : null}
    </Panel>
  );
}
