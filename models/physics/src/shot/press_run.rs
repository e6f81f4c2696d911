//! The press: screw rate stages up to transfer, then the hold profile, then cooling.

use crate::mold::Press;
use crate::recipe::Recipe;
use crate::solver::{Inlet, March, MarchError};

use super::Recorder;

/// Phase of the machine cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The screw moves at a set rate.
    Fill,
    /// The screw holds a set pressure.
    Hold,
    /// The screw has let go.
    Cool,
}

/// Time in which the hydraulics follow a new pressure, s (first order).
const RESPONSE_S: f64 = 0.03;

/// Change of the set pressure that asks for short steps again, Pa.
const LARGE_CHANGE_PA: f64 = 2e6;

/// A press under way through one recipe.
pub(super) struct PressRun<'a> {
    press: &'a Press,
    recipe: &'a Recipe,
    hold_loss: f64,
    leakage: f64,
    atmosphere: f64,
    pub transfer_at: Option<f64>,
}

impl<'a> PressRun<'a> {
    pub fn new(
        press: &'a Press,
        recipe: &'a Recipe,
        hold_loss: f64,
        leakage: f64,
        atmosphere: f64,
    ) -> Self {
        Self {
            press,
            recipe,
            hold_loss,
            leakage,
            atmosphere,
            transfer_at: None,
        }
    }

    /// Runs to ejection; returns its time, s.
    pub fn run(
        &mut self,
        march: &mut March<'_>,
        recorder: &mut Recorder,
    ) -> Result<f64, MarchError> {
        let mut injected = 0.0;
        // The inlet sees what the nozzle leaves of the specific pressure.
        let kept = 1.0 - self.hold_loss;
        let limit = self
            .recipe
            .transfer
            .max_pressure
            .min(self.press.max_injection_pressure);
        for stage in 0.. {
            let Some(stage) = self
                .recipe
                .rate_stages
                .get(stage)
                .or(self.recipe.rate_stages.last())
            else {
                break;
            };
            let goal = stage
                .until_injected
                .min(self.recipe.transfer.injected_volume)
                .max(injected);
            let last =
                goal >= self.recipe.transfer.injected_volume || stage.until_injected <= injected;
            let goal = if last {
                self.recipe.transfer.injected_volume
            } else {
                goal
            };
            while injected < goal - 1e-12 {
                let left = (goal - injected) / stage.rate;
                let stop = recorder.next_stop(f64::INFINITY) - march.state.time;
                let inlet = Inlet::Rate {
                    rate: stage.rate,
                    leakage: self.leakage,
                };
                let before = march.state.time;
                let report = march.advance(left.min(stop.max(1e-9)), |_, _| inlet)?;
                injected += stage.rate * (march.state.time - before);
                recorder.mass_in += report.inflow;
                recorder.record(march, Phase::Fill, injected);
                let specific = self.atmosphere + (march.state.pressure[0] - self.atmosphere) / kept;
                if specific >= limit || march.state.time >= self.recipe.transfer.max_time {
                    return self.hold(march, recorder, injected);
                }
            }
            if last {
                break;
            }
        }
        self.hold(march, recorder, injected)
    }

    fn hold(
        &mut self,
        march: &mut March<'_>,
        recorder: &mut Recorder,
        injected: f64,
    ) -> Result<f64, MarchError> {
        let transfer = march.state.time;
        self.transfer_at = Some(transfer);
        recorder.snapshots.push(march.state.clone());
        let kept = 1.0 - self.hold_loss;
        let mut specific = self.atmosphere + (march.state.pressure[0] - self.atmosphere) / kept;
        let stages = self
            .recipe
            .hold
            .iter()
            .map(|s| (s.pressure, s.time, Phase::Hold));
        let cooling = (self.atmosphere, self.recipe.cooling_time_s, Phase::Cool);
        let mut end = transfer;
        let full_reservoir = march.state.reservoir + injected;
        for (target, time, phase) in stages.chain([cooling]) {
            let (start, from) = (end, specific);
            end += time;
            let course = |t: f64| target + (from - target) * (-(t - start) / RESPONSE_S).exp();
            if (target - from).abs() > LARGE_CHANGE_PA {
                march.restart_steps();
            }
            while march.state.time < end - 1e-9 {
                let stop = recorder.next_stop(end) - march.state.time;
                let atmosphere = self.atmosphere;
                let report = march.advance(stop.max(1e-9), |t, _| {
                    Inlet::Pressure(atmosphere + (course(t) - atmosphere).max(0.0) * kept)
                })?;
                recorder.mass_in += report.inflow;
                recorder.record(march, phase, full_reservoir - march.state.reservoir);
            }
            specific = course(end);
        }
        Ok(end)
    }
}
