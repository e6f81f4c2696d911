// State by word, shape and colour together. Shapes: disc with tick, triangle, octagon, dashed ring, lozenge.
import type { JSX } from "preact";
import type { Severity, TrustState, Verdict } from "../api/types.ts";
import { t } from "../i18n/index.ts";

export type Tone = "good" | "watch" | "bad" | "learning" | "quiet";

const TRUST_TONE: Record<TrustState, Tone> = { trusted: "good", watch: "watch", not_trusted: "bad", learning: "learning" };
const VERDICT_TONE: Record<Verdict, Tone> = { good: "good", reject: "bad", uncertain: "watch" };
const SEVERITY_TONE: Record<Severity, Tone> = { note: "learning", warning: "watch", fault: "bad" };

export const trustTone = (state: TrustState): Tone => TRUST_TONE[state];
export const verdictTone = (verdict: Verdict | null): Tone => (verdict === null ? "quiet" : VERDICT_TONE[verdict]);
export const severityTone = (severity: Severity): Tone => SEVERITY_TONE[severity];

/** The shape of a tone; its words stand beside it, so it is hidden from screen readers. */
export function Shape({ tone, lozenge = false }: { tone: Tone; lozenge?: boolean }): JSX.Element {
  return (
    <svg class={`shape tone-${tone}`} viewBox="0 0 24 24" aria-hidden="true">
      {lozenge ? LOZENGE : SHAPES[tone]}
    </svg>
  );
}

const LOZENGE = (
  <>
    <path class="shape-body" d="M12 1 23 12 12 23 1 12Z" />
    <path class="shape-sign" d="M9.2 9.6a2.9 2.9 0 1 1 4 2.7c-.8.4-1.2.9-1.2 1.7v.4M12 17.2v.1" />
  </>
);

const SHAPES: Record<Tone, JSX.Element> = {
  good: (
    <>
      <circle class="shape-body" cx="12" cy="12" r="11" />
      <path class="shape-sign" d="m6.8 12.4 3.5 3.5 7-7.4" />
    </>
  ),
  watch: (
    <>
      <path class="shape-body" d="M12 1.6 23.4 21.8H.6Z" />
      <path class="shape-sign" d="M12 8.6v6.2M12 18.2v.1" />
    </>
  ),
  bad: (
    <>
      <path class="shape-body" d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4Z" />
      <path class="shape-sign" d="m8 8 8 8m0-8-8 8" />
    </>
  ),
  learning: (
    <>
      <circle class="shape-ring" cx="12" cy="12" r="9.4" />
      <path class="shape-ring-sign" d="M12 7v5.4l3.4 2" />
    </>
  ),
  quiet: <path class="shape-ring-sign" d="M5 12h14" />,
};

export function Mark({ tone, children, lozenge = false, title }: { tone: Tone; children: string; lozenge?: boolean; title?: string }): JSX.Element {
  return (
    <span class={`mark tone-${tone}`} title={title}>
      <Shape tone={tone} lozenge={lozenge} />
      <span>{children}</span>
    </span>
  );
}

export const TrustMark = ({ state }: { state: TrustState }): JSX.Element => <Mark tone={trustTone(state)}>{t(`trust.state.${state}`)}</Mark>;

export const VerdictMark = ({ verdict }: { verdict: Verdict | null }): JSX.Element => (
  <Mark tone={verdictTone(verdict)} lozenge={verdict === "uncertain"}>
    {verdict === null ? t("verdict.none") : t(`verdict.${verdict}`)}
  </Mark>
);
