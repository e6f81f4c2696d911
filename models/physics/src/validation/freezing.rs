//! V9: the Neumann problem of a freezing front, by enthalpy.

use crate::card::SimulationMaterial;
use crate::laws::{Conductivity, HeatCapacity, Rheology};
use crate::solver::{Cut, Inlet, March};

use super::bench::{self, FIXED_WALL};
use super::{CaseError, Row, Rows};

const MELTING: f64 = 400.0;
const WALL: f64 = 320.0;
/// Half width of the latent peak, K.
const PEAK: f64 = 1.0;
const STEP: f64 = 1e-3;
const CP: f64 = 2000.0;
const TOLERANCE: f64 = 0.03;
const COLDEST: f64 = 100.0;

/// V9 and V9b.
pub fn rows() -> Rows {
    let mut rows = vec![];
    for (id, stefan, phi, alpha, lambda, front_mm, one_phase) in [
        ("V9", 0.83333, 1.125, 1e-7, 0.3485785, 0.22046, 0.5764346),
        ("V9b", 2.08, 1.375, 0.9e-7, 0.3571776, 0.214307, 0.8113673),
    ] {
        let front = front_m(stefan, phi, alpha)?;
        let growth = |front: f64| front / (2.0 * alpha.sqrt());
        rows.push(Row::relative(
            &format!("{id}-lambda"),
            "Neumann front: lambda",
            lambda,
            growth(front),
            "",
            TOLERANCE,
        ));
        rows.push(Row::relative(
            &format!("{id}-front"),
            "Neumann front at 1 s",
            front_mm,
            1e3 * front,
            "mm",
            TOLERANCE,
        ));
        let alone = growth(front_m(stefan, 0.0, alpha)?);
        rows.push(Row::relative(
            &format!("{id}-one-phase"),
            "Stefan front, melt at its melting point: lambda",
            one_phase,
            alone,
            "",
            TOLERANCE,
        ));
    }
    Ok(rows)
}

/// Depth of the frozen melt after 1 s, m.
fn front_m(stefan: f64, phi: f64, alpha: f64) -> Result<f64, CaseError> {
    let drop = MELTING - WALL;
    let latent = CP * drop / stefan;
    let heat = HeatCapacity::from_table(
        &[COLDEST, MELTING - PEAK, MELTING, MELTING + PEAK, 900.0],
        &[CP, CP, CP + latent / PEAK, CP, CP],
    )?;
    let material = SimulationMaterial {
        conductivity: Conductivity::constant(alpha * 1000.0 * CP)?,
        heat_capacity: heat.clone(),
        no_flow_k: 1e4,
        ..bench::melt(Rheology::Newtonian { eta: 300.0 })?
    };
    // Half a gap of 1.5 mm is deep enough not to be felt within the second.
    let element = "shape = \"strip\"\nwidth_mm = 50.0\ngap_mm = 3.0\nlength_mm = 10.0";
    let start = MELTING + (phi * drop).max(PEAK);
    let model = bench::model(
        element,
        &material,
        Cut {
            cells: 1,
            layers: 64,
        },
        start,
        WALL,
        FIXED_WALL,
    )?;
    let mut march = March::new(&model, bench::filled(&model, start, false))?;
    march.control.longest = STEP;
    while march.state.time < 1.0 - 1e-9 {
        march.advance(1.0 - march.state.time, |_, _| {
            Inlet::Pressure(model.atmosphere)
        })?;
    }
    let volume = &model.layers.section(model.graph.nodes[1].section).volume;
    let frozen: f64 = volume
        .iter()
        .zip(&march.state.temperature[model.column()..])
        .map(|(share, &t)| {
            share * (1.0 - ((heat.enthalpy(t) - CP * (t - COLDEST)) / latent).clamp(0.0, 1.0))
        })
        .sum();
    Ok(frozen * model.graph.nodes[1].half_gap)
}
