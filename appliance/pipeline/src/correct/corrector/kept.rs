//! What is remembered of a quantity.

use std::collections::VecDeque;

use super::Judged;
use crate::correct::effect::Banded;
use crate::correct::level::Level;
use crate::correct::target::{Aim, Target};
use crate::correct::tracker::{Off, REFERENCE_SHOTS};
use crate::correct::trend::Trend;

/// What labels say about the estimate's own error must be this many of its standard deviations.
const BIAS_SURE: f64 = 2.0;

/// What is known about one target.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub target: Target,
    /// Off the reference, by the estimate.
    pub level: Trend,
    /// How well the reference itself is known: it is the mean of a few shots, scattered as those that are compared with it.
    pub learned_sd: f64,
    /// Label less estimate, where both are off the reference.
    pub bias: Level,
    /// The same when the reference was learned, where the target is the reference.
    pub bias_then: Option<Banded>,
    /// Estimates that wait for a label: shot, off the reference.
    pub waiting: VecDeque<(u64, Banded)>,
}

impl Kept {
    /// Takes what the tracker says about a shot.
    pub(super) fn measure(&mut self, off: &Off) -> Banded {
        let q = self.target.quantity as usize;
        let [value, sd] = [off.outcome.0[q], off.sd.0[q]];
        self.level.measure(value, sd);
        self.learned_sd = self.level.scatter(sd) / f64::from(REFERENCE_SHOTS).sqrt();
        [value, sd]
    }

    /// What labels say that the estimate's own error has moved since the reference. As long as they say nothing for sure it has not, as
    /// without labels: a scale must not make the box more timid than it is without one.
    pub(super) fn bias_since(&self) -> (f64, f64) {
        let (Some([now, sd]), Some([then, then_sd])) = (self.bias.get(), self.bias_then) else {
            return (0.0, 0.0);
        };
        let (moved, sd) = (now - then, sd.hypot(then_sd));
        if moved.abs() > BIAS_SURE * sd {
            (moved, sd)
        } else {
            (0.0, 0.0)
        }
    }

    /// Off the target, once anything is known.
    pub(super) fn judge(&self, reference: &Banded) -> Option<Judged> {
        let [level, level_sd] = self.level.get()?;
        let [reference, reference_sd] = *reference;
        let (off, sd, target) = match self.target.aim {
            Aim::Reference => {
                let (bias, bias_sd) = self.bias_since();
                let sd = level_sd.hypot(self.learned_sd);
                (level + bias, sd.hypot(bias_sd), reference)
            }
            Aim::Value(value) => {
                let [bias, bias_sd] = self.bias.get().unwrap_or([0.0, reference_sd]);
                (
                    reference + level + bias - value,
                    level_sd.hypot(bias_sd),
                    value,
                )
            }
        };
        Some(Judged {
            quantity: self.target.quantity,
            off: [off, sd],
            after: [off, sd],
            moved_sd: 0.0,
            target,
        })
    }
}
