// The page on the press: is this shot good, must I do something?
import type { JSX } from "preact";
import { CurvePanel } from "./live-curves.tsx";
import { AdvicePanel } from "./live-advice.tsx";
import { QualityPanel, VerdictPanel } from "./live-verdict.tsx";
import { t } from "../i18n/index.ts";
import { MoldPicture } from "../mold/view.tsx";
import { mold, snapshot } from "../state/live.ts";
import { Empty, Loading } from "../ui/states.tsx";

export function LivePage(): JSX.Element {
  const now = snapshot.value;
  const drawn = mold.value;
  if (now === null) {
    return (
      <div class="live-wait">
        <Loading />
      </div>
    );
  }
  return (
    <div class="live">
      <h1 class="unseen">{t("page.live")}</h1>
      <section class="live-mold panel" aria-label={t("live.mold")}>
        {drawn === null ? <Empty title={t("live.no_mold")}>{t("live.no_mold_do")}</Empty> : <MoldPicture mold={drawn} />}
      </section>
      <CurvePanel />
      <VerdictPanel />
      <QualityPanel />
      <AdvicePanel />
    </div>
  );
}
