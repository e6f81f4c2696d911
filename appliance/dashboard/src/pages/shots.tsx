// Finished shots: a table, trends and control charts; one of them opened.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, get, query } from "../api/client.ts";
import type { ShotPage } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { snapshot } from "../state/live.ts";
import { useAsked } from "../state/load.ts";
import { go, route } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Button, Field, Segmented, Select } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Sign } from "../ui/icons.tsx";
import { PageHead } from "../ui/panel.tsx";
import { ControlView } from "./shots-control.tsx";
import { ShotTable } from "./shots-table.tsx";
import { TrendView } from "./shots-trend.tsx";
import { ShotView } from "./shot.tsx";

const TABS = ["table", "trends", "control"] as const;
type Tab = (typeof TABS)[number];

export function ShotsPage(): JSX.Element {
  const first = route.value.rest[0];
  if (first !== undefined && /^\d+$/.test(first)) return <ShotView shot={Number(first)} />;
  const tab: Tab = TABS.find((one) => one === first) ?? "table";
  return (
    <>
      <PageHead title={t("page.shots")}>
        <Segmented label={t("shots.view")} value={tab} onChoose={(value) => go("shots", value)} choices={TABS.map((value) => ({ value, words: t(`shots.${value}`) }))} />
        {may("engineer") ? <Export /> : null}
      </PageHead>
      {tab === "table" ? <ShotTable /> : tab === "trends" ? <TrendView /> : <ControlView />}
    </>
  );
}

/** Names of what can be drawn over shots: what the last shots have predicted, and their features. */
export function useFeatures(): string[] {
  const asked = useAsked("features", () => get<ShotPage>(`/shots${query({ limit: 1 })}`));
  if (asked.state.kind !== "there") return [];
  const row = asked.state.value.shots[0];
  if (row === undefined) return [];
  return [...row.quality.map((line) => line.name), ...row.features.map(([feature]) => feature)];
}

function Export(): JSX.Element {
  const [open, setOpen] = useState(false);
  const last = snapshot.value?.shot ?? 1;
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [format, setFormat] = useState<"csv" | "parquet">("csv");
  const start = from === "" ? Math.max(1, last - 99) : Number(from);
  const end = to === "" ? last : Number(to);
  const valid = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end >= start;
  return (
    <>
      <Button onPress={() => setOpen(true)}>
        <Sign name="down" /> {t("export.title")}
      </Button>
      {open ? (
        <Dialog title={t("export.title")} onClose={() => setOpen(false)}>
          <p class="lead">{t("export.lead")}</p>
          <div class="two">
            <Field label={t("export.from")} type="number" step="1" value={from === "" ? String(start) : from} onInput={setFrom} />
            <Field label={t("export.to")} type="number" step="1" value={to === "" ? String(end) : to} onInput={setTo} />
          </div>
          <Select
            label={t("export.format")}
            value={format}
            onChoose={setFormat}
            choices={[
              { value: "csv", words: t("export.csv") },
              { value: "parquet", words: t("export.parquet") },
            ]}
          />
          <div class="menu-ends">
            <Button onPress={() => setOpen(false)}>{t("state.cancel")}</Button>
            {valid ? (
              <a class="button main" href={address(`/export${query({ from: start, to: end, format })}`)} download={`moldsight-${start}-${end}.zip`} onClick={() => setOpen(false)}>
                {t("export.download")}
              </a>
            ) : (
              <Button tone="main" disabled>
                {t("export.download")}
              </Button>
            )}
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
