// The lower half of Live: the verdict to be read from three metres, and the numbers behind it.
import type { JSX } from "preact";
import type { LiveSnapshot, QualityLine, VerdictReason } from "../api/types.ts";
import { percent } from "../domain/format.ts";
import { concern, reasonFor, type Reason } from "../domain/verdict.ts";
import { capital, humanize, known, name, t } from "../i18n/index.ts";
import { old, snapshot } from "../state/live.ts";
import { Shape, trustTone, verdictTone } from "../ui/marks.tsx";
import { Quantity } from "../ui/quantity.tsx";

export function reasonWords(reason: Reason): string {
  switch (reason.kind) {
    case "inside":
      return t("why.inside");
    case "no_limits":
      return t("why.no_limits");
    case "not_trusted":
      return t("why.not_trusted");
    case "indicator":
      return t("why.indicator", { defect: name("indicator", reason.indicator.name), chance: percent(reason.indicator.probability) });
    case "concern": {
      const { concern: found } = reason;
      const what = name("feature", found.name);
      if (found.side === "low") return found.outside ? t("why.below", { what }) : t("why.crosses_low", { what });
      return found.outside ? t("why.above", { what }) : t("why.crosses_high", { what });
    }
    case "unnamed":
      return t("why.unnamed");
    case "none":
      return t("why.none");
  }
}

/** Nothing here is certain: a chance beyond 99 in 100 is shown as that. */
const chance = (share: number): string => (share > 0.99 ? `> ${percent(0.99)}` : share < 0.01 ? `< ${percent(0.01)}` : percent(share));

/** The box's own reason, where it gives one. */
export function boxReason(reason: VerdictReason | null | undefined): string | null {
  if (reason === null || reason === undefined) return null;
  const subject = reason.subject ?? "";
  const what = known(`feature.${subject}`) ?? known(`quality.${subject}`) ?? known(`indicator.${subject}`) ?? humanize(subject.replace("dimension.", ""));
  return known(`reason.${reason.key}`, { what, chance: chance(reason.chance ?? 0) });
}

/** The trust sentence; a subject may itself be a name of ours (a latent). */
export function trustWords({ trust }: Pick<LiveSnapshot, "trust">): string {
  const subject = trust.subject === null ? "" : (known(`latent.${trust.subject}`) ?? trust.subject);
  return capital(known(trust.reason, { subject }) ?? known(`trust.${trust.reason}`, { subject }) ?? humanize(trust.reason));
}

/** Hangul is a full em wide, Latin letters about half of one. */
const isLong = (words: string): boolean => [...words].reduce((width, letter) => width + (letter > "\u1100" ? 1 : 0.55), 0) > 3.8;

const sentence = (reason: Reason): string => capital(reasonWords(reason));

export function VerdictPanel(): JSX.Element | null {
  const now = snapshot.value;
  if (now === null) return null;
  const verdict = now.last_verdict;
  const trusted = now.trust.state === "trusted" || now.trust.state === "watch";
  const words = verdict === null ? t("verdict.none") : t(`verdict.${verdict}`);
  return (
    <section class={`live-verdict tone-${verdictTone(verdict)} ${old.value ? "old" : ""}`} aria-label={t("live.verdict")}>
      <Shape tone={verdictTone(verdict)} lozenge={verdict === "uncertain"} />
      <div>
        <strong class={isLong(words) ? "long" : ""}>{words}</strong>
        <p>{capital(boxReason(now.verdict_reason) ?? sentence(reasonFor(verdict, now.quality, now.indicators, trusted)))}</p>
        {now.output === null || now.output === undefined ? null : (
          // While a part is made the line rejects whatever falls: that says nothing about the part before.
          <p class="verdict-line">{now.phase === "idle" ? t("live.output", { verdict: t(`verdict.${now.output}`) }) : t("live.output_waits")}</p>
        )}
      </div>
    </section>
  );
}

/** What an operator asks for first stands first; the rest as the box sends it. */
const FIRST = ["part_weight", "end_of_fill_pressure", "core_at_ejection"];
const rank = ({ name: line }: QualityLine): number => (FIRST.indexOf(line) + FIRST.length + 1) % (FIRST.length + 1);

export function QualityPanel(): JSX.Element | null {
  const now = snapshot.value;
  if (now === null) return null;
  const lines = [...now.quality].sort((a, b) => rank(a) - rank(b)).slice(0, 4);
  return (
    <section class={old.value ? "live-quality panel old" : "live-quality panel"} aria-label={t("live.part")}>
      <div class="live-quality-lines">
        {lines.length === 0 ? <p class="note">{t("live.no_prediction")}</p> : lines.map((line) => <QualityTile key={line.name} line={line} />)}
      </div>
      <div class="live-trust">
        <Shape tone={trustTone(now.trust.state)} />
        <p>
          <b>{t(`trust.state.${now.trust.state}`)}</b> {trustWords(now)}
          {now.source === "witness" ? <em> {t("live.source_witness")}</em> : null}
        </p>
        <ul class="indicators">
          {now.indicators.map((one) => (
            <li key={one.name} class={one.probability >= 0.5 ? "likely" : one.probability >= 0.2 ? "possible" : ""}>
              {name("indicator", one.name)} <b>{percent(one.probability)}</b>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function QualityTile({ line }: { line: QualityLine }): JSX.Element {
  const found = concern(line);
  return (
    <div class="tile">
      <span class="tile-name">{name("quality", line.name)}</span>
      <Quantity value={line.value} sd={line.sd} unit={line.unit} name={line.name} />
      {found === null ? null : (
        <span class={found.outside ? "tile-flag bad" : "tile-flag watch"}>
          <Shape tone={found.outside ? "bad" : "watch"} />
          {found.side === "low" ? t("live.low") : t("live.high")}
        </span>
      )}
    </div>
  );
}
