// One decision: what it would change, what that would do, and every rule with its numbers.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import type { Decision, Effect, GuardLine, RuleLine, SetpointChange } from "../api/closing.ts";
import { change as changeWords, quantity } from "../domain/format.ts";
import { capital, humanize, known, name, t } from "../i18n/index.ts";
import { useAction } from "../state/load.ts";
import { units } from "../state/prefs.ts";
import { hrefOf } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Button, Field } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Shape } from "../ui/marks.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { ActionError } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";

/** The sentence of the guard; a subject may itself be a name of ours (a setpoint). */
export function guardWords({ reason, subject }: Pick<GuardLine, "reason" | "subject">): string {
  const about = subject === null ? "" : (known(`setpoint.${subject}`) ?? subject);
  return known(reason, { subject: about }) ?? capital(humanize(reason));
}

export const reasonSentence = (reason: string): string => known(reason) ?? known(`advice.${reason}`) ?? capital(humanize(reason));

/** `hold pressure +1.5 MPa`. */
export const stepWords = ({ setpoint, value, before, unit }: SetpointChange): string => `${name("setpoint", setpoint)} ${changeWords(value - before, unit, units())}`;

export const stepsWords = (decision: Decision): string => decision.changes.map(stepWords).join(", ");

/** `part weight +0.030 ± 0.008 g`. */
export const effectWords = ({ name: what, change, unit, change_sd }: Effect): string => `${name("feature", what)} ${changeWords(change, unit, units(), change_sd, what)}`;

function targetWords({ target, tolerance, unit, name: what }: Effect): string {
  if (target === null) return "–";
  if (tolerance === null) return quantity(target, null, unit, units(), "value", what);
  return `${quantity(target - tolerance, null, unit, units(), "value", what)} … ${quantity(target + tolerance, null, unit, units(), "value", what)}`;
}

