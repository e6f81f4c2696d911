// The transfer that the node is asked to signal, in a sentence.
import type { JSX } from "preact";
import type { TransferNow } from "../api/types.ts";
import { quantity } from "../domain/format.ts";
import { humanize, known, t } from "../i18n/index.ts";
import { snapshot } from "../state/live.ts";
import { units } from "../state/prefs.ts";
import { Panel } from "../ui/panel.tsx";

/** What happened, and why where there is a reason. */
export function transferWords(now: TransferNow): string {
  const volume = (value: number | null, sd: number | null = null): string => (value === null ? "–" : quantity(value, sd, "m3", units()));
  const values = { asked: volume(now.asked_m3, now.asked_sd_m3), fired: volume(now.fired_m3), press: volume(now.press_m3) };
  const said = known(`transfer.state.${now.state}`, values) ?? humanize(now.state);
  if (now.reason === null) return said;
  const rule = now.subject === null ? null : known(`guard.not.${now.subject}`);
  return `${said} ${rule ?? known(`transfer.why.${now.reason}`, values) ?? humanize(now.reason)}`;
}

/** Nothing where the box is not set up for it. */
export function TransferPanel(): JSX.Element | null {
  const now = snapshot.value?.transfer;
  if (now === null || now === undefined) return null;
  return (
    <Panel title={t("transfer.title")} class="wide">
      <p>{transferWords(now)}</p>
    </Panel>
  );
}
