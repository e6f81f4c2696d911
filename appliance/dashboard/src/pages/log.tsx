// What people did and saw: lots, actions, defects with a photo, notes.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, query } from "../api/client.ts";
import type { EntryKind, LogEntry, LogPage as Page } from "../api/records.ts";
import { dateTime } from "../domain/format.ts";
import { name, t } from "../i18n/index.ts";
import { useAction, useAsked } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { hrefOf } from "../state/route.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { EntryForm } from "./log-form.tsx";

const LIMIT = 40;
const MOST = 600;

export function LogPage(): JSX.Element {
  const asked = useAsked("log", () => get<Page>(`/log${query({ limit: LIMIT })}`), 20_000);
  return (
    <>
      <PageHead title={t("page.log")} lead={t("log.lead")} />
      <div class="log">
        {may("operator") ? <EntryForm onDone={asked.again} /> : null}
        <Panel title={t("log.entries")}>
          <Shown asked={asked}>{(page) => (page.entries.length === 0 ? <Empty title={t("log.none")}>{t("log.none_do")}</Empty> : <Entries first={page} />)}</Shown>
        </Panel>
      </div>
    </>
  );
}

function Entries({ first }: { first: Page }): JSX.Element {
  const [older, setOlder] = useState<LogEntry[]>([]);
  const [next, setNext] = useState(first.next);
  const more = useAction();
  useEffect(() => {
    if (older.length === 0) setNext(first.next);
  }, [first]);
  const load = (): void =>
    void more.run(async () => {
      const page = await get<Page>(`/log${query({ limit: LIMIT, before: next })}`);
      setOlder((was) => [...was, ...page.entries].slice(0, MOST));
      setNext(page.next);
    });
  const known = new Set(first.entries.map((entry) => entry.id));
  return (
    <>
      <ol class="entries">
        {[...first.entries, ...older.filter((entry) => !known.has(entry.id))].map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ol>
      {next !== null && older.length < MOST ? (
        <div class="more">
          <Button busy={more.busy} onPress={load}>
            {t("log.older")}
          </Button>
        </div>
      ) : null}
    </>
  );
}

const GLYPHS: Record<EntryKind, string> = {
  lot: "M5 9h14v11H5zM8 9V5h8v4M9 14h6",
  action: "M14.500 4.500a4.500 4.500 0 0 0-5.400 5.800L4 15.400 8.600 20l5.100-5.100a4.500 4.500 0 0 0 5.800-5.400l-3 3-2.900-1.100-1.100-2.900z",
  defect: "M12 3 22 20H2zM12 10v4.500m0 2.500v.1",
  note: "M5 4h14v12l-4 4H5zM8.500 9h7M8.500 13h5",
};

function Entry({ entry }: { entry: LogEntry }): JSX.Element {
  const [open, setOpen] = useState(false);
  const title = entry.kind === "lot" ? `${t("log.kind.lot")} ${entry.lot ?? ""}` : entry.kind === "defect" ? name("defect", entry.defect ?? "other") : t(`log.kind.${entry.kind}`);
  return (
    <li class={`entry kind-${entry.kind}`}>
      <span class="entry-sign" aria-hidden="true">
        <svg class="icon" viewBox="0 0 24 24">
          <path d={GLYPHS[entry.kind]} />
        </svg>
      </span>
      <div class="entry-body">
        <h3>
          {title}
          {entry.shot === null ? null : (
            <a href={hrefOf("shots", entry.shot)}>
              {t("word.shot")} {entry.shot}
            </a>
          )}
        </h3>
        {entry.text === "" ? null : <p>{entry.text}</p>}
        <p class="note">
          {dateTime(entry.wall_ms, language.value)} · {entry.user}
        </p>
      </div>
      {entry.photo === null ? null : (
        <button type="button" class="thumb" aria-label={t("log.photo_open")} onClick={() => setOpen(true)}>
          <img src={entry.photo} alt={t("log.photo_of", { what: title })} loading="lazy" />
        </button>
      )}
      {open && entry.photo !== null ? (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <img class="photo" src={entry.photo} alt={t("log.photo_of", { what: title })} />
          <Button tone="main" onPress={() => setOpen(false)}>
            {t("state.close")}
          </Button>
        </Dialog>
      ) : null}
    </li>
  );
}
