// Who sees what: nobody yet, the login, a first password to replace, or the dashboard.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "./i18n/index.ts";
import { LoginPage, PasswordPage } from "./pages/login.tsx";
import { restore, session } from "./state/session.ts";
import { Shell } from "./ui/shell.tsx";
import { Button } from "./ui/controls.tsx";
import { Loading } from "./ui/states.tsx";
import { Shape } from "./ui/marks.tsx";

export function App(): JSX.Element {
  const state = session.value;
  switch (state.kind) {
    case "checking":
      return (
        <main class="gate">
          <Loading />
        </main>
      );
    case "unreachable":
      return <Unreachable />;
    case "out":
      return <LoginPage ended={state.ended} />;
    case "in":
      return state.session.must_change_password ? <PasswordPage /> : <Shell />;
  }
}

/** The box is away: say so, and look again by ourselves. */
function Unreachable(): JSX.Element {
  useEffect(() => {
    const timer = setInterval(() => void restore(), 4000);
    return () => clearInterval(timer);
  }, []);
  return (
    <main class="gate">
      <div class="gate-card">
        <Shape tone="bad" />
        <h1>{t("gate.unreachable")}</h1>
        <p>{t("gate.unreachable_do")}</p>
        <Button onPress={() => void restore()}>{t("state.again")}</Button>
      </div>
    </main>
  );
}
