// The lower half of Live: the verdict to be read from three metres, the numbers behind it, and what to do.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import type { Advice, LiveSnapshot, QualityLine, VerdictReason } from "../api/types.ts";
import { change, percent } from "../domain/format.ts";
import { splitUnit } from "../domain/units.ts";
import { concern, reasonFor, type Reason } from "../domain/verdict.ts";
import { capital, humanize, known, name, t } from "../i18n/index.ts";
import { old, snapshot } from "../state/live.ts";
import { useAction } from "../state/load.ts";
import { units } from "../state/prefs.ts";
import { hrefOf } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Shape, trustTone, verdictTone } from "../ui/marks.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { ActionError } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";

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

/** The box's own reason, where it gives one. */
export function boxReason(reason: VerdictReason | null | undefined): string | null {
  if (reason === null || reason === undefined) return null;
  const subject = reason.subject ?? "";
  const what = known(`feature.${subject}`) ?? known(`quality.${subject}`) ?? known(`indicator.${subject}`) ?? humanize(subject.replace("dimension.", ""));
  return known(`reason.${reason.key}`, { what, chance: percent(reason.chance ?? 0) });
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
        {now.output === null || now.output === undefined ? null : <p class="note">{t("live.output", { verdict: t(`verdict.${now.output}`) })}</p>}
      </div>
    </section>
  );
}

export function QualityPanel(): JSX.Element | null {
  const now = snapshot.value;
  if (now === null) return null;
  const lines = now.quality.slice(0, 4);
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

const setpointWords = (setpoint: string): string => name("setpoint", splitUnit(setpoint).name);

/** `hold pressure +1.5 MPa` and what it should do. */
export function AdviceLine({ advice }: { advice: Advice }): JSX.Element {
  return (
    <span class="advice-line">
      {setpointWords(advice.setpoint)} <b>{change(advice.change, advice.unit, units())}</b>
    </span>
  );
}

export const effectWords = (advice: Advice): string =>
  advice.effect.map((line) => `${name("feature", line.name)} ${change(line.value, line.unit, units(), line.sd, line.name)}`).join(", ");

export function AdvicePanel(): JSX.Element | null {
  const [why, setWhy] = useState(false);
  const { busy, error, run } = useAction();
  const now = snapshot.value;
  if (now === null) return null;
  const off = (): void => void run(() => post("/off")).then((done) => (done ? say(t("corrections.off_done")) : undefined));
  return (
    <section class={`live-advice panel mode-${now.mode}`} aria-label={t("live.advice")}>
      <header>
        <h2>{t(`mode.${now.mode}`)}</h2>
        <span class="note">{t("live.mode")}</span>
      </header>
      {now.advice.length === 0 ? (
        <p class="advice-none">{now.mode === "observe" ? t("live.observe_only") : now.trust.state === "trusted" ? t("live.no_advice") : t("live.held")}</p>
      ) : (
        <ul class={old.value ? "advice-list old" : "advice-list"}>
          {now.advice.slice(0, 2).map((advice) => (
            <li key={advice.setpoint}>
              <AdviceLine advice={advice} />
              <span class="note">{t("live.predicted", { effect: effectWords(advice) })}</span>
            </li>
          ))}
        </ul>
      )}
      <ActionError error={error} />
      <div class="advice-buttons">
        {now.advice.length === 0 ? null : <Button onPress={() => setWhy(true)}>{t("live.why")}</Button>}
        {now.mode === "observe" || !may("operator") ? null : (
          <Button tone="danger" busy={busy} onPress={off} title={t("corrections.off_means")}>
            {t("live.off")}
          </Button>
        )}
      </div>
      {why ? (
        <Dialog title={t("live.why")} onClose={() => setWhy(false)}>
          <AdviceReasons advice={now.advice} />
          <p>
            <a href={hrefOf("whitebox")}>{t("live.to_whitebox")}</a>
          </p>
          <Button tone="main" onPress={() => setWhy(false)}>
            {t("state.close")}
          </Button>
        </Dialog>
      ) : null}
    </section>
  );
}

export function AdviceReasons({ advice }: { advice: Advice[] }): JSX.Element {
  return (
    <ul class="reasons">
      {advice.map((one) => (
        <li key={one.setpoint}>
          <AdviceLine advice={one} />
          <p>{known(one.reason) ?? known(`advice.${one.reason}`) ?? humanize(one.reason)}</p>
          <p class="note">{t("live.predicted", { effect: effectWords(one) })}</p>
        </li>
      ))}
    </ul>
  );
}
