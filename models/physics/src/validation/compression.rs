//! V15: adiabatic compression of polystyrene.

use crate::card::SimulationMaterial;
use crate::cards;
use crate::laws::{Conductivity, Rheology};
use crate::solver::{Cut, Inlet};

use super::bench::{self, ADIABATIC, DEFAULT_GRID};
use super::{CaseError, HALF_PERCENT, Row, Rows};

const START_K: f64 = 503.15;

/// V15.
pub fn rows() -> Rows {
    Ok(vec![
        Row::relative(
            "V15-40MPa",
            "adiabatic compression of PS to 40 MPa: rise",
            4.746,
            rise_k(40e6, 400)?,
            "K",
            HALF_PERCENT,
        ),
        Row::relative(
            "V15-60MPa",
            "adiabatic compression of PS to 60 MPa: rise",
            6.804,
            rise_k(60e6, 400)?,
            "K",
            HALF_PERCENT,
        ),
    ])
}

/// Rise of temperature at the end wall, where no melt arrives from the inlet; pressure rises from 0 to
/// `to_pa` in `steps` equal steps.
pub fn rise_k(to_pa: f64, steps: usize) -> Result<f64, CaseError> {
    let card = cards::builtin("ps_styron678e")?;
    let material = SimulationMaterial {
        // Thin enough not to heat by flowing.
        rheology: Rheology::Newtonian { eta: 10.0 },
        conductivity: Conductivity::constant(1e-9)?,
        no_flow_k: 0.0,
        ..card.require_simulation()?
    };
    let element = "shape = \"strip\"\nwidth_mm = 50.0\ngap_mm = 2.0\nlength_mm = 40.0";
    let mut model = bench::model(
        element,
        &material,
        Cut {
            cells: 12,
            ..DEFAULT_GRID
        },
        START_K,
        START_K,
        ADIABATIC,
    )?;
    model.atmosphere = 0.0;
    let start = bench::filled(&model, START_K, false);
    let dt = 1.0 / steps as f64;
    let end = bench::run(&model, start, dt, steps, |t| Inlet::Pressure(to_pa * t))?;
    Ok(bench::mean_k(&model, &end, model.nodes() - 1) - START_K)
}
