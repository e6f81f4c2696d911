// What the guard's words mean to a reader: how serious, and whether somebody must do something.
import type { DecisionState, GuardLine, SetpointLine } from "../api/closing.ts";
import type { Tone } from "../ui/marks.tsx";

/** Tone of a state. A rule that stands in the way of a ready guard calls for a look. */
export function guardTone({ state, reason }: Pick<GuardLine, "state" | "reason">): Tone {
  switch (state) {
    case "ready":
      return reason.startsWith("guard.not.") ? "watch" : "good";
    case "waiting":
    case "written":
    case "unread":
      return "learning";
    case "holding":
    case "edited":
      return "watch";
    case "released":
      // Taken off on purpose is no fault; letting go because of the press is.
      return reason === "guard.by.taken_off" || reason === "guard.by.read_unarmed" ? "quiet" : "bad";
    default:
      return "quiet";
  }
}

const DECISION_TONE: Record<DecisionState, Tone> = { waiting: "learning", declined: "quiet", expired: "quiet", withheld: "watch", written: "learning", in_force: "good", refused: "bad", differs: "bad" };

export const decisionTone = (state: DecisionState): Tone => DECISION_TONE[state];

/** Whole seconds left to answer, by the clock of the box. */
export const secondsLeft = (expiresMs: number | null, boxMs: number): number | null => (expiresMs === null ? null : Math.max(0, Math.round((expiresMs - boxMs) / 1000)));

/** Finest step of a slider: a round number of the reader's unit, about forty of them over the range. */
export function sliderStep(low: number, high: number): number {
  const rough = (high - low) / 40;
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10) * power;
}

/** Share of an hour's movement that is used, 0 to 1; null where nothing is allowed. */
export const hourShare = ({ used_hour, per_hour }: Pick<SetpointLine, "used_hour" | "per_hour">): number | null => (per_hour === null || per_hour <= 0 ? null : Math.min(1, used_hour / per_hour));

/** A thumbprint in groups of four, as presses and browsers show it. */
export const grouped = (thumbprint: string): string => thumbprint.toLowerCase().match(/.{1,4}/g)?.join(" ") ?? "";
