// What a user changes for themselves: units, brightness, password; and the way out.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { PasswordForm } from "../pages/login.tsx";
import { pressureUnit, theme } from "../state/prefs.ts";
import { leave, session } from "../state/session.ts";
import { Button, Segmented } from "./controls.tsx";
import { Dialog } from "./dialog.tsx";
import { say } from "./toast.tsx";

export function Menu({ onClose }: { onClose: () => void }): JSX.Element {
  const [changing, setChanging] = useState(false);
  const state = session.value;
  if (changing) {
    return (
      <Dialog title={t("password.change")} onClose={onClose}>
        <PasswordForm
          onDone={() => {
            say(t("password.done"));
            onClose();
          }}
        />
        <Button tone="quiet" onPress={onClose}>
          {t("state.cancel")}
        </Button>
      </Dialog>
    );
  }
  return (
    <Dialog title={state.kind === "in" ? `${state.session.user} · ${t(`role.${state.session.role}`)}` : ""} onClose={onClose}>
      <div class="menu-line">
        <span>{t("menu.pressure")}</span>
        <Segmented
          label={t("menu.pressure")}
          value={pressureUnit.value}
          onChoose={(value) => {
            pressureUnit.value = value;
          }}
          choices={[
            { value: "MPa", words: t("unit.MPa") },
            { value: "bar", words: t("unit.bar") },
          ]}
        />
      </div>
      <div class="menu-line">
        <span>{t("menu.brightness")}</span>
        <Segmented
          label={t("menu.brightness")}
          value={theme.value}
          onChoose={(value) => {
            theme.value = value;
          }}
          choices={[
            { value: "light", words: t("menu.light") },
            { value: "dark", words: t("menu.dark") },
          ]}
        />
      </div>
      <p class="note">{t("menu.bands")}</p>
      <div class="menu-ends">
        <Button onPress={() => setChanging(true)}>{t("password.change")}</Button>
        <Button onPress={() => void leave()}>{t("menu.leave")}</Button>
        <Button tone="main" onPress={onClose}>
          {t("state.close")}
        </Button>
      </div>
    </Dialog>
  );
}
