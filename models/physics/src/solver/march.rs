//! Marches a model through time with steps of its own choice.

use super::control::StepControl;
use super::linear::LinearError;
use super::model::Model;
use super::state::{Filling, State};
use super::step::{Inlet, Stepper};
use super::tolerance::{StepError, StepReport, Tolerance};

/// A shot under way: its model, its present state and the next step size.
#[derive(Debug)]
pub struct March<'m> {
    /// What is stepped.
    pub model: &'m Model,
    /// The state reached.
    pub state: State,
    /// The state before the last step.
    pub before: State,
    /// Tolerance of every step.
    pub tolerance: Tolerance,
    /// Step size control.
    pub control: StepControl,
    /// Largest pressure so far, Pa.
    pub peak: f64,
    /// Steps taken, steps refused, iterations in all.
    pub counts: [usize; 3],
    stepper: Stepper,
    next: State,
    dt: f64,
}

/// A shot that could not be continued.
#[derive(Debug, thiserror::Error)]
pub enum MarchError {
    /// No step size was small enough.
    #[error("the shot stopped at {time_s:.4} s: no step down to {dt_s:.1e} s converged")]
    Stuck {
        /// Time reached, s.
        time_s: f64,
        /// Last step tried, s.
        dt_s: f64,
        /// What went wrong in it.
        #[source]
        source: StepError,
    },
    /// The graph could not be analysed.
    #[error("preparing the pressure system")]
    Prepare(#[from] LinearError),
}

/// First step of a shot, s.
const FIRST_STEP: f64 = 2e-4;
/// Share of the atmosphere that a pressure scale never falls below, Pa.
const SMALLEST_PEAK: f64 = 2e6;

impl<'m> March<'m> {
    /// Starts from `state`.
    ///
    /// # Errors
    /// When the graph's pattern cannot be analysed.
    pub fn new(model: &'m Model, state: State) -> Result<Self, MarchError> {
        Ok(Self {
            model,
            before: state.clone(),
            next: state.clone(),
            state,
            tolerance: Tolerance::REFERENCE,
            control: StepControl::default(),
            peak: SMALLEST_PEAK,
            counts: [0; 3],
            stepper: Stepper::new(model)?,
            dt: FIRST_STEP,
        })
    }

    /// Asks for short steps again: something at the boundary jumped.
    pub fn restart_steps(&mut self) {
        self.dt = self.dt.min(FIRST_STEP);
    }

    /// The step the control would take next, s.
    pub fn proposed(&self) -> f64 {
        self.dt
    }

    /// Takes one step of at most `limit` seconds under the inlet that `inlet(end time)` gives.
    ///
    /// # Errors
    /// When no step converges, however short.
    pub fn advance(
        &mut self,
        limit: f64,
        inlet: impl Fn(f64, f64) -> Inlet,
    ) -> Result<StepReport, MarchError> {
        let mut dt = self.dt.min(limit).max(self.control.shortest);
        loop {
            let at = inlet(self.state.time + dt, dt);
            match self.stepper.step(
                self.model,
                &self.state,
                &mut self.next,
                at,
                dt,
                &self.tolerance,
            ) {
                Ok(report)
                    if report.advance <= 1.5 * self.control.advance.max(0.5)
                        || dt <= self.control.shortest =>
                {
                    self.counts[0] += 1;
                    self.counts[2] += report.iterations;
                    self.accept(dt, limit);
                    return Ok(report);
                }
                Ok(report) => {
                    self.counts[1] += 1;
                    self.counts[2] += report.iterations;
                    dt = (dt / report.advance * self.control.advance.min(1.0))
                        .max(self.control.shortest);
                }
                Err(source) => {
                    self.counts[1] += 1;
                    self.counts[2] += self.tolerance.iterations;
                    if dt <= self.control.shortest {
                        return Err(MarchError::Stuck {
                            time_s: self.state.time,
                            dt_s: dt,
                            source,
                        });
                    }
                    dt = (dt * 0.3).max(self.control.shortest);
                }
            }
        }
    }

    fn accept(&mut self, dt: f64, limit: f64) {
        std::mem::swap(&mut self.before, &mut self.state);
        std::mem::swap(&mut self.state, &mut self.next);
        self.peak = self.state.pressure.iter().fold(self.peak, |m, p| m.max(*p));
        let next = self
            .control
            .next(self.model, &self.before, &self.state, dt, self.peak);
        // A step cut short to land on a time says nothing against longer ones.
        self.dt = if dt < self.dt && dt == limit {
            next.max(self.dt.min(next * 4.0))
        } else {
            next
        };
    }

    /// True once every node holds melt up to the end.
    pub fn is_full(&self) -> bool {
        self.state
            .filling
            .iter()
            .all(|f| matches!(f, Filling::Full | Filling::Detached))
    }
}
