// Who may write to the press, what is advised and why, what the press is set to.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, put } from "../api/client.ts";
import type { Mode } from "../api/types.ts";
import { splitUnit } from "../domain/units.ts";
import { known, name, t } from "../i18n/index.ts";
import { snapshot } from "../state/live.ts";
import { useAction } from "../state/load.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Mark } from "../ui/marks.tsx";
import { Fact, PageHead, Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { ActionError, Empty, Loading } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";
import { AdviceReasons, trustWords } from "./live-verdict.tsx";

const MODES: readonly Mode[] = ["observe", "advise", "correct"];

export function CorrectionsPage(): JSX.Element {
  const now = snapshot.value;
  return (
    <>
      <PageHead title={t("page.corrections")} lead={t("corrections.lead")} />
      {now === null ? (
        <Loading />
      ) : (
        <div class="corrections">
          <ModePanel mode={now.mode} />
          <Panel title={t("corrections.advice")} note={t("corrections.advice_note")}>
            {now.advice.length > 0 ? (
              <AdviceReasons advice={now.advice} />
            ) : now.mode === "observe" ? (
              <Empty title={t("corrections.observing")}>{t("corrections.observing_means")}</Empty>
            ) : now.trust.state === "trusted" ? (
              <Empty title={t("corrections.nothing")}>{t("corrections.nothing_means")}</Empty>
            ) : (
              <Empty title={t("corrections.held")}>{trustWords(now)}</Empty>
            )}
          </Panel>
          <PressPanel />
          <Panel title={t("corrections.history")}>
            <Empty title={t("corrections.no_history")}>{t("corrections.no_history_means")}</Empty>
          </Panel>
        </div>
      )}
    </>
  );
}

/** Down is always allowed to an operator; up is for an engineer. Mirrors the rule of the box, which decides. */
function allowed(from: Mode, to: Mode): boolean {
  if (may("engineer")) return true;
  return may("operator") && MODES.indexOf(to) < MODES.indexOf(from);
}

function ModePanel({ mode }: { mode: Mode }): JSX.Element {
  const [asked, setAsked] = useState<Mode | null>(null);
  const { busy, error, run, clear } = useAction();
  const change = (to: Mode): void =>
    void run(() => put("/mode", { mode: to })).then((done) => {
      setAsked(null);
      if (done) say(t("corrections.mode_done", { mode: t(`mode.${to}`) }));
    });
  const off = (): void => void run(() => post("/off")).then((done) => (done ? say(t("corrections.off_done")) : undefined));
  return (
    <Panel title={t("corrections.mode")} class="mode-panel">
      <ul class="modes">
        {MODES.map((one) => (
          <li key={one} class={one === mode ? "current" : ""}>
            <div>
              <h3>
                {t(`mode.${one}`)} {one === mode ? <Mark tone="good">{t("corrections.now")}</Mark> : null}
              </h3>
              <p>{t(`corrections.means.${one}`)}</p>
            </div>
            {one === mode ? null : (
              <Button
                disabled={!allowed(mode, one)}
                title={allowed(mode, one) ? undefined : t("corrections.not_allowed")}
                onPress={() => {
                  clear();
                  setAsked(one);
                }}
              >
                {t("corrections.change_to", { mode: t(`mode.${one}`) })}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <ActionError error={error} />
      <div class="off-line">
        <p class="note">{t("corrections.off_means")}</p>
        <Button tone="danger" busy={busy} disabled={!may("operator")} onPress={off}>
          {t("live.off")}
        </Button>
      </div>
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

function PressPanel(): JSX.Element {
  const press = snapshot.value?.press ?? null;
  return (
    <Panel title={t("corrections.press")} aside={press === null ? undefined : <Mark tone={press.connected ? "good" : "watch"}>{press.connected ? t("press.state.connected") : t("press.state.lost")}</Mark>}>
      {press === null ? (
        <Empty title={t("corrections.no_press")}>{t("corrections.no_press_means")}</Empty>
      ) : (
        <dl class={press.connected ? "facts" : "facts old"}>
          <Fact label={t("corrections.press_mode")}>{known(`press.mode.${press.operating_mode}`) ?? press.operating_mode}</Fact>
          {press.setpoints.map(([setpoint, value]) => {
            const { name: plain, unit } = splitUnit(setpoint);
            return (
              <Fact key={setpoint} label={name("setpoint", plain)}>
                <Quantity value={value} sd={null} unit={unit} />
              </Fact>
            );
          })}
        </dl>
      )}
    </Panel>
  );
}
