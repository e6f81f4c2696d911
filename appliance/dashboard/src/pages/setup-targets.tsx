// Quality targets: a value or that of the reference shot, with a tolerance. Saved by themselves, apart from the rest of Setup.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, put } from "../api/client.ts";
import type { Target, Targets } from "../api/closing.ts";
import { quantity } from "../domain/format.ts";
import { shownAs, toShown, toWire } from "../domain/units.ts";
import { capital, name, t } from "../i18n/index.ts";
import { useAction, useAsked } from "../state/load.ts";
import { units } from "../state/prefs.ts";
import { may } from "../state/session.ts";
import { Button, Segmented, Select, Switch } from "../ui/controls.tsx";
import { Sign } from "../ui/icons.tsx";
import { Panel } from "../ui/panel.tsx";
import { ActionError, Empty, Shown } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";
import { WireField } from "./number-field.tsx";

export function TargetsPanel(): JSX.Element {
  const asked = useAsked("targets", () => get<Targets>("/targets"));
  return (
    <Panel title={t("target.title")} note={t("target.note")} class="wide">
      <Shown asked={asked}>{(targets) => <Editor targets={targets} again={asked.again} />}</Shown>
    </Panel>
  );
}

/** A value to start from, with the digits a reader would type. */
function rounded(value: number | undefined, unit: string, quantity_: string): number | null {
  if (value === undefined) return null;
  const shown = shownAs(unit, units(), "value", quantity_);
  return toWire(Number(toShown(value, shown).toFixed(shown.decimals)), shown);
}

/** A field may be empty while somebody types; it is saved only when it is not. */
type Draft = Omit<Target, "value" | "tolerance"> & { value: Target["value"] | null; tolerance: number | null };

const whole = (draft: Draft): draft is Target => draft.value !== null && draft.tolerance !== null && draft.tolerance > 0;

function Editor({ targets, again }: { targets: Targets; again: () => void }): JSX.Element {
  const [draft, setDraft] = useState<Draft[]>(targets.targets);
  const { busy, error, run } = useAction();
  useEffect(() => setDraft(targets.targets), [targets]);
  const locked = !may("engineer");
  const dirty = JSON.stringify(draft) !== JSON.stringify(targets.targets);
  const free = targets.quantities.filter(([quantity_]) => !draft.some((one) => one.quantity === quantity_));
  const known = new Map(targets.reference);
  const set = (index: number, part: Partial<Draft>): void => setDraft(draft.map((one, i) => (i === index ? { ...one, ...part } : one)));
  const add = (chosen: string): void => {
    const found = free.find(([quantity_]) => quantity_ === chosen);
    if (found !== undefined) setDraft([...draft, { quantity: found[0], unit: found[1], value: rounded(known.get(found[0]), found[1], found[0]), tolerance: null, enabled: true }]);
  };
  const save = (): void =>
    void run(() => put("/targets", { targets: draft })).then((done) => {
      if (!done) return;
      say(t("target.done"));
      again();
    });
  return (
    <>
      {draft.length === 0 ? <Empty title={t("target.none")}>{t("target.none_means")}</Empty> : null}
      <ul class="targets">
        {draft.map((one, i) => (
          <Line key={one.quantity} target={one} reference={known.get(one.quantity) ?? null} locked={locked} onChange={(part) => set(i, part)} onRemove={() => setDraft(draft.filter((_, j) => j !== i))} />
        ))}
      </ul>
      <ActionError error={error} />
      {locked ? null : (
        <div class="target-ends">
          {free.length === 0 ? <span /> : <Select label={t("target.add")} value="" onChoose={add} choices={[{ value: "", words: t("target.choose") }, ...free.map(([value]) => ({ value, words: capital(name("feature", value)) }))]} />}
          <Button tone="main" busy={busy} disabled={!dirty || !draft.every(whole)} onPress={save}>
            {dirty ? t("state.save") : t("setup.saved")}
          </Button>
        </div>
      )}
    </>
  );
}

function Line({ target, reference, locked, onChange, onRemove }: { target: Draft; reference: number | null; locked: boolean; onChange: (part: Partial<Draft>) => void; onRemove: () => void }): JSX.Element {
  const { quantity: which, unit, value, tolerance, enabled } = target;
  const what = capital(name("feature", which));
  const shown = shownAs(unit, units(), "value", which);
  const ofReference = value === "reference";
  return (
    <li>
      <span class="target-name">
        <Switch bare label={t("target.enabled", { what })} checked={enabled} disabled={locked} onChange={(on) => onChange({ enabled: on })} />
        {what}
      </span>
      <Segmented
        compact
        label={t("target.aim", { what })}
        value={ofReference ? "reference" : "value"}
        onChoose={(aim) => onChange({ value: aim === "reference" ? "reference" : rounded(reference ?? undefined, unit, which) })}
        choices={[
          { value: "value", words: t("target.value"), disabled: locked },
          { value: "reference", words: t("target.reference"), disabled: locked },
        ]}
      />
      {ofReference ? <span class="target-reference">{reference === null ? t("target.no_reference") : quantity(reference, null, unit, units(), "value", which)}</span> : <WireField label={t("target.value")} value={value} shown={shown} disabled={locked} onValue={(fresh) => onChange({ value: fresh })} />}
      <WireField label={t("target.tolerance")} value={tolerance} shown={{ ...shownAs(unit, units(), "difference", which), offset: 0 }} disabled={locked} onValue={(fresh) => onChange({ tolerance: fresh })} />
      {locked ? null : (
        <Button tone="quiet" label={t("target.remove", { what })} onPress={onRemove}>
          <Sign name="cross" />
        </Button>
      )}
    </li>
  );
}
