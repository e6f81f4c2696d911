// Mold, material, sensors, limits, recipe, releases. A draft until it is saved; the box checks it as a whole.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, put } from "../api/client.ts";
import type { Setup, SetupChange } from "../api/records.ts";
import { t } from "../i18n/index.ts";
import { loadMold } from "../state/live.ts";
import { useAction, useAsked } from "../state/load.ts";
import { may } from "../state/session.ts";
import { Button, Select } from "../ui/controls.tsx";
import { Shape } from "../ui/marks.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { ActionError, Shown } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";
import { CyclePanel } from "./setup-cycle.tsx";
import { LimitsPanel } from "./setup-limits.tsx";
import { PressPanel } from "./setup-press.tsx";
import { ReleasesPanel } from "./setup-releases.tsx";
import { SensorsPanel } from "./setup-sensors.tsx";
import { TargetsPanel } from "./setup-targets.tsx";

export function SetupPage(): JSX.Element {
  const asked = useAsked("setup", () => get<Setup>("/setup"));
  return <Shown asked={asked}>{(setup) => <Editor setup={setup} again={asked.again} />}</Shown>;
}

const draftOf = ({ mold, material, sensors, limits, cycle }: Setup): SetupChange => ({ mold, material, sensors, limits, cycle });

/** Names to choose from, the one in use among them even if the box no longer lists it. */
const choicesOf = (names: readonly string[], current: string) => [...new Set([current, ...names])].map((value) => ({ value, words: value }));

export interface Editing {
  draft: SetupChange;
  change: (part: Partial<SetupChange>) => void;
  locked: boolean;
}

function Editor({ setup, again }: { setup: Setup; again: () => void }): JSX.Element {
  const [draft, setDraft] = useState(() => draftOf(setup));
  const { busy, error, run, clear } = useAction();
  useEffect(() => setDraft(draftOf(setup)), [setup]);
  const dirty = JSON.stringify(draft) !== JSON.stringify(draftOf(setup));
  const locked = !may("engineer");
  const editing: Editing = { draft, locked, change: (part) => setDraft((was) => ({ ...was, ...part })) };
  const save = (): void =>
    void run(() => put("/setup", draft)).then((done) => {
      if (!done) return;
      say(t("setup.done"));
      again();
      void loadMold();
    });
  return (
    <>
      <PageHead title={t("page.setup")} lead={locked ? t("setup.locked") : undefined}>
        {dirty ? (
          <Button
            onPress={() => {
              clear();
              setDraft(draftOf(setup));
            }}
          >
            {t("setup.discard")}
          </Button>
        ) : null}
        {locked ? null : (
          <Button tone="main" busy={busy} disabled={!dirty} onPress={save}>
            {dirty ? t("state.save") : t("setup.saved")}
          </Button>
        )}
      </PageHead>
      <ActionError error={error} />
      {setup.restart_needed ? (
        <p class="banner">
          <Shape tone="watch" /> {t("setup.restart")}
        </p>
      ) : null}
      <div class="setup">
        <Panel title={t("setup.mold_material")} note={t("setup.mold_note")}>
          <div class="two">
            <Select label={t("setup.mold")} value={draft.mold} disabled={locked} onChoose={(mold) => editing.change({ mold })} choices={choicesOf(setup.molds, draft.mold)} />
            <Select label={t("setup.material")} value={draft.material} disabled={locked} onChoose={(material) => editing.change({ material })} choices={choicesOf(setup.materials, draft.material)} />
          </div>
        </Panel>
        <ReleasesPanel releases={setup.releases} mold={draft.mold} onImported={again} />
        <SensorsPanel editing={editing} names={setup.mold_sensors} />
        <LimitsPanel editing={editing} />
        <CyclePanel editing={editing} />
        <PressPanel />
        <TargetsPanel />
      </div>
    </>
  );
}
