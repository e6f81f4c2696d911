// The table, newest first; older pages are added below, up to a number a browser can hold for hours.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, query } from "../api/client.ts";
import type { QualityLine, ShotPage, ShotRow, Verdict } from "../api/types.ts";
import { dateTime } from "../domain/format.ts";
import { name, t } from "../i18n/index.ts";
import { snapshot } from "../state/live.ts";
import { useAction } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { go, hrefOf } from "../state/route.ts";
import { Button, Field, Select } from "../ui/controls.tsx";
import { TrustMark, VerdictMark } from "../ui/marks.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty, Failed, Loading } from "../ui/states.tsx";
import { featureWords } from "./feature-words.ts";

const LIMIT = 40;
const MOST_ROWS = 800;

type VerdictChoice = Verdict | "all";

export function ShotTable(): JSX.Element {
  const [lot, setLot] = useState("");
  const [verdict, setVerdict] = useState<VerdictChoice>("all");
  const [day, setDay] = useState("");
  const [rows, setRows] = useState<ShotRow[] | null>(null);
  const [next, setNext] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const more = useAction();
  // Finished shots appear by themselves; only while nothing is filtered away and the top is shown.
  const finished = snapshot.value?.phase === "idle" ? snapshot.value.shot : null;

  const ask = (before: number | null): Promise<ShotPage> => {
    const from = day === "" ? null : new Date(`${day}T00:00:00`).getTime();
    return get<ShotPage>(`/shots${query({ limit: LIMIT, before, lot: lot.trim(), verdict: verdict === "all" ? null : verdict, from_ms: from, to_ms: from === null ? null : from + 86_400_000 })}`);
  };

  useEffect(() => {
    let gone = false;
    const timer = setTimeout(() => {
      ask(null).then(
        (page) => {
          if (gone) return;
          setError(null);
          setNext((was) => (rows !== null && rows.length > LIMIT ? was : page.next));
          setRows((was) => merge(page.shots, was));
        },
        (failure: unknown) => {
          if (!gone) setError(failure instanceof ApiError ? failure : new ApiError(0, "http.unexpected", ""));
        },
      );
    }, 250);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [lot, verdict, day, round, finished]);

  const filter = <T,>(set: (value: T) => void) => (value: T): void => {
    setRows(null);
    setNext(null);
    set(value);
  };
  const older = (): void => {
    void more.run(async () => {
      const page = await ask(next);
      setRows((was) => [...(was ?? []), ...page.shots].slice(0, MOST_ROWS));
      setNext(page.next);
    });
  };

  return (
    <div class="panel table-panel">
      <div class="filters">
        <Field label={t("shots.lot")} value={lot} onInput={filter(setLot)} type="search" />
        <Select label={t("shots.verdict")} value={verdict} onChoose={filter(setVerdict)} choices={[{ value: "all", words: t("shots.all") }, ...(["good", "reject", "uncertain"] as const).map((value) => ({ value, words: t(`verdict.${value}`) }))]} />
        <Field label={t("shots.day")} value={day} onInput={filter(setDay)} type="date" />
      </div>
      {error !== null ? (
        <Failed error={error} again={() => setRound((value) => value + 1)} />
      ) : rows === null ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty title={t("shots.none")}>{lot === "" && verdict === "all" && day === "" ? t("shots.none_yet") : t("shots.none_match")}</Empty>
      ) : (
        <Rows rows={rows} />
      )}
      {next !== null && rows !== null && rows.length < MOST_ROWS ? (
        <div class="more">
          <Button busy={more.busy} onPress={older}>
            {t("shots.older")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** New rows above what is shown, each shot once. */
function merge(fresh: ShotRow[], was: ShotRow[] | null): ShotRow[] {
  if (was === null) return fresh;
  const known = new Set(fresh.map((row) => row.shot));
  return [...fresh, ...was.filter((row) => !known.has(row.shot))].slice(0, MOST_ROWS);
}

const WANTED = ["part_weight", "end_of_fill_pressure", "core_at_ejection", "shrinkage"];

function Rows({ rows }: { rows: ShotRow[] }): JSX.Element {
  const present = new Set(rows.flatMap((row) => row.quality.map((line) => line.name)));
  const columns = [...WANTED.filter((one) => present.has(one)), ...[...present].filter((one) => !WANTED.includes(one))].slice(0, 3);
  const feature = rows[0]?.features[0]?.[0];
  return (
    <div class="table-scroll">
      <table>
        <thead>
          <tr>
            <th class="number">{t("word.shot")}</th>
            <th>{t("shots.time")}</th>
            <th>{t("shots.verdict")}</th>
            <th>{t("shots.trust")}</th>
            {columns.map((column) => (
              <th key={column} class="number">
                {name("feature", column)}
              </th>
            ))}
            {feature === undefined ? null : <th class="number">{featureWords(feature).words}</th>}
            <th>{t("shots.lot")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.shot} onClick={() => go("shots", row.shot)}>
              <td class="number">
                <a href={hrefOf("shots", row.shot)}>{row.shot}</a>
              </td>
              <td class="time">{dateTime(row.started_ms, language.value)}</td>
              <td>{row.kind === "production" ? <VerdictMark verdict={row.verdict} /> : <span class="kind">{t(`kind.${row.kind}`)}</span>}</td>
              <td>
                <TrustMark state={row.trust} />
              </td>
              {columns.map((column) => (
                <td key={column} class="number">
                  <QualityCell line={row.quality.find((line) => line.name === column)} />
                </td>
              ))}
              {feature === undefined ? null : (
                <td class="number">
                  <Quantity value={row.features.find(([one]) => one === feature)?.[1] ?? null} sd={null} unit={featureWords(feature).unit} />
                </td>
              )}
              <td class="lot">
                {row.lot ?? "–"}
                {row.lost > 0 ? <span class="lost">{t("shots.lost", { count: row.lost })}</span> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function QualityCell({ line }: { line: QualityLine | undefined }): JSX.Element {
  return line === undefined ? <span class="quantity none">–</span> : <Quantity value={line.value} sd={line.sd} unit={line.unit} name={line.name} />;
}
