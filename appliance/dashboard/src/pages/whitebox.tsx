// What the box believes about the process, in physical quantities, and how far it may.
import type { JSX } from "preact";
import { get, query } from "../api/client.ts";
import type { InnovationLine, LatentLine, WhiteBox } from "../api/types.ts";
import { Series } from "../charts/series.tsx";
import { fixed, percent, quantity } from "../domain/format.ts";
import { shownAs, toShown } from "../domain/units.ts";
import { name, t } from "../i18n/index.ts";
import { useAsked } from "../state/load.ts";
import { units } from "../state/prefs.ts";
import { go } from "../state/route.ts";
import { Mark } from "../ui/marks.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { BeginAgain } from "./begin-again.tsx";

/** Below this share of learned variance a quantity cannot be told from its prior. */
const IDENTIFIABLE = 0.1;
const SHOTS = 100;

export function WhiteBoxPage(): JSX.Element {
  const asked = useAsked("whitebox", () => get<WhiteBox>(`/whitebox${query({ shots: SHOTS })}`), 10_000);
  return (
    <>
      <PageHead title={t("page.whitebox")} lead={t("whitebox.lead")}>
        <BeginAgain />
      </PageHead>
      <Shown asked={asked}>
        {(box) =>
          box.latents.every((line) => line.points.length === 0) ? (
            <Panel>
              <Empty title={t("whitebox.none")}>{t("whitebox.none_means")}</Empty>
            </Panel>
          ) : (
            <Body box={box} />
          )
        }
      </Shown>
    </>
  );
}

function Body({ box }: { box: WhiteBox }): JSX.Element {
  const seen = box.latents.filter((line) => line.learned >= IDENTIFIABLE).sort((a, b) => b.learned - a.learned);
  const unseen = box.latents.filter((line) => line.learned < IDENTIFIABLE);
  return (
    <div class="whitebox">
      <div class="whitebox-top">
        <EffectiveViscosity line={box.effective_viscosity} />
        <Help box={box} />
      </div>
      <h2 class="section">{t("whitebox.identified", { seen: seen.length, all: box.latents.length })}</h2>
      <div class="cards">
        {seen.map((line) => (
          <LatentCard key={line.name} line={line} />
        ))}
      </div>
      {unseen.length === 0 ? null : <NotIdentifiable lines={unseen} />}
      <h2 class="section">{t("whitebox.honest")}</h2>
      <div class="cards two-wide">
        {box.innovations.map((line) => (
          <InnovationCard key={line.measurement} line={line} />
        ))}
        <WitnessCard error={box.witness_error} />
      </div>
    </div>
  );
}

function EffectiveViscosity({ line }: { line: LatentLine }): JSX.Element {
  const last = line.points.at(-1);
  return (
    <Panel title={t("latent.effective_viscosity")} note={t("whitebox.at_rate")} aside={last === undefined ? undefined : <Quantity value={last.value} sd={last.sd} unit={line.unit} />}>
      {line.points.length === 0 ? <Empty title={t("whitebox.none")} /> : <Series quiet x={line.points.map((point) => point.shot)} values={line.points.map((point) => point.value)} sd={line.points.map((point) => point.sd)} shown={shownAs(line.unit, units())} label={t("latent.effective_viscosity")} onPick={(shot) => go("shots", shot)} span={(last?.value ?? 1) * 0.1} />}
    </Panel>
  );
}

