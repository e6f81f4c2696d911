//! The one place where a wish is shortened to its limits: the whole change along its own line.

use super::rules::Rule;
use crate::ports::{Change, Limits, SETPOINTS, Setpoint, Setpoints};

/// Kept free of a limit for rounding, share of it.
const ROUNDING: f64 = 1e-9;

/// How a wish was shortened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipped {
    /// Share of the wish that is left, 0 to 1. Its expected effects shrink by the same share.
    pub share: f64,
    /// The limit that decided.
    pub by: Rule,
    /// The setpoint it belongs to.
    pub setpoint: Setpoint,
}

/// `wish` from `before`, shortened as a whole until no value passes its absolute limits, its step or what is left of its hour.
///
/// Value by value would bend the change: setpoints are moved together because they balance each other, and the predicted
/// effect holds along that line only. A value without a limit, unknown or not finite is left to the rules.
pub(super) fn clip(
    wish: &Change,
    before: &Setpoints,
    limits: &Limits,
    moved: &[f64; SETPOINTS],
) -> (Change, Option<Clipped>) {
    let mut clipped: Option<Clipped> = None;
    for (setpoint, value) in &wish.values {
        let Some(limit) = limits[*setpoint as usize] else {
            continue;
        };
        let by = value - before[*setpoint];
        if !by.is_finite() || by == 0.0 {
            continue;
        }
        let edge = if by > 0.0 {
            limit.high - before[*setpoint]
        } else {
            before[*setpoint] - limit.low
        };
        let rooms = [
            (Rule::AbsoluteLimits, edge),
            (Rule::StepLimit, limit.step),
            (
                Rule::HourlyMovement,
                limit.per_hour - moved[*setpoint as usize],
            ),
        ];
        for (rule, room) in rooms {
            let share = (room / by.abs()).max(0.0);
            if share < clipped.map_or(1.0, |c| c.share) {
                clipped = Some(Clipped {
                    share,
                    by: rule,
                    setpoint: *setpoint,
                });
            }
        }
    }
    let Some(c) = clipped else {
        return (wish.clone(), None);
    };
    let share = c.share * (1.0 - ROUNDING);
    let values = wish.values.iter().map(|(setpoint, value)| {
        let start = before[*setpoint];
        (*setpoint, start + share * (value - start))
    });
    let change = Change {
        values: values.collect(),
    };
    (change, Some(c))
}
