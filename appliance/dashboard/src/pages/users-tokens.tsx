// Tokens for programs: made once, shown once, taken back any time.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get, post, remove } from "../api/client.ts";
import type { TokenMade, TokenView } from "../api/records.ts";
import type { Role } from "../api/types.ts";
import { dateTime } from "../domain/format.ts";
import { t } from "../i18n/index.ts";
import { useAction, useAsked } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { Button, Field, Select } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Panel } from "../ui/panel.tsx";
import { ActionError, Empty, Shown } from "../ui/states.tsx";
import { Secret } from "./secret.tsx";
import { roleChoices } from "./users.tsx";

type Ask = { kind: "add" } | { kind: "made"; made: TokenMade } | { kind: "remove"; token: TokenView };

export function TokensPanel(): JSX.Element {
  const asked = useAsked("tokens", () => get<TokenView[]>("/tokens"));
  const [ask, setAsk] = useState<Ask | null>(null);
  return (
    <Panel title={t("tokens.title")} note={t("tokens.note")} aside={<Button onPress={() => setAsk({ kind: "add" })}>{t("tokens.add")}</Button>}>
      <Shown asked={asked}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Empty title={t("tokens.none")}>{t("tokens.none_means")}</Empty>
          ) : (
            <ul class="accounts">
              {tokens.map((token) => (
                <li key={token.id}>
                  <div>
                    <b>{token.name}</b> <span class="note">{t(`role.${token.role}`)}</span>
                    <p class="note">
                      {token.last_used_ms === null ? t("tokens.never") : t("tokens.last", { time: dateTime(token.last_used_ms, language.value) })}
                      {token.expires_ms === null ? "" : ` · ${t("tokens.ends", { time: dateTime(token.expires_ms, language.value) })}`}
                    </p>
                  </div>
                  <Button onPress={() => setAsk({ kind: "remove", token })}>{t("tokens.remove")}</Button>
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
      {ask === null ? null : (
        <Question
          ask={ask}
          onClose={() => setAsk(null)}
          onDone={(made) => {
            asked.again();
            setAsk(made === undefined ? null : { kind: "made", made });
          }}
        />
      )}
    </Panel>
  );
}

function Question({ ask, onClose, onDone }: { ask: Ask; onClose: () => void; onDone: (made?: TokenMade) => void }): JSX.Element {
  const { busy, error, run } = useAction();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  if (ask.kind === "made") {
    return (
      <Dialog title={t("tokens.made", { name: ask.made.token.name })} onClose={onClose}>
        <Secret secret={ask.made.secret} />
        <p class="note">{t("tokens.once")}</p>
        <Button tone="main" onPress={onClose}>
          {t("state.close")}
        </Button>
      </Dialog>
    );
  }
  const adding = ask.kind === "add";
  const act = (): void =>
    void run(async () => {
      if (ask.kind === "add") return onDone(await post<TokenMade>("/tokens", { name: name.trim(), role }));
      await remove(`/tokens/${ask.token.id}`);
      onDone();
    });
  return (
    <Dialog title={adding ? t("tokens.add") : t("tokens.remove_of", { name: ask.token.name })} onClose={onClose}>
      {adding ? (
        <>
          <Field label={t("tokens.name")} value={name} onInput={setName} maxLength={100} hint={t("tokens.name_hint")} required />
          <Select label={t("users.role")} value={role} onChoose={setRole} choices={roleChoices()} />
        </>
      ) : (
        <p>{t("tokens.remove_means")}</p>
      )}
      <ActionError error={error} />
      <div class="menu-ends">
        <Button onPress={onClose}>{t("state.cancel")}</Button>
        <Button tone={adding ? "main" : "danger"} busy={busy} disabled={adding && name.trim() === ""} onPress={act}>
          {adding ? t("tokens.add") : t("tokens.remove")}
        </Button>
      </div>
    </Dialog>
  );
}