/** What is predicted; with `seen`, beside what was found. */
export function EffectTable({ effect, seen = false }: { effect: Effect[]; seen?: boolean }): JSX.Element {
  const shot = effect.find((one) => one.seen_shot !== null)?.seen_shot ?? null;
  return (
    <div class="table-scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th>{t("corrections.property")}</th>
            <th class="number">{t("corrections.without")}</th>
            <th class="number">{t("corrections.with")}</th>
            <th class="number">{t("corrections.change")}</th>
            {seen ? <th class="number">{shot === null ? t("corrections.not_seen") : t("corrections.seen", { shot })}</th> : null}
            <th class="number">{t("corrections.target")}</th>
          </tr>
        </thead>
        <tbody>
          {effect.map((one) => (
            <tr key={one.name}>
              <th scope="row">{capital(name("feature", one.name))}</th>
              <td class="number">
                <Quantity value={one.before} sd={one.before_sd} unit={one.unit} name={one.name} />
              </td>
              <td class="number">
                <Quantity value={one.after} sd={one.after_sd} unit={one.unit} name={one.name} />
              </td>
              <td class="number strong">{changeWords(one.change, one.unit, units(), one.change_sd, one.name)}</td>
              {seen ? (
                <td class="number">
                  <Quantity value={one.seen} sd={one.seen_sd} unit={one.unit} name={one.name} />
                </td>
              ) : null}
              <td class="number">{targetWords(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ChangeTable({ changes }: { changes: SetpointChange[] }): JSX.Element {
  return (
    <div class="table-scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th>{t("corrections.setpoint")}</th>
            <th class="number">{t("corrections.before")}</th>
            <th class="number">{t("corrections.wanted")}</th>
            <th class="number">{t("corrections.written")}</th>
            <th class="number">{t("corrections.read_back")}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map((one) => (
            <tr key={one.setpoint}>
              <th scope="row">{capital(name("setpoint", one.setpoint))}</th>
              {[one.before, one.wanted].map((value, i) => (
                <td key={i} class="number">
                  <Quantity value={value} sd={null} unit={one.unit} />
                </td>
              ))}
              <td class="number strong">
                <Quantity value={one.value} sd={null} unit={one.unit} />
                {one.clipped_by === null ? null : <span class="clipped">{t("corrections.clipped", { rule: name("rule", one.clipped_by) })}</span>}
              </td>
              <td class="number">
                <Quantity value={one.read_back} sd={null} unit={one.unit} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What was compared with what; a duration or a difference keeps its unit, never a zero point. */
function ruleNumbers({ rule, value, limit, unit }: RuleLine): string | null {
  if (value === null || limit === null) return null;
  const meaning = rule === "absolute_limits" ? "value" : "difference";
  const shown = (one: number): string => quantity(one, null, unit, units(), meaning);
  return t("corrections.against", { value: shown(value), limit: shown(limit) });
}

/** Every rule; those that stand in the way first. */
export function RuleList({ rules }: { rules: RuleLine[] }): JSX.Element {
  const passed = rules.filter((one) => one.passed).length;
  const ordered = [...rules].sort((a, b) => Number(a.passed) - Number(b.passed));
  return (
    <section class="rules" aria-label={t("corrections.rules")}>
      <p class="note">{t("corrections.rules_passed", { count: passed, all: rules.length })}</p>
      <ul>
        {ordered.map((one) => (
          <li key={one.rule} class={one.passed ? "" : "stops"}>
            <Shape tone={one.passed ? "good" : "bad"} />
            <span>
              <span class="unseen">{one.passed ? t("corrections.rule_passes") : t("corrections.rule_stops")}</span>
              {capital(name("rule", one.rule))}
              {one.subject === null ? null : <span class="note"> {name("setpoint", one.subject)}</span>}
            </span>
            <span class="note">{ruleNumbers(one) ?? ""}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function WhyDialog({ decision, onClose }: { decision: Decision; onClose: () => void }): JSX.Element {
  return (
    <Dialog title={t("corrections.why")} wide onClose={onClose}>
      <p>
        <b>{reasonSentence(decision.reason)}</b>
      </p>
      <ChangeTable changes={decision.changes} />
      <RuleList rules={decision.rules} />
      <div class="menu-ends">
        <a class="button quiet" href={hrefOf("whitebox")}>
          {t("live.to_whitebox")}
        </a>
        <Button tone="main" onPress={onClose}>
          {t("state.close")}
        </Button>
      </div>
    </Dialog>
  );
}

/** What a decision says after somebody confirmed it. */
function afterConfirm(made: Decision): string {
  if (made.state === "withheld") return t("corrections.withheld");
  if (made.state === "refused") return t("corrections.refused", { reason: made.refusal ?? "" });
  return t("corrections.confirm_done", { what: stepsWords(made) });
}

interface Answering {
  confirm: (id: number) => void;
  busy: boolean;
  error: JSX.Element;
}

/** Confirming, wherever advice is shown. `after` runs whatever came of it. */
export function useConfirm(after: () => void): Answering {
  const { busy, error, run } = useAction();
  const confirm = (id: number): void =>
    void run(async () => {
      const made = await post<Decision>("/correction/confirm", { id });
      say(afterConfirm(made));
    }).then(after);
  return { confirm, busy, error: <ActionError error={error} /> };
}

export function Decline({ id, onDone }: { id: number; onDone: () => void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const send = (): void =>
    void run(() => post("/correction/decline", { id, reason })).then((done) => {
      if (done) {
        setOpen(false);
        say(t("corrections.decline_done"));
      }
      onDone();
    });
  return (
    <>
      <Button disabled={!may("operator")} onPress={() => setOpen(true)}>
        {t("corrections.decline")}
      </Button>
      {open ? (
        <Dialog title={t("corrections.decline")} onClose={() => setOpen(false)}>
          <Field label={t("corrections.decline_why")} hint={t("corrections.decline_hint")} value={reason} maxLength={400} onInput={setReason} />
          <ActionError error={error} />
          <div class="menu-ends">
            <Button onPress={() => setOpen(false)}>{t("state.cancel")}</Button>
            <Button tone="main" busy={busy} onPress={send}>
              {t("corrections.decline")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}

/** The one key. */
export function OffKey({ onDone, big = false }: { onDone?: () => void; big?: boolean }): JSX.Element {
  const { busy, error, run } = useAction();
  const off = (): void =>
    void run(() => post("/correction/off")).then((done) => {
      if (done) say(t("corrections.off_done"));
      onDone?.();
    });
  return (
    <>
      <Button tone={big ? "stop" : "danger"} busy={busy} disabled={!may("operator")} title={t("corrections.off_means")} onPress={off}>
        {t("live.off")}
      </Button>
      <ActionError error={error} />
    </>
  );
}
