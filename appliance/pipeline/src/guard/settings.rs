//! Settings of the guard, checked as a whole before they count.

use serde::{Deserialize, Serialize};

use crate::error::PipelineError;
use crate::ports::{Limits, SETPOINTS, Setpoint};

/// What the box does with a wish. The order is that of reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing is written, no advice waits.
    #[default]
    Observe,
    /// A person confirms each change.
    Advise,
    /// The box writes by itself.
    Correct,
}

impl Mode {
    /// Name in the configuration, in records and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Advise => "advise",
            Self::Correct => "correct",
        }
    }
}

/// Settings. Times in seconds, tolerances in the SI unit of their setpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardSettings {
    /// The farthest mode that may be armed.
    pub mode: Mode,
    /// Whether writes are allowed while each shot is started by a person.
    pub semi_automatic: bool,
    /// Whether the press says if setpoints are released; then its silence forbids writing.
    pub says_released: bool,
    /// Whether the press has `Frozen`; then its silence forbids writing.
    pub says_frozen: bool,
    /// Longest silence of the controller's heartbeat, s; `None` where it has none.
    pub heartbeat_s: Option<f64>,
    /// Oldest reading that counts, s; more than twice the time between readings, or the guard holds between them.
    pub fresh_s: f64,
    /// Oldest wish or advice that counts, s; both end with their shot anyway.
    pub wish_s: f64,
    /// Time within which a write must read back, s.
    pub read_back_s: f64,
    /// Difference up to which a setpoint counts as the same, SI.
    pub tolerance: [f64; SETPOINTS],
    /// Good shots in a row until a hold ends.
    pub good_shots: u32,
    /// Time in hold until the press is released, s; after a start it must hold the shots until the estimate is trusted, and the
    /// good shots after them.
    pub hold_s: f64,
    /// Shots without an operator edit after which the new recipe counts as accepted; `None`: only a person accepts it.
    pub untouched_shots: Option<u32>,
    /// An expected effect must be more than this many of its standard deviations; `None`: not asked.
    pub surer_than: Option<f64>,
    /// Whether the recipe of before is written once when the press is released.
    pub restore: bool,
}

impl GuardSettings {
    /// Refuses settings and limits that make no sense, with key and reason.
    ///
    /// # Errors
    /// [`PipelineError::Guard`] for the first that fails.
    pub fn check(&self, limits: &Limits) -> Result<(), PipelineError> {
        let times = [
            ("fresh_s", self.fresh_s),
            ("wish_s", self.wish_s),
            ("read_back_s", self.read_back_s),
            ("hold_s", self.hold_s),
        ];
        for (key, value) in times {
            positive(key, value)?;
        }
        if let Some(value) = self.heartbeat_s {
            positive("heartbeat_s", value)?;
        }
        if let Some(value) = self.surer_than
            && !(value.is_finite() && value >= 0.0)
        {
            return refuse("surer_than", format!("is {value}; it must be 0 or more"));
        }
        if self.good_shots == 0 {
            return refuse("good_shots", "is 0; it must be 1 or more".into());
        }
        if self.untouched_shots == Some(0) {
            return refuse(
                "untouched_shots",
                "is 0; it must be 1 or more, or be left out".into(),
            );
        }
        for setpoint in Setpoint::ALL {
            let name = setpoint.name();
            positive(
                &format!("{name}.tolerance"),
                self.tolerance[setpoint as usize],
            )?;
            let Some(limit) = limits[setpoint as usize] else {
                continue;
            };
            positive(&format!("{name}.step"), limit.step)?;
            positive(&format!("{name}.per_hour"), limit.per_hour)?;
            if !(limit.low.is_finite() && limit.high.is_finite() && limit.low < limit.high) {
                return refuse(
                    &format!("{name}.low"),
                    format!("is {}; it must be below high = {}", limit.low, limit.high),
                );
            }
            if limit.step <= self.tolerance[setpoint as usize] {
                return refuse(
                    &format!("{name}.step"),
                    format!(
                        "is {}; it must be above the tolerance {}, or no step could be read back",
                        limit.step, self.tolerance[setpoint as usize]
                    ),
                );
            }
        }
        Ok(())
    }
}

fn positive(key: &str, value: f64) -> Result<(), PipelineError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    refuse(key, format!("is {value}; it must be above 0"))
}

fn refuse(key: &str, reason: String) -> Result<(), PipelineError> {
    Err(PipelineError::Guard {
        key: key.into(),
        reason,
    })
}
