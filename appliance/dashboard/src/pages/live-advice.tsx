// The advice line of Live: what to change, what it does, confirm, why, and the one key.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get } from "../api/client.ts";
import type { Decision } from "../api/closing.ts";
import type { Advice, LiveSnapshot } from "../api/types.ts";
import { change } from "../domain/format.ts";
import { guardTone } from "../domain/guard.ts";
import { name, t } from "../i18n/index.ts";
import { old, snapshot } from "../state/live.ts";
import { useAction } from "../state/load.ts";
import { units } from "../state/prefs.ts";
import { hrefOf } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Shape } from "../ui/marks.tsx";
import { ActionError } from "../ui/states.tsx";
import { guardWords, OffKey, useConfirm, WhyDialog } from "./decision.tsx";

const effectWords = (advice: Advice): string => advice.effect.map((line) => `${name("feature", line.name)} ${change(line.value, line.unit, units(), line.sd, line.name)}`).join(", ");

/** Why there is no advice: the guard knows best, then the mode, then the trust. */
function silence({ guard, mode, press, trust }: LiveSnapshot): string {
  if (press != null && !press.connected) return t("live.no_link");
  if (guard !== null && guard !== undefined && guardTone(guard) !== "good") return guardWords(guard);
  if (mode === "observe") return t("live.observe_only");
  return trust.state === "trusted" ? t("live.no_advice") : t("live.held");
}

export function AdvicePanel(): JSX.Element | null {
  const [why, setWhy] = useState<Decision | null>(null);
  const asking = useAction();
  const { confirm, busy, error } = useConfirm(() => undefined);
  const now = snapshot.value;
  if (now === null) return null;
  const [first] = now.advice;
  const ask = (id: number): void => void asking.run(async () => setWhy(await get<Decision>(`/corrections/${id}`)));
  return (
    <section class={`live-advice panel mode-${now.mode}`} aria-label={t("live.advice")}>
      <header>
        {now.guard == null ? null : <Shape tone={guardTone(now.guard)} />}
        <h2>{now.guard == null ? t(`mode.${now.mode}`) : name("guard.state", now.guard.state)}</h2>
        {now.guard == null ? <span class="note">{t("live.mode")}</span> : <a href={hrefOf("corrections")}>{t(`mode.${now.mode}`)}</a>}
      </header>
      {first === undefined ? (
        <p class="advice-none">{silence(now)}</p>
      ) : (
        <div class={old.value ? "advice-list old" : "advice-list"}>
          {now.advice.slice(0, 2).map((advice) => (
            <span key={advice.setpoint} class="advice-line">
              {name("setpoint", advice.setpoint)} <b>{change(advice.change, advice.unit, units())}</b>
            </span>
          ))}
          <span class="note">{t("live.predicted", { effect: effectWords(first) })}</span>
        </div>
      )}
      {error}
      <ActionError error={asking.error} />
      <div class="advice-buttons">
        {first === undefined ? null : (
          <>
            <Button tone="main" busy={busy} disabled={!may("operator") || old.value} onPress={() => confirm(first.decision)}>
              {t("corrections.confirm")}
            </Button>
            <Button busy={asking.busy} onPress={() => ask(first.decision)}>
              {t("live.why")}
            </Button>
          </>
        )}
        {now.mode === "observe" || !may("operator") ? null : <OffKey />}
      </div>
      {why === null ? null : <WhyDialog decision={why} onClose={() => setWhy(null)} />}
    </section>
  );
}
