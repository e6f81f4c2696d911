// Accounts, API tokens and the audit; for engineers.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get, post, put, query, remove } from "../api/client.ts";
import type { AuditEntry, AuditPage, UserMade, UserView } from "../api/records.ts";
import type { Role } from "../api/types.ts";
import { dateTime } from "../domain/format.ts";
import { humanize, known, t } from "../i18n/index.ts";
import { useAction, useAsked } from "../state/load.ts";
import { language } from "../state/prefs.ts";
import { may, session } from "../state/session.ts";
import { Button, Field, Select } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Mark } from "../ui/marks.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { ActionError, Empty, Shown } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";
import { Secret } from "./secret.tsx";
import { TokensPanel } from "./users-tokens.tsx";

export const roleChoices = (): { value: Role; words: string }[] => (["viewer", "operator", "engineer"] as const).map((value) => ({ value, words: t(`role.${value}`) }));

export function UsersPage(): JSX.Element {
  if (!may("engineer")) {
    return (
      <Panel>
        <Empty title={t("users.not_allowed")}>{t("users.not_allowed_means")}</Empty>
      </Panel>
    );
  }
  return (
    <>
      <PageHead title={t("page.users")} />
      <div class="users">
        <AccountsPanel />
        <TokensPanel />
        <AuditPanel />
      </div>
    </>
  );
}

type Ask = { kind: "add" } | { kind: "remove"; user: UserView } | { kind: "reset"; user: UserView } | { kind: "made"; made: UserMade };

function AccountsPanel(): JSX.Element {
  const asked = useAsked("users", () => get<UserView[]>("/users"));
  const [ask, setAsk] = useState<Ask | null>(null);
  const { error, run } = useAction();
  const own = session.value.kind === "in" ? session.value.session.user : "";
  const close = (): void => setAsk(null);
  const finish = (made: UserMade | undefined): void => {
    asked.again();
    if (made?.password == null) close();
    else setAsk({ kind: "made", made });
  };
  return (
    <Panel title={t("users.accounts")} aside={<Button onPress={() => setAsk({ kind: "add" })}>{t("users.add")}</Button>}>
      <ActionError error={error} />
      <Shown asked={asked}>
        {(users) => (
          <ul class="accounts">
            {users.map((user) => (
              <li key={user.name}>
                <div>
                  <b>{user.name}</b> {user.name === own ? <span class="note">{t("users.you")}</span> : null}
                  <p class="note">{user.must_change_password ? t("users.first_password") : user.last_login_ms === null ? t("users.never") : t("users.last", { time: dateTime(user.last_login_ms, language.value) })}</p>
                </div>
                <Select
                  bare
                  label={t("users.role_of", { name: user.name })}
                  value={user.role}
                  disabled={user.name === own}
                  onChoose={(role) =>
                    void run(async () => {
                      await put(`/users/${encodeURIComponent(user.name)}`, { role });
                      say(t("users.role_done", { name: user.name, role: t(`role.${role}`) }));
                      asked.again();
                    })
                  }
                  choices={roleChoices()}
                />
                <Button onPress={() => setAsk({ kind: "reset", user })} disabled={user.name === own}>
                  {t("users.reset")}
                </Button>
                <Button onPress={() => setAsk({ kind: "remove", user })} disabled={user.name === own}>
                  {t("users.remove")}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      {ask === null ? null : <Question ask={ask} onClose={close} onDone={finish} />}
    </Panel>
  );
}

function Question({ ask, onClose, onDone }: { ask: Ask; onClose: () => void; onDone: (made?: UserMade) => void }): JSX.Element {
  const { busy, error, run } = useAction();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  if (ask.kind === "made") {
    return (
      <Dialog title={t("users.password_of", { name: ask.made.user.name })} onClose={onClose}>
        <Secret secret={ask.made.password ?? ""} />
        <p class="note">{t("users.password_means")}</p>
        <Button tone="main" onPress={onClose}>
          {t("state.close")}
        </Button>
      </Dialog>
    );
  }
  const title = ask.kind === "add" ? t("users.add") : t(ask.kind === "reset" ? "users.reset_of" : "users.remove_of", { name: ask.user.name });
  const act = (): void =>
    void run(async () => {
      if (ask.kind === "add") onDone(await post<UserMade>("/users", { name: name.trim(), role }));
      else if (ask.kind === "reset") onDone(await put<UserMade>(`/users/${encodeURIComponent(ask.user.name)}`, { reset: true }));
      else {
        await remove(`/users/${encodeURIComponent(ask.user.name)}`);
        onDone();
      }
    });
  return (
    <Dialog title={title} onClose={onClose}>
      {ask.kind === "add" ? (
        <>
          <Field label={t("login.user")} value={name} onInput={setName} maxLength={64} required />
          <Select label={t("users.role")} value={role} onChoose={setRole} choices={roleChoices()} />
          <p class="note">{t(`users.role_means.${role}`)}</p>
        </>
      ) : (
        <p>{ask.kind === "reset" ? t("users.reset_means") : t("users.remove_means")}</p>
      )}
      <ActionError error={error} />
      <div class="menu-ends">
        <Button onPress={onClose}>{t("state.cancel")}</Button>
        <Button tone={ask.kind === "remove" ? "danger" : "main"} busy={busy} disabled={ask.kind === "add" && name.trim() === ""} onPress={act}>
          {ask.kind === "add" ? t("users.add") : ask.kind === "reset" ? t("users.reset") : t("users.remove")}
        </Button>
      </div>
    </Dialog>
  );
}

const LIMIT = 30;

function AuditPanel(): JSX.Element {
  const asked = useAsked("audit", () => get<AuditPage>(`/audit${query({ limit: LIMIT })}`));
  return (
    <Panel
      title={t("audit.title")}
      note={t("audit.note")}
      class="wide"
      aside={asked.state.kind === "there" ? <Mark tone={asked.state.value.chain_ok ? "good" : "bad"}>{asked.state.value.chain_ok ? t("audit.whole") : t("audit.broken")}</Mark> : undefined}
    >
      <Shown asked={asked}>{(page) => (page.entries.length === 0 ? <Empty title={t("audit.none")} /> : <AuditTable first={page} />)}</Shown>
    </Panel>
  );
}

function AuditTable({ first }: { first: AuditPage }): JSX.Element {
  const [older, setOlder] = useState<AuditEntry[]>([]);
  const [next, setNext] = useState(first.next);
  const more = useAction();
  const load = (): void =>
    void more.run(async () => {
      const page = await get<AuditPage>(`/audit${query({ limit: LIMIT, before: next })}`);
      setOlder((was) => [...was, ...page.entries].slice(0, 1000));
      setNext(page.next);
    });
  return (
    <>
      <div class="table-scroll">
        <table>
          <thead>
            <tr>
              <th>{t("shots.time")}</th>
              <th>{t("login.user")}</th>
              <th>{t("audit.action")}</th>
              <th>{t("audit.detail")}</th>
            </tr>
          </thead>
          <tbody>
            {[...first.entries, ...older].map((entry) => (
              <tr key={entry.id}>
                <td class="time">{dateTime(entry.wall_ms, language.value)}</td>
                <td>{entry.user}</td>
                <td>{known(`audit.action.${entry.action}`) ?? humanize(entry.action)}</td>
                <td class="detail">{entry.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {next === null ? null : (
        <div class="more">
          <Button busy={more.busy} onPress={load}>
            {t("log.older")}
          </Button>
        </div>
      )}
    </>
  );
}
