//! V4: a centre-gated disc.

use crate::laws::Rheology;
use crate::solver::{Inlet, March, State};

use super::bench::{self, ADIABATIC, DEFAULT_GRID, SLOT_FLOW};
use super::{CaseError, HALF_PERCENT, Row, Rows, slot};

const DISC: &str = "shape = \"disc\"\ninner_radius_mm = 2.0\nouter_radius_mm = 60.0\ngap_mm = 2.0";

/// V4.
pub fn rows() -> Rows {
    let newtonian = Rheology::Newtonian { eta: 300.0 };
    Ok(vec![
        Row::relative(
            "V4-a",
            "Newtonian disc: pressure drop",
            4.87186,
            slot::drop_mpa(DISC, newtonian, 500.0)?,
            "MPa",
            HALF_PERCENT,
        ),
        Row::relative(
            "V4-fill",
            "Newtonian disc: fill time",
            1.12972,
            fill_time(newtonian)?,
            "s",
            HALF_PERCENT,
        ),
        Row::relative(
            "V4-b",
            "power-law disc (1e4, 0.3): pressure drop",
            3.43647,
            slot::drop_mpa(DISC, bench::power_law(1e4, 0.3), 500.0)?,
            "MPa",
            HALF_PERCENT,
        ),
        Row::relative(
            "V4-c",
            "power-law disc (5e3, 0.5): pressure drop",
            5.05201,
            slot::drop_mpa(DISC, bench::power_law(5e3, 0.5), 500.0)?,
            "MPa",
            HALF_PERCENT,
        ),
    ])
}

/// Time the front reaches the rim at constant rate, s.
fn fill_time(law: Rheology) -> Result<f64, CaseError> {
    let model = bench::model(
        DISC,
        &bench::melt(law)?,
        DEFAULT_GRID,
        500.0,
        500.0,
        ADIABATIC,
    )?;
    let mut start = State::empty(&model);
    start.reservoir = 1e-3;
    start.mass[0] = start.reservoir / model.melt.tait.blended(500.0, model.atmosphere).v;
    let mut march = March::new(&model, start)?;
    let last = model.nodes() - 1;
    // The last cell's front, continued at its speed over the last step.
    while march.state.fill[last] < 0.5 {
        march.advance(2e-3, |_, _| Inlet::Rate {
            rate: SLOT_FLOW,
            leakage: 0.0,
        })?;
    }
    let speed =
        (march.state.fill[last] - march.before.fill[last]) / (march.state.time - march.before.time);
    Ok(march.state.time + (1.0 - march.state.fill[last]) / speed)
}
