// State of the guard with the one key, the advice that waits, and the mode.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, put } from "../api/client.ts";
import type { CorrectionNow } from "../api/closing.ts";
import type { Mode } from "../api/types.ts";
import { dateTime, seconds } from "../domain/format.ts";
import { guardTone, secondsLeft } from "../domain/guard.ts";
import { name, t } from "../i18n/index.ts";
import { snapshot } from "../state/live.ts";
import { useAction } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Mark, Shape } from "../ui/marks.tsx";
import { Panel } from "../ui/panel.tsx";
import { ActionError, Empty } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";
import { Decline, EffectTable, guardWords, OffKey, reasonSentence, stepWords, useConfirm, WhyDialog } from "./decision.tsx";

interface Props {
  now: CorrectionNow;
  again: () => void;
}

/** The state to be read from three metres, why, and what takes it all off. */
export function StatePanel({ now: { guard, arms_to, mode, press }, again }: Props): JSX.Element {
  const { busy, error, run } = useAction();
  const tone = guardTone(guard);
  const act = (path: string, words: string): void =>
    void run(() => post(path)).then((done) => {
      if (done) say(words);
      again();
    });
  return (
    <section class={`panel guard-panel tone-${tone}`} aria-label={t("corrections.state")}>
      <Shape tone={tone} />
      <div class="guard-words">
        <h2>{name("guard.state", guard.state)}</h2>
        <p>{guardWords(guard)}</p>
        {press.state === "lost" ? <p class="guard-lost">{t("corrections.link_lost", { age: seconds(press.age_s ?? 0) })}</p> : null}
        <p class="note">{t("corrections.since", { time: dateTime(guard.since_ms, language.value) })}</p>
        <ActionError error={error} />
      </div>
      <div class="guard-keys">
        {guard.state === "edited" ? (
          <Button tone="main" busy={busy} disabled={!may("operator")} onPress={() => act("/correction/accept", t("corrections.accept_done"))}>
            {t("corrections.accept")}
          </Button>
        ) : null}
        {guard.state === "released" && arms_to !== null ? (
          <Button busy={busy} disabled={!may("engineer")} title={may("engineer") ? undefined : t("corrections.not_allowed")} onPress={() => act("/correction/arm", t("corrections.arm_done"))}>
            {t("corrections.arm", { mode: t(`mode.${arms_to}`) })}
          </Button>
        ) : null}
        {mode === "observe" ? null : <OffKey big onDone={again} />}
      </div>
    </section>
  );
}

export function AdvicePanel({ now, again }: Props): JSX.Element {
  const [why, setWhy] = useState(false);
  const { confirm, busy, error } = useConfirm(again);
  const { advice, mode, guard } = now;
  if (advice === null) {
    const words =
      guard.state === "none" ? (
        <Empty title={t("corrections.no_press")}>{t("corrections.no_press_means")}</Empty>
      ) : mode === "observe" && guard.state !== "released" ? (
        <Empty title={t("corrections.observing")}>{t("corrections.observing_means")}</Empty>
      ) : guardTone(guard) === "good" ? (
        <Empty title={t("corrections.nothing")}>{t("corrections.nothing_means")}</Empty>
      ) : (
        <Empty title={t("corrections.held")}>{guardWords(guard)}</Empty>
      );
    return (
      <Panel title={t("corrections.advice")} class="advice-panel">
        {words}
        {error}
      </Panel>
    );
  }
  const left = secondsLeft(advice.expires_ms, snapshot.value?.wall_ms ?? Date.now());
  return (
    <Panel title={t("corrections.advice")} class="advice-panel" aside={left === null ? undefined : <span class="note">{t("corrections.answer_within", { seconds: left })}</span>}>
      <p class="advice-steps">
        {advice.changes.map((one) => (
          <b key={one.setpoint}>{stepWords(one)}</b>
        ))}
      </p>
      <p>{reasonSentence(advice.reason)}</p>
      <EffectTable effect={advice.effect} />
      {error}
      <div class="advice-answers">
        <Button tone="main" busy={busy} disabled={!may("operator")} onPress={() => confirm(advice.id)}>
          {t("corrections.confirm")}
        </Button>
        <Decline id={advice.id} onDone={again} />
        <Button tone="quiet" onPress={() => setWhy(true)}>
          {t("live.why")}
        </Button>
      </div>
      {why ? <WhyDialog decision={advice} onClose={() => setWhy(false)} /> : null}
    </Panel>
  );
}

const MODES: readonly Mode[] = ["observe", "advise", "correct"];

/** Down is always allowed to an operator; up is for an engineer. Mirrors the rule of the box, which decides. */
function allowed(from: Mode, to: Mode): boolean {
  if (may("engineer")) return true;
  return may("operator") && MODES.indexOf(to) < MODES.indexOf(from);
}

export function ModePanel({ now: { mode, guard }, again }: Props): JSX.Element {
  const [asked, setAsked] = useState<Mode | null>(null);
  const { busy, error, run, clear } = useAction();
  const change = (to: Mode): void =>
    void run(() => put("/mode", { mode: to })).then((done) => {
      setAsked(null);
      if (done) say(t("corrections.mode_done", { mode: t(`mode.${to}`) }));
      again();
    });
  const noPress = guard.state === "none";
  return (
    <Panel title={t("corrections.mode")} class="mode-panel">
      <ul class="modes">
        {MODES.map((one) => {
          const may_ = allowed(mode, one) && !noPress;
          return (
            <li key={one} class={one === mode ? "current" : ""}>
              <div>
                <h3>
                  {t(`mode.${one}`)} {one === mode ? <Mark tone="good">{t("corrections.now")}</Mark> : null}
                </h3>
                <p>{t(`corrections.means.${one}`)}</p>
              </div>
              {one === mode ? null : (
                <Button
                  disabled={!may_}
                  label={t("corrections.change_to", { mode: t(`mode.${one}`) })}
                  title={may_ ? undefined : noPress ? t("corrections.no_press") : t("corrections.not_allowed")}
                  onPress={() => {
                    clear();
                    setAsked(one);
                  }}
                >
                  {t(`mode.${one}`)}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      <ActionError error={error} />
      {asked === null ? null : (
        <Dialog title={t("corrections.change_to", { mode: t(`mode.${asked}`) })} onClose={() => setAsked(null)}>
          <p>{t(`corrections.means.${asked}`)}</p>
          <div class="menu-ends">
            <Button onPress={() => setAsked(null)}>{t("state.cancel")}</Button>
            <Button tone="main" busy={busy} onPress={() => change(asked)}>
              {t("corrections.change_to", { mode: t(`mode.${asked}`) })}
            </Button>
          </div>
        </Dialog>
      )}
    </Panel>
  );
}