function LatentCard({ line }: { line: LatentLine }): JSX.Element {
  const shown = shownAs(line.unit, units(), "difference", line.name);
  const last = line.points.at(-1);
  const [middle, spread] = line.prior;
  return (
    <Panel class="latent-card" title={name("latent", line.name)} aside={last === undefined ? undefined : <Quantity value={last.value} sd={last.sd} unit={line.unit} meaning="difference" name={line.name} />}>
      <Series small quiet x={line.points.map((point) => point.shot)} values={line.points.map((point) => point.value)} sd={line.points.map((point) => point.sd)} shown={shown} label={name("latent", line.name)} field={{ low: middle - spread, high: middle + spread }} span={spread * 1.2} onPick={(shot) => go("shots", shot)} />
      <div class="learned">
        <div class="meter" aria-hidden="true">
          <div style={{ transform: `scaleX(${line.learned.toFixed(3)})` }} />
        </div>
        <span>{t("whitebox.learned", { share: percent(line.learned) })}</span>
      </div>
      {line.at_bound ? <Mark tone="watch">{t("whitebox.at_bound", { low: fixed(toShown(line.bounds[0], shown), 1), high: quantity(line.bounds[1], null, line.unit, units(), "difference", line.name) })}</Mark> : null}
    </Panel>
  );
}

function NotIdentifiable({ lines }: { lines: LatentLine[] }): JSX.Element {
  return (
    <Panel title={t("whitebox.unseen")} note={t("whitebox.unseen_means")}>
      <ul class="unseen-list">
        {lines.map((line) => (
          <li key={line.name}>
            <span>{name("latent", line.name)}</span>
            <span class="note">
              {t("whitebox.assumed")} <Quantity value={line.prior[0]} sd={line.prior[1]} unit={line.unit} meaning="difference" name={line.name} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** A band that shrinks to 0.5 of itself is two times narrower. */
const narrowing = (factor: number): number => (factor > 0 && factor < 1 ? 1 / factor : factor);

function Help({ box }: { box: WhiteBox }): JSX.Element {
  const best = box.would_help.map(([place, factor]): [string, number] => [place, narrowing(factor)]).sort((a, b) => b[1] - a[1]).slice(0, 4);
  const top = best[0]?.[1] ?? 1;
  return (
    <Panel title={t("whitebox.help")} note={t("whitebox.help_means")}>
      {best.length === 0 ? (
        <Empty title={t("whitebox.no_help")} />
      ) : (
        <ol class="help">
          {best.map(([place, factor]) => (
            <li key={place}>
              <span class="help-place">{place}</span>
              <div class="meter" aria-hidden="true">
                <div style={{ transform: `scaleX(${Math.max(0, (factor - 1) / Math.max(top - 1, 0.01)).toFixed(3)})` }} />
              </div>
              <span>{factor < 1.05 ? t("whitebox.hardly") : t("whitebox.narrower", { factor: fixed(factor, 1) })}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

function InnovationCard({ line }: { line: InnovationLine }): JSX.Element {
  const recent = mean(line.nis.slice(-10));
  const gated = mean(line.gated.slice(-10));
  const tone = recent > 2.5 ? "bad" : recent > 1.6 || gated > 0.02 ? "watch" : "good";
  return (
    <Panel class="latent-card" title={t("whitebox.surprise", { what: line.measurement })} note={t("whitebox.surprise_means")}>
      <Series small x={line.shot} values={line.nis} shown={{ unit: "", factor: 1, offset: 0, decimals: 2 }} label={t("whitebox.surprise", { what: line.measurement })} levels={[{ at: 1, words: t("whitebox.expected"), tone: "good", dashed: true }]} fromZero span={2.2} />
      <p class="card-foot">
        <Mark tone={tone}>{t(`whitebox.bands.${tone}`)}</Mark>
        <span class="note">{t("whitebox.refused", { share: percent(gated, 1) })}</span>
      </p>
    </Panel>
  );
}

function WitnessCard({ error }: { error: [number, number][] }): JSX.Element {
  const last = error.at(-1)?.[1];
  return (
    <Panel class="latent-card" title={t("whitebox.witness")} note={t("whitebox.witness_means")} aside={last === undefined ? undefined : <span class="quantity">{percent(last, 1)}</span>}>
      {error.length === 0 ? <Empty title={t("whitebox.no_witness")} /> : <Series small quiet x={error.map(([shot]) => shot)} values={error.map(([, share]) => share)} shown={{ unit: "%", factor: 100, offset: 0, decimals: 1 }} label={t("whitebox.witness")} fromZero span={0.03} onPick={(shot) => go("shots", shot)} />}
    </Panel>
  );
}
