// Header, page, tabs. The header says which mold, which shot and whether to trust it, on every page.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { CorrectionsPage } from "../pages/corrections.tsx";
import { HealthPage } from "../pages/health.tsx";
import { LivePage } from "../pages/live.tsx";
import { LogPage } from "../pages/log.tsx";
import { SetupPage } from "../pages/setup.tsx";
import { ShotsPage } from "../pages/shots.tsx";
import { UsersPage } from "../pages/users.tsx";
import { WhiteBoxPage } from "../pages/whitebox.tsx";
import { ageSeconds, cut, follow, silent, snapshot, stream } from "../state/live.ts";
import { fixed } from "../domain/format.ts";
import { hrefOf, PAGES, route, type Page } from "../state/route.ts";
import { may, session } from "../state/session.ts";
import { PageIcon, Sign } from "./icons.tsx";
import { LanguageChoice } from "./language.tsx";
import { Shape, TrustMark } from "./marks.tsx";
import { Menu } from "./menu.tsx";
import { Toast } from "./toast.tsx";

const VIEWS: Record<Page, () => JSX.Element> = {
  live: LivePage,
  shots: ShotsPage,
  whitebox: WhiteBoxPage,
  corrections: CorrectionsPage,
  log: LogPage,
  health: HealthPage,
  setup: SetupPage,
  users: UsersPage,
};

export function Shell(): JSX.Element {
  useEffect(follow, []);
  const { page } = route.value;
  const View = VIEWS[page];
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skip}>
        {t("shell.skip")}
      </a>
      <Header />
      <Connection />
      <main id="main" class={`page page-${page}`} tabIndex={-1} key={page}>
        <View />
      </main>
      <nav class="tabs" aria-label={t("shell.pages")}>
        {PAGES.filter((name) => name !== "users" || may("engineer")).map((name) => (
          <a key={name} href={hrefOf(name)} aria-current={name === page ? "page" : undefined}>
            <PageIcon page={name} />
            <span>{t(`page.${name}`)}</span>
          </a>
        ))}
      </nav>
      <Toast />
    </div>
  );
}

/** Moves the focus without touching the route in the hash. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Header(): JSX.Element {
  const [open, setOpen] = useState(false);
  const now = snapshot.value;
  const user = session.value.kind === "in" ? session.value.session.user : "";
  return (
    <header class={cut.value ? "top old" : silent.value !== null ? "top silent" : "top"}>
      <div class="top-what">
        <strong>{now?.mold ?? t("shell.no_mold")}</strong>
        <span>
          {now === null ? "" : `${now.press_name} · ${now.material}`}
          {now?.lot == null ? "" : ` · ${t("word.lot")} ${now.lot}`}
        </span>
      </div>
      {now === null ? <div class="top-shot" /> : <ShotProgress />}
      <div class="top-trust">{now === null ? null : <TrustMark state={now.trust.state} />}</div>
      <LanguageChoice />
      <button type="button" class="button quiet top-user" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Sign name="user" />
        <span>{user}</span>
      </button>
      {open ? <Menu onClose={() => setOpen(false)} /> : null}
    </header>
  );
}

/** Shot number, phase in words, and how far the cycle is. It moves with the shot, not with the clock of the browser. */
function ShotProgress(): JSX.Element {
  const now = snapshot.value;
  if (now === null) return <div />;
  const share = now.cycle_s === null || now.phase === "idle" ? 0 : Math.min(1, now.shot_time_s / now.cycle_s);
  return (
    <div class="top-shot">
      <div class="top-shot-words">
        <span>
          {t("word.shot")} <b>{now.shot}</b>
        </span>
        <span class="top-phase">
          {now.kind === "production" ? "" : `${t(`kind.${now.kind}`)} · `}
          {t(`phase.${now.phase}`)} {now.phase === "idle" ? "" : `${fixed(now.shot_time_s, 1)}\u202fs`}
        </span>
      </div>
      <div class="progress" aria-hidden="true">
        <div style={{ transform: `scaleX(${share.toFixed(3)})` }} />
      </div>
    </div>
  );
}

/** Only there when values on screen are not of this moment. */
function Connection(): JSX.Element | null {
  const since = silent.value;
  if (stream.value === "live" && since === null) return null;
  if (stream.value === "connecting" && snapshot.value === null) return null;
  return (
    <div class="connection" role="status">
      <Shape tone="watch" />
      <span>{cut.value ? t("shell.lost", { seconds: fixed(ageSeconds.value, 0) }) : since !== null && stream.value === "live" ? t("shell.silent", { seconds: fixed(since, 0) }) : t("shell.connecting")}</span>
    </div>
  );
}
