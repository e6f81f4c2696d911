// Trained releases on the box, and taking over a new one.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import type { ReleaseLine } from "../api/records.ts";
import { bytes } from "../domain/format.ts";
import { t } from "../i18n/index.ts";
import { useAction } from "../state/load.ts";
import { may } from "../state/session.ts";
import { Mark } from "../ui/marks.tsx";
import { Panel } from "../ui/panel.tsx";
import { ActionError, Empty } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";

export function ReleasesPanel({ releases, mold, onImported }: { releases: ReleaseLine[]; mold: string; onImported: () => void }): JSX.Element {
  const fitting = releases.some((release) => release.mold === mold);
  return (
    <Panel title={t("setup.releases")} note={t("setup.releases_note")}>
      {releases.length === 0 ? (
        <Empty title={t("setup.no_releases")}>{t("setup.no_releases_means")}</Empty>
      ) : (
        <ul class="plain-list">
          {releases.map((release) => (
            <li key={release.name}>
              <span>
                <b>{release.name}</b>
                <span class="note">{release.mold}</span>
              </span>
              {release.used ? <Mark tone="good">{t("setup.in_use")}</Mark> : null}
            </li>
          ))}
        </ul>
      )}
      {releases.length > 0 && !fitting ? <Mark tone="watch">{t("setup.no_fitting")}</Mark> : null}
      {may("engineer") ? <Import onImported={onImported} /> : null}
    </Panel>
  );
}

function Import({ onImported }: { onImported: () => void }): JSX.Element {
  const [file, setFile] = useState<File | null>(null);
  const { busy, error, run } = useAction();
  const choose = (input: HTMLInputElement): void => {
    const chosen = input.files?.[0];
    input.value = "";
    if (chosen === undefined) return;
    setFile(chosen);
    const form = new FormData();
    form.append("release", chosen, chosen.name);
    void run(() => post("/releases", form)).then((done) => {
      setFile(null);
      if (!done) return;
      say(t("setup.imported"));
      onImported();
    });
  };
  return (
    <div>
      <label class={busy ? "button busy" : "button"} aria-busy={busy}>
        {busy && file !== null ? t("setup.importing", { size: bytes(file.size) }) : t("setup.import")}
        <input type="file" accept=".zip,.tar" class="unseen" disabled={busy} onChange={(event) => choose(event.currentTarget)} />
      </label>
      <ActionError error={error} />
    </div>
  );
}
