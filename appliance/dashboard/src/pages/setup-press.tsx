// The press: its profile, what the box may write, and the certificate an engineer confirms once.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get, post } from "../api/client.ts";
import type { PressSetup } from "../api/closing.ts";
import { dateTime } from "../domain/format.ts";
import { grouped } from "../domain/guard.ts";
import { capital, known, name, t } from "../i18n/index.ts";
import { useAction, useAsked } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Mark } from "../ui/marks.tsx";
import { Fact, Panel } from "../ui/panel.tsx";
import { ActionError, Empty, Shown } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";

export function PressPanel(): JSX.Element {
  const asked = useAsked("press", () => get<PressSetup>("/press"));
  return (
    <Panel title={t("pin.title")} note={t("pin.note")} class="wide">
      <Shown asked={asked}>{(press) => (press.profile === null ? <Empty title={t("corrections.no_press")}>{t("pin.no_press_means")}</Empty> : <Facts press={press} again={asked.again} />)}</Shown>
    </Panel>
  );
}

function Facts({ press, again }: { press: PressSetup; again: () => void }): JSX.Element {
  const writes = press.writes.map((one) => name("setpoint", one.setpoint)).join(", ");
  return (
    <>
      <dl class="facts wide">
        <Fact label={t("pin.profile")}>{press.profile ?? "–"}</Fact>
        <Fact label={t("press.facts.protocol")}>{known(`press.port.${press.protocol}`) ?? press.protocol}</Fact>
        <Fact label={t("press.facts.address")}>{press.address ?? "–"}</Fact>
        <Fact label={t("pin.security")}>{press.security ?? "–"}</Fact>
        <Fact label={t("pin.restores")}>{press.restores ? t("press.facts.yes") : t("press.facts.no")}</Fact>
        <Fact label={t("press.facts.heartbeat")}>{press.heartbeat ? t("press.facts.yes") : t("press.facts.no_heartbeat")}</Fact>
      </dl>
      <dl class="facts one">
        <Fact label={t("pin.writes")}>{writes === "" ? t("pin.writes_nothing") : capital(writes)}</Fact>
      </dl>
      {press.protocol === "opcua" ? <Certificate press={press} again={again} /> : null}
    </>
  );
}

function Certificate({ press: { thumbprint_seen: seen, thumbprint_pinned: pinned, pinned_by, pinned_ms }, again }: { press: PressSetup; again: () => void }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const { busy, error, run } = useAction();
  const same = seen !== null && seen.toLowerCase() === pinned?.toLowerCase();
  const pin = (thumbprint: string): void =>
    void run(() => post("/press/pin", { thumbprint })).then((done) => {
      if (!done) return;
      setAsking(false);
      say(t("pin.done"));
      again();
    });
  return (
    <div class="certificate">
      <h3>{t("pin.certificate")}</h3>
      {seen === null ? <p class="note">{t("pin.none_shown")}</p> : same ? <Mark tone="good">{t("pin.same")}</Mark> : <Mark tone={pinned === null ? "watch" : "bad"}>{pinned === null ? t("pin.open") : t("pin.other")}</Mark>}
      {pinned !== null && seen !== null && !same ? <p>{t("pin.other_means")}</p> : null}
      {seen === null ? null : (
        <p>
          <span class="note">{t("pin.shown")}</span> <code>{grouped(seen)}</code>
        </p>
      )}
      <p>
        <span class="note">{t("pin.pinned")}</span> {pinned === null ? t("pin.none_pinned") : <code>{grouped(pinned)}</code>}{" "}
        {pinned_by === null || pinned_ms === null ? null : <span class="note">{t("pin.by", { user: pinned_by, time: dateTime(pinned_ms, language.value) })}</span>}
      </p>
      {seen === null || same || !may("engineer") ? null : <Button onPress={() => setAsking(true)}>{t("pin.confirm")}</Button>}
      {asking && seen !== null ? (
        <Dialog title={t("pin.confirm")} onClose={() => setAsking(false)}>
          <p>{t("pin.compare")}</p>
          <p class="thumbprint">
            <code>{grouped(seen)}</code>
          </p>
          <ActionError error={error} />
          <div class="menu-ends">
            <Button onPress={() => setAsking(false)}>{t("state.cancel")}</Button>
            <Button tone="main" busy={busy} onPress={() => pin(seen)}>
              {t("pin.confirm")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}
