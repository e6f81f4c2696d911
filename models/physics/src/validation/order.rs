//! Order of convergence in time and through the gap.

use crate::cards;
use crate::solver::{Cut, Inlet};

use super::bench::{self, DEFAULT_GRID, FIXED_WALL, SLOT};
use super::slab::{self, Cooling};
use super::{CaseError, Row, Rows, compression, heating, packing, slot};

/// From three results, each with half the step of the one before: no reference enters.
fn observed([coarse, middle, fine]: [f64; 3]) -> f64 {
    ((coarse - middle) / (middle - fine)).abs().log2()
}

/// Orders of V7, V2 and V10 through the gap, of V11, V15 and a hold in time.
pub fn rows() -> Rows {
    let centre = |layers| -> Result<f64, CaseError> {
        let model = slab::slab(layers, FIXED_WALL)?;
        let mut run = Cooling::new(&model)?;
        run.until(1.0, 0.005)?;
        Ok(bench::mean_k(&model, &run.state, 1))
    };
    let gap = observed([centre(8)?, centre(16)?, centre(32)?]);
    let packing = observed([
        packing::end_wall(3e-3, 1e-4)?,
        packing::end_wall(3e-3, 5e-5)?,
        packing::end_wall(3e-3, 2.5e-5)?,
    ]);
    let heat = observed([
        compression::rise_k(40e6, 50)?,
        compression::rise_k(40e6, 100)?,
        compression::rise_k(40e6, 200)?,
    ]);
    let drop = |layers| {
        slot::drop_on(
            Cut {
                layers,
                ..DEFAULT_GRID
            },
            SLOT,
            bench::power_law(1e4, 0.3),
            500.0,
        )
    };
    let flow = observed([drop(8)?, drop(16)?, drop(32)?]);
    let viscous = observed([
        heating::slot_rise_k(8)?,
        heating::slot_rise_k(16)?,
        heating::slot_rise_k(32)?,
    ]);
    let shot = observed([hold_mpa(0.02)?, hold_mpa(0.01)?, hold_mpa(0.005)?]);
    Ok(vec![
        Row::of_order(
            "order-gap",
            "V7: order through the gap, 8 to 32 layers",
            2.0,
            1.8,
            gap,
        ),
        Row::of_order(
            "order-gap-flow",
            "V2: order through the gap, 8 to 32 layers",
            2.0,
            1.8,
            flow,
        ),
        Row::of_order(
            "order-gap-heat",
            "V10: order through the gap, 8 to 32 layers",
            2.0,
            1.8,
            viscous,
        ),
        Row::of_order(
            "order-time-hold",
            "PS held and cooled in the common slot: order in time",
            1.0,
            0.9,
            shot,
        ),
        Row::of_order(
            "order-time-packing",
            "V11: order in time",
            1.0,
            0.9,
            packing,
        ),
        Row::of_order(
            "order-time-compression",
            "V15: order in time",
            1.0,
            0.9,
            heat,
        ),
    ])
}

/// Pressure at the end wall after 1 s of a pressure-driven hold with everything at work: real melt,
/// flow, compression, cooling through the wall.
fn hold_mpa(dt: f64) -> Result<f64, CaseError> {
    let material = cards::builtin("ps_styron678e")?.require_simulation()?;
    let model = bench::model(SLOT, &material, DEFAULT_GRID, 503.15, 323.15, 1250.0)?;
    let start = bench::filled(&model, 503.15, false);
    let rise = 0.2;
    let steps = (1.0 / dt).round() as usize;
    let end = bench::run(&model, start, dt, steps, |t| {
        Inlet::Pressure(model.atmosphere + 40e6 * (t / rise).min(1.0))
    })?;
    Ok(end.pressure[model.nodes() - 1] * 1e-6)
}
