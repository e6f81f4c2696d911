// A person clears what the box suspects: what was learned is dropped, after a question.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { t } from "../i18n/index.ts";
import { useAction } from "../state/load.ts";
import { may } from "../state/session.ts";
import { Button } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ActionError } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";

export function BeginAgain(): JSX.Element | null {
  const [asking, setAsking] = useState(false);
  const { busy, error, run } = useAction();
  if (!may("engineer")) return null;
  const begin = (): void =>
    void run(() => post("/trust/begin_again")).then((done) => {
      if (!done) return;
      setAsking(false);
      say(t("begin_again.done"));
    });
  return (
    <>
      <Button onPress={() => setAsking(true)}>{t("begin_again.key")}</Button>
      {asking ? (
        <Dialog title={t("begin_again.title")} onClose={() => setAsking(false)}>
          <p>{t("begin_again.means")}</p>
          <ActionError error={error} />
          <div class="menu-ends">
            <Button onPress={() => setAsking(false)}>{t("state.cancel")}</Button>
            <Button tone="main" busy={busy} onPress={begin}>
              {t("begin_again.key")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
