//! V11: packing as diffusion of pressure.

use crate::card::SimulationMaterial;
use crate::laws::{Rheology, TAIT_C};
use crate::solver::Inlet;

use super::bench::{self, ADIABATIC, DEFAULT_GRID, SLOT};
use super::{CaseError, HALF_PERCENT, Row, Rows};

/// Compressibility, 1/Pa.
const KAPPA: f64 = 1e-9;
/// Applied pressure above atmosphere, Pa: small, so that compressibility is as good as constant.
const APPLIED: f64 = 1e5;

/// V11.
pub fn rows() -> Rows {
    [(1, 0.06779), (3, 0.440866), (10, 0.917914)]
        .into_iter()
        .map(|(ms, expected)| {
            let found = end_wall(f64::from(ms) * 1e-3, 1e-5)?;
            Ok(Row::absolute(
                &format!("V11-{ms}ms"),
                &format!("packing: end wall p/p0 at {ms} ms"),
                expected,
                found,
                "",
                HALF_PERCENT,
            ))
        })
        .collect()
}

/// Share of the applied pressure that has arrived at the end wall.
pub fn end_wall(time: f64, dt: f64) -> Result<f64, CaseError> {
    let atmosphere = models_units::ATMOSPHERIC.pa();
    let material = SimulationMaterial {
        tait: bench::tait(TAIT_C / KAPPA - atmosphere),
        ..bench::melt(Rheology::Newtonian { eta: 300.0 })?
    };
    let model = bench::model(SLOT, &material, DEFAULT_GRID, 500.0, 500.0, ADIABATIC)?;
    let start = bench::filled(&model, 500.0, false);
    let steps = (time / dt).round() as usize;
    let state = bench::run(&model, start, dt, steps, |_| {
        Inlet::Pressure(atmosphere + APPLIED)
    })?;
    // From the last two centres to the wall, where the gradient vanishes.
    let last = model.nodes() - 1;
    let wall = state.pressure[last] + (state.pressure[last] - state.pressure[last - 1]) / 8.0;
    Ok((wall - atmosphere) / APPLIED)
}
