//! What the guard allows within a shot: a transfer signal earlier than the press's own, inside the limits of its setpoint.

use super::{Guard, Mode, Rule, rules};
use crate::ports::Setpoint;

/// Injected volumes at which the node may signal transfer, m3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Where the press transfers by itself.
    pub reference: f64,
    /// Lowest allowed: the limit of the setpoint, and one step below the reference.
    pub low: f64,
    /// Highest allowed: the limit of the setpoint, and never beyond the reference.
    pub high: f64,
}

/// Why nothing may be signalled now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The mode is not *correct*.
    Mode,
    /// The first rule that fails.
    Rule(Rule),
    /// The press does not say where it transfers, or no limit is set for that.
    NoReference,
}

impl Guard {
    /// Where transfer may be signalled now.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn room(&self) -> Result<Room, NoRoom> {
        if self.mode != Mode::Correct {
            return Err(NoRoom::Mode);
        }
        let view = self.view();
        let fails = |rule: &Rule| !rules::pass(&[*rule], &view);
        if let Some(rule) = Rule::transfer().find(fails) {
            return Err(NoRoom::Rule(rule));
        }
        let at = Setpoint::TransferVolume;
        let limit = self.limits[at as usize].ok_or(NoRoom::NoReference)?;
        let read = self
            .reading
            .as_ref()
            .map_or(f64::NAN, |r| r.signals.setpoints[at]);
        if !read.is_finite() {
            return Err(NoRoom::NoReference);
        }
        Ok(Room {
            reference: read,
            low: limit.low.max(read - limit.step),
            high: limit.high.min(read),
        })
    }
}
