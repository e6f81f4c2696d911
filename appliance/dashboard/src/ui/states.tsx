// Loading, failed and empty are designed like everything else: what it is, and what to do.
import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../api/client.ts";
import { has, known, t } from "../i18n/index.ts";
import type { Asked } from "../state/load.ts";
import { Button } from "./controls.tsx";
import { Shape } from "./marks.tsx";

/** Words for a refusal; the most particular ones that are known. */
export function errorWords(error: ApiError): string {
  const detail = error.detail;
  if (has(`error.${error.key}`)) return known(`error.${error.key}`, { detail }) ?? "";
  return known(`error.http.${error.status}`, { detail: detail || error.key }) ?? t("error.unknown", { detail: detail || error.key });
}

export function Loading(): JSX.Element {
  return (
    <div class="state loading" role="status">
      <div class="ghost-line" />
      <div class="ghost-line short" />
      <div class="ghost-line" />
      <span class="unseen">{t("state.loading")}</span>
    </div>
  );
}

export function Failed({ error, again }: { error: ApiError; again?: () => void }): JSX.Element {
  return (
    <div class="state failed" role="alert">
      <Shape tone="bad" />
      <p>{errorWords(error)}</p>
      {again === undefined ? null : <Button onPress={again}>{t("state.again")}</Button>}
    </div>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ComponentChildren; action?: ComponentChildren }): JSX.Element {
  return (
    <div class="state empty">
      <svg class="empty-drawing" viewBox="0 0 96 48" aria-hidden="true">
        <path d="M4 24h22l4-5h58a4 4 0 0 1 4 4v2a4 4 0 0 1-4 4H30l-4-5" />
        <path class="faint" d="M40 19v10M54 19v10M68 19v10M82 19v10" />
      </svg>
      <h3>{title}</h3>
      {children === undefined ? null : <p>{children}</p>}
      {action}
    </div>
  );
}

/** What was asked for, or the state it is in. */
export function Shown<T>({ asked, children }: { asked: Asked<T>; children: (value: T) => ComponentChildren }): JSX.Element {
  const { state, again } = asked;
  if (state.kind === "loading") return <Loading />;
  if (state.kind === "failed") return <Failed error={state.error} again={again} />;
  return <>{children(state.value)}</>;
}

export function ActionError({ error }: { error: ApiError | null }): JSX.Element | null {
  if (error === null) return null;
  return (
    <p class="action-error" role="alert">
      <Shape tone="bad" /> {errorWords(error)}
    </p>
  );
}
