// Every decision with what came of it; opened, predicted beside seen.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, query } from "../api/client.ts";
import type { Decision, DecisionPage } from "../api/closing.ts";
import { dateTime } from "../domain/format.ts";
import { decisionTone } from "../domain/guard.ts";
import { capital, t } from "../i18n/index.ts";
import { useAction, useAsked } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { hrefOf } from "../state/route.ts";
import { Button } from "../ui/controls.tsx";
import { Sign } from "../ui/icons.tsx";
import { Mark } from "../ui/marks.tsx";
import { Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { ActionError, Empty, Shown } from "../ui/states.tsx";
import { ChangeTable, EffectTable, reasonSentence, RuleList, stepsWords } from "./decision.tsx";

const PER_PAGE = 25;
const ask = (before: number | null): Promise<DecisionPage> => get<DecisionPage>(`/corrections${query({ limit: PER_PAGE, before })}`);

export function PastDecisions(): JSX.Element {
  const asked = useAsked("corrections", () => ask(null));
  return (
    <Panel title={t("corrections.history")}>
      <Shown asked={asked}>{(first) => <List first={first} />}</Shown>
    </Panel>
  );
}

function List({ first }: { first: DecisionPage }): JSX.Element {
  const [older, setOlder] = useState<DecisionPage | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const { busy, error, run } = useAction();
  useEffect(() => setOlder(null), [first]);
  const all = [...first.decisions, ...(older?.decisions ?? [])];
  const next = (older ?? first).next;
  if (all.length === 0) return <Empty title={t("corrections.no_history")}>{t("corrections.no_history_means")}</Empty>;
  const more = (): void =>
    void run(async () => {
      const page = await ask(next);
      setOlder({ decisions: [...(older?.decisions ?? []), ...page.decisions], next: page.next });
    });
  return (
    <>
      <ul class="decisions">
        {all.map((one) => (
          <Line key={one.id} decision={one} open={open === one.id} onToggle={() => setOpen(open === one.id ? null : one.id)} />
        ))}
      </ul>
      <ActionError error={error} />
      {next === null ? null : (
        <div class="more">
          <Button busy={busy} onPress={more}>
            {t("corrections.more")}
          </Button>
        </div>
      )}
    </>
  );
}

function who({ answer, mode }: Decision): string {
  if (answer !== null) return answer.confirmed ? t("corrections.answered_by", { user: answer.user }) : t("corrections.declined_by", { user: answer.user });
  return mode === "correct" ? t("corrections.by_itself") : "";
}

function Line({ decision, open, onToggle }: { decision: Decision; open: boolean; onToggle: () => void }): JSX.Element {
  const { id, shot, wall_ms, state } = decision;
  const first = decision.effect[0];
  return (
    <li class={open ? "open" : ""}>
      <button type="button" class="decision-line" aria-expanded={open} aria-label={t("corrections.details", { id })} onClick={onToggle}>
        <span class="decision-when">
          <b>
            {t("word.shot")} {shot}
          </b>
          <span class="note">{dateTime(wall_ms, language.value)}</span>
        </span>
        <Mark tone={decisionTone(state)}>{t(`decision.state.${state}`)}</Mark>
        <span class="decision-what">
          <b>{capital(stepsWords(decision))}</b>
          <span class="note">{who(decision)}</span>
        </span>
        <span class="decision-effect">
          {first === undefined ? null : (
            <>
              <span>
                <span class="note">{t("whatif.predicted")} </span>
                <Quantity value={first.after} sd={first.after_sd} unit={first.unit} name={first.name} />
              </span>
              <span>
                <span class="note">{t("corrections.not_seen")} </span>
                <Quantity value={first.seen} sd={first.seen_sd} unit={first.unit} name={first.name} />
              </span>
            </>
          )}
        </span>
        <Sign name={open ? "up" : "more"} />
      </button>
      {open ? <Details decision={decision} /> : null}
    </li>
  );
}

function Details({ decision }: { decision: Decision }): JSX.Element {
  const { answer, refusal, shot } = decision;
  return (
    <div class="decision-details">
      <p>
        {reasonSentence(decision.reason)} <a href={hrefOf("shots", shot)}>{`${t("word.shot")} ${shot}`}</a>
      </p>
      {answer?.reason == null ? null : (
        <p>
          {who(decision)}: <q>{answer.reason}</q>
        </p>
      )}
      {refusal === null ? null : <p class="refusal">{t("corrections.press_said", { reason: refusal })}</p>}
      <ChangeTable changes={decision.changes} />
      {decision.effect.length === 0 ? null : <EffectTable effect={decision.effect} seen />}
      <RuleList rules={decision.rules} />
    </div>
  );
}
