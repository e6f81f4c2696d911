import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { useAction } from "../state/load.ts";
import { changePassword, enterWith, leave } from "../state/session.ts";
import { Button, Field } from "../ui/controls.tsx";
import { LanguageChoice } from "../ui/language.tsx";
import { ActionError } from "../ui/states.tsx";

/** Shortest password the box takes. */
export const SHORTEST = 10;

function Gate({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <main class="gate">
      <div class="gate-card">
        <div class="gate-head">
          <Wordmark />
          <LanguageChoice />
        </div>
        {children}
      </div>
    </main>
  );
}

export function Wordmark(): JSX.Element {
  return (
    <span class="wordmark">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" />
        <path class="wave" d="M5 14c6 0 6-6 11-6s5 4 11 4" />
        <path class="channel" d="M5 22h8l2-3h12" />
      </svg>
      Moldsight
    </span>
  );
}

export function LoginPage({ ended }: { ended: boolean }): JSX.Element {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { busy, error, run } = useAction();
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(async () => {
      try {
        await enterWith(user, password);
      } finally {
        setPassword("");
      }
    });
  };
  return (
    <Gate>
      <h1>{t("login.title")}</h1>
      <p class="lead">{ended ? t("login.ended") : t("login.lead")}</p>
      <form onSubmit={submit}>
        <Field label={t("login.user")} value={user} onInput={setUser} autocomplete="username" required />
        <Field label={t("login.password")} type="password" value={password} onInput={setPassword} autocomplete="current-password" required />
        <ActionError error={error} />
        <Button tone="main" type="submit" busy={busy} disabled={user === "" || password === ""}>
          {t("login.enter")}
        </Button>
      </form>
    </Gate>
  );
}

/** Old, new, and new again; used at the gate and from the menu. */
export function PasswordForm({ onDone }: { onDone?: () => void }): JSX.Element {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [repeat, setRepeat] = useState("");
  const { busy, error, run } = useAction();
  const short = fresh !== "" && fresh.length < SHORTEST;
  const differs = repeat !== "" && repeat !== fresh;
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(() => changePassword(old, fresh)).then((done) => {
      if (done) onDone?.();
    });
  };
  return (
    <form onSubmit={submit}>
      <Field label={t("password.old")} type="password" value={old} onInput={setOld} autocomplete="current-password" required />
      <Field label={t("password.new")} type="password" value={fresh} onInput={setFresh} autocomplete="new-password" required hint={short ? t("password.short", { count: SHORTEST }) : t("password.hint", { count: SHORTEST })} />
      <Field label={t("password.repeat")} type="password" value={repeat} onInput={setRepeat} autocomplete="new-password" required hint={differs ? t("password.differs") : undefined} />
      <ActionError error={error} />
      <Button tone="main" type="submit" busy={busy} disabled={old === "" || fresh.length < SHORTEST || fresh !== repeat}>
        {t("password.save")}
      </Button>
    </form>
  );
}

export function PasswordPage(): JSX.Element {
  return (
    <Gate>
      <h1>{t("password.title")}</h1>
      <p class="lead">{t("password.lead")}</p>
      <PasswordForm />
      <Button tone="quiet" onPress={() => void leave()}>
        {t("menu.leave")}
      </Button>
    </Gate>
  );
}
