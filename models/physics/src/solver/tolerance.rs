//! When a step counts as solved, and what comes of it.

use super::linear::LinearError;

/// When a step counts as solved.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Mass residual of one node and step, as a share of the mold's melt mass.
    pub mass: f64,
    /// Mismatch of momentum, as a share of the largest flow.
    pub momentum: f64,
    /// Last change of temperature, K.
    pub temperature: f64,
    /// Iterations after which the step fails; with `accept` it is taken as it is.
    pub iterations: usize,
    /// The same while a front moves.
    pub iterations_filling: usize,
    /// Take the step even when it has not converged (the live observer's budget).
    pub accept: bool,
}

impl Tolerance {
    /// Reference accuracy.
    pub const REFERENCE: Self = Self {
        mass: 1e-8,
        momentum: 1e-5,
        temperature: 2e-3,
        iterations: 40,
        iterations_filling: 40,
        accept: false,
    };
    /// For shots to train on: within 2 kPa of [`Tolerance::REFERENCE`], an eighth cheaper.
    pub const DATASET: Self = Self {
        mass: 1e-7,
        momentum: 1e-4,
        temperature: 1e-2,
        ..Self::REFERENCE
    };
    /// A fixed cost a step.
    pub const LIVE: Self = Self {
        mass: 1e-6,
        momentum: 1e-3,
        temperature: 0.1,
        iterations: 1,
        iterations_filling: 4,
        accept: true,
    };
}

/// How a step went.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepReport {
    /// Iterations used.
    pub iterations: usize,
    /// Last mass residual, momentum mismatch and temperature change, in the units of [`Tolerance`].
    pub mass: f64,
    /// Momentum mismatch.
    pub momentum: f64,
    /// Temperature change, K.
    pub temperature: f64,
    /// Mass that entered through the inlet, kg.
    pub inflow: f64,
    /// Mass lost over the check ring, kg.
    pub leaked: f64,
    /// Largest advance of a front, in nodes.
    pub advance: f64,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Iterations ran out.
    #[error(
        "no convergence after {iterations} iterations (mass {mass:.1e}, momentum {momentum:.1e}, temperature {temperature:.1e} K)"
    )]
    NotConverged {
        /// Iterations used.
        iterations: usize,
        /// Mass residual.
        mass: f64,
        /// Momentum mismatch.
        momentum: f64,
        /// Temperature change, K.
        temperature: f64,
    },
    /// The iteration settled on something that is not melt: shear heating ran away within one step.
    #[error("node {node} came out at {temperature_k:.0} K and {fill:.2} of its volume")]
    Unphysical {
        /// First offending node.
        node: usize,
        /// Highest temperature in its column, K; infinite for a value that is no number.
        temperature_k: f64,
        /// Share of its volume that it would hold.
        fill: f64,
    },
    /// The pressure at the inlet is no number.
    #[error("the inlet pressure is {value}")]
    Inlet {
        /// The value given.
        value: f64,
    },
    /// The linear system had no solution.
    #[error("solving for pressure")]
    Linear(#[from] LinearError),
}
