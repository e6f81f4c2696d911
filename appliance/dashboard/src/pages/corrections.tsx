// Corrections: what is so now, what would be if, and what was decided.
import type { JSX } from "preact";
import { get } from "../api/client.ts";
import type { CorrectionNow } from "../api/closing.ts";
import { t } from "../i18n/index.ts";
import { useAsked } from "../state/load.ts";
import { go, route } from "../state/route.ts";
import { Segmented } from "../ui/controls.tsx";
import { PageHead } from "../ui/panel.tsx";
import { Shown } from "../ui/states.tsx";
import { AdvicePanel, ModePanel, StatePanel } from "./corrections-now.tsx";
import { PastDecisions } from "./corrections-past.tsx";
import { SetpointPanel } from "./corrections-setpoints.tsx";
import { PressLinkPanel } from "./press-link.tsx";
import { TransferPanel } from "./transfer-line.tsx";
import { WhatIfView } from "./what-if.tsx";

const TABS = ["now", "what-if", "past"] as const;
type Tab = (typeof TABS)[number];

/** Advice may be answered from elsewhere, and a guard that holds must be seen soon. */
const EVERY_MS = 1000;

export function CorrectionsPage(): JSX.Element {
  const tab: Tab = TABS.find((one) => one === route.value.rest[0]) ?? "now";
  return (
    <>
      <PageHead title={t("page.corrections")} lead={tab === "what-if" ? t("whatif.lead") : t("corrections.lead")}>
        <Segmented label={t("corrections.view")} value={tab} onChoose={(value) => go("corrections", value)} choices={TABS.map((value) => ({ value, words: t(`corrections.tab.${value}`) }))} />
      </PageHead>
      {tab === "past" ? <PastDecisions /> : <Present tab={tab} />}
    </>
  );
}

function Present({ tab }: { tab: "now" | "what-if" }): JSX.Element {
  const asked = useAsked("correction", () => get<CorrectionNow>("/correction"), EVERY_MS);
  return (
    <Shown asked={asked}>
      {(now) =>
        tab === "what-if" ? (
          <WhatIfView now={now} />
        ) : (
          <div class="corrections">
            <StatePanel now={now} again={asked.again} />
            <AdvicePanel now={now} again={asked.again} />
            <ModePanel now={now} again={asked.again} />
            <TransferPanel />
            <SetpointPanel setpoints={now.setpoints} press={now.press} />
            {now.press.protocol === "none" ? null : <PressLinkPanel link={now.press} />}
          </div>
        )
      }
    </Shown>
  );
}
