//! V10: viscous heat against conduction to fixed walls.

use crate::card::SimulationMaterial;
use crate::laws::{Conductivity, HeatCapacity, Rheology};
use crate::solver::{Cut, Inlet, Stepper};

use super::bench::{self, DEFAULT_GRID, FIXED_WALL, SLOT, SLOT_FLOW};
use super::{CaseError, HALF_PERCENT, Row, Rows};

const WALL_K: f64 = 400.0;
const ETA: f64 = 300.0;
const SPEED: f64 = 0.3;
const CONDUCTIVITY: f64 = 0.2;

/// V10.
pub fn rows() -> Rows {
    Ok(vec![
        Row::relative(
            "V10-slot",
            "viscous heating of a slot: rise at the centre",
            45.0,
            slot_rise_k(DEFAULT_GRID.layers)?,
            "K",
            HALF_PERCENT,
        ),
        Row::relative(
            "V10-couette",
            "viscous heating between moving plates: rise at the centre",
            16.875,
            couette()?,
            "K",
            HALF_PERCENT,
        ),
    ])
}

fn material() -> Result<SimulationMaterial, CaseError> {
    Ok(SimulationMaterial {
        // So little heat capacity that the temperature is fully developed a few gaps from the inlet.
        heat_capacity: HeatCapacity::constant(1.0)?,
        conductivity: Conductivity::constant(CONDUCTIVITY)?,
        ..bench::melt(Rheology::Newtonian { eta: ETA })?
    })
}

/// Rise at the centre by the whole solver: steady flow through the common slot, 0.3 m/s in the middle.
pub fn slot_rise_k(layers: usize) -> Result<f64, CaseError> {
    let mut model = bench::model(
        SLOT,
        &material()?,
        Cut {
            layers,
            ..DEFAULT_GRID
        },
        WALL_K,
        WALL_K,
        FIXED_WALL,
    )?;
    bench::open_end(&mut model);
    let start = bench::filled(&model, WALL_K, true);
    let state = bench::run(&model, start, 2e-3, 40, |_| Inlet::Rate {
        rate: SLOT_FLOW,
        leakage: 0.0,
    })?;
    Ok(bench::centre_k(&model, &state, 44) - WALL_K)
}

/// The energy kernel alone: no pressure moves plates, so the even heat of their shear is given.
fn couette() -> Result<f64, CaseError> {
    let model = bench::model(
        SLOT,
        &material()?,
        Cut {
            cells: 1,
            ..DEFAULT_GRID
        },
        WALL_K,
        WALL_K,
        FIXED_WALL,
    )?;
    let rate = SPEED / (2.0 * model.graph.nodes[1].half_gap);
    let source = vec![ETA * rate * rate; model.layers.len()];
    let mut stepper = Stepper::new(&model)?;
    let mut old = bench::filled(&model, WALL_K, false);
    let mut new = old.clone();
    for _ in 0..40 {
        stepper.conduct(&model, &old, &mut new, 2e-3, &source);
        std::mem::swap(&mut old, &mut new);
    }
    Ok(bench::centre_k(&model, &old, 1) - WALL_K)
}
