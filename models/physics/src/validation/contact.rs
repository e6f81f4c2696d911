//! V8: contact temperature of two half spaces, hot melt on cold steel.

use crate::card::SimulationMaterial;
use crate::laws::{Conductivity, HeatCapacity, Rheology};
use crate::solver::{Cut, SteelStack};

use super::bench::{self, DEFAULT_GRID, FIXED_WALL};
use super::slab::Cooling;
use super::{HALF_PERCENT, Row, Rows};

/// Effusivities of melt and steel, J/(m2 K s^0.5).
const MELT: f64 = 679.7;
const STEEL: f64 = 10598.1;
const MELT_K: f64 = 0.22;
const STEEL_K: f64 = 29.0;
/// Thin layers, so that a short time is many of them deep.
const STEEL_LAYER: f64 = 2e-4;

/// V8. The error is a share of the temperature itself; the half gap stays unfelt.
pub fn rows() -> Rows {
    let material = SimulationMaterial {
        heat_capacity: HeatCapacity::constant(MELT * MELT / MELT_K / 1000.0)?,
        conductivity: Conductivity::constant(MELT_K)?,
        no_flow_k: 1e4,
        ..bench::melt(Rheology::Newtonian { eta: 300.0 })?
    };
    let element = "shape = \"strip\"\nwidth_mm = 50.0\ngap_mm = 2.0\nlength_mm = 10.0";
    let mut model = bench::model(
        element,
        &material,
        Cut {
            cells: 1,
            ..DEFAULT_GRID
        },
        503.15,
        323.15,
        FIXED_WALL,
    )?;
    model.steel = Some(SteelStack {
        thickness: vec![STEEL_LAYER; 100],
        conductivity: STEEL_K,
        volumetric_heat: STEEL * STEEL / STEEL_K,
        coolant_htc: FIXED_WALL,
    });
    let mut run = Cooling::new(&model)?;
    run.until(0.5, 1e-3)?;
    let (layers, at) = (model.layers.len(), model.column());
    let (melt, steel) = (
        run.state.temperature[at + layers - 1],
        run.state.temperature[at + layers],
    );
    // The surface lies between the last layer of melt and the first of steel, by their resistances.
    let melt_side =
        model.graph.nodes[1].half_gap * (1.0 - model.layers.centres[layers - 1]) / MELT_K;
    let steel_side = 0.5 * STEEL_LAYER / STEEL_K;
    let surface = (melt * steel_side + steel * melt_side) / (melt_side + steel_side);
    Ok(vec![Row::relative(
        "V8",
        "contact temperature of melt on steel",
        60.8485,
        surface - 273.15,
        "C",
        HALF_PERCENT,
    )])
}
