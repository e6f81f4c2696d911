//! V5: how far melt gets at constant pressure.

use crate::laws::Rheology;
use crate::solver::{Inlet, March, State};

use super::bench::{self, ADIABATIC, DEFAULT_GRID};
use super::{CaseError, HALF_PERCENT, Row, Rows};

const PRESSURE: f64 = 30e6;

/// V5.
pub fn rows() -> Rows {
    let mut rows = vec![];
    let newtonian = fronts_mm(Rheology::Newtonian { eta: 300.0 }, 200.0, &[0.5])?;
    rows.push(Row::relative(
        "V5-a",
        "filling at 30 MPa, Newtonian: length at 0.5 s",
        182.574,
        newtonian[0],
        "mm",
        HALF_PERCENT,
    ));
    let times = [0.01, 0.1, 1.0];
    let thinning = fronts_mm(bench::power_law(1e4, 0.3), 500.0, &times)?;
    for ((id, expected), (t, found)) in [("V5-b", 155.726), ("V5-c", 264.929), ("V5-d", 450.712)]
        .into_iter()
        .zip(times.iter().zip(thinning))
    {
        rows.push(Row::relative(
            id,
            &format!("filling at 30 MPa, power law: length at {t} s"),
            expected,
            found,
            "mm",
            HALF_PERCENT,
        ));
    }
    Ok(rows)
}

/// Flow length at each of the given times, mm.
fn fronts_mm(law: Rheology, length_mm: f64, times: &[f64]) -> Result<Vec<f64>, CaseError> {
    let element =
        format!("shape = \"strip\"\nwidth_mm = 50.0\ngap_mm = 2.0\nlength_mm = {length_mm:.1}");
    let model = bench::model(
        &element,
        &bench::melt(law)?,
        DEFAULT_GRID,
        500.0,
        500.0,
        ADIABATIC,
    )?;
    let mut march = March::new(&model, State::empty(&model))?;
    // Pressure on an empty slot starts a thinning melt at boundless speed: only the very first steps see it.
    march.control.shortest = 1e-12;
    let pressure = PRESSURE + model.atmosphere;
    let mut fronts = vec![];
    for &time in times {
        while march.state.time < time * (1.0 - 1e-12) {
            march.advance(time - march.state.time, |_, _| Inlet::Pressure(pressure))?;
        }
        fronts.push(
            1e3 * model
                .graph
                .nodes
                .iter()
                .zip(&march.state.fill)
                .skip(1)
                .map(|(n, f)| n.length * f.min(1.0))
                .sum::<f64>(),
        );
    }
    Ok(fronts)
}
