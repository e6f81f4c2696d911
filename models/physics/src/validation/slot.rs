//! V1, V2, V3, V6: pressure that drives a steady flow through a slot or a tube.

use crate::cards;
use crate::laws::Rheology;
use crate::solver::{Cut, Inlet, Model, State};

use super::bench::{self, ADIABATIC, DEFAULT_GRID, SLOT, SLOT_FLOW};
use super::{CaseError, HALF_PERCENT, Row, Rows};

/// Steady flow: a few steps are enough, the melt hardly yields.
pub fn steady(model: &Model, t_k: f64, rate: f64) -> Result<State, CaseError> {
    let mut start = bench::filled(model, t_k, true);
    // Laws without a plateau need a gradient to begin with.
    let length: f64 = model
        .graph
        .edges
        .iter()
        .map(|e| e.half[0].length + e.half[1].length)
        .sum();
    let gradient = 1e7 / length;
    start.gradient.fill(gradient);
    let mut p = model.atmosphere;
    for e in (0..model.graph.edges.len()).rev() {
        let half = &model.graph.edges[e].half;
        p += gradient * (half[0].length + half[1].length);
        start.pressure[half[0].node] = p;
    }
    bench::run(model, start, 1e-3, 5, |_| Inlet::Rate {
        rate,
        leakage: 0.0,
    })
}

/// Pressure drop from the inlet to the open end on the default grid, MPa.
pub fn drop_mpa(element: &str, law: Rheology, t_k: f64) -> Result<f64, CaseError> {
    drop_on(DEFAULT_GRID, element, law, t_k)
}

/// Pressure drop from the inlet to the open end, MPa.
pub fn drop_on(cut: Cut, element: &str, law: Rheology, t_k: f64) -> Result<f64, CaseError> {
    let model = open(cut, element, law, t_k)?;
    let state = steady(&model, t_k, SLOT_FLOW)?;
    Ok((state.pressure[0] - model.atmosphere) * 1e-6)
}

fn open(cut: Cut, element: &str, law: Rheology, t_k: f64) -> Result<Model, CaseError> {
    let mut model = bench::model(element, &bench::melt(law)?, cut, t_k, t_k, ADIABATIC)?;
    bench::open_end(&mut model);
    Ok(model)
}

/// V1.
pub fn newtonian() -> Rows {
    let eta = 300.0;
    let model = open(DEFAULT_GRID, SLOT, Rheology::Newtonian { eta }, 500.0)?;
    let state = steady(&model, 500.0, SLOT_FLOW)?;
    let drop = (state.pressure[0] - model.atmosphere) * 1e-6;
    // Stress at the wall of the middle cell over viscosity.
    let middle = 66;
    let rate = state.gradient[middle] * model.graph.nodes[33].half_gap / eta;
    Ok(vec![
        Row::relative(
            "V1",
            "Newtonian slot: pressure drop",
            18.0,
            drop,
            "MPa",
            HALF_PERCENT,
        ),
        Row::relative(
            "V1-rate",
            "Newtonian slot: wall shear rate",
            600.0,
            rate,
            "1/s",
            HALF_PERCENT,
        ),
    ])
}

/// V2.
pub fn power_law() -> Rows {
    [
        ("V2-a", 1e4, 0.3, 8.09858),
        ("V2-b", 2e4, 0.25, 11.7713),
        ("V2-c", 5e3, 0.5, 14.1421),
    ]
    .into_iter()
    .map(|(id, k, n, expected)| {
        let found = drop_mpa(SLOT, bench::power_law(k, n), 500.0)?;
        Ok(Row::relative(
            id,
            &format!("power-law slot ({k}, {n}): pressure drop"),
            expected,
            found,
            "MPa",
            HALF_PERCENT,
        ))
    })
    .collect()
}

/// V3.
pub fn tube() -> Rows {
    let tube = "shape = \"tube\"\ndiameter_mm = 4.0\nlength_mm = 100.0";
    Ok(vec![
        Row::relative(
            "V3-a",
            "Newtonian tube: pressure drop",
            95.493,
            drop_mpa(tube, Rheology::Newtonian { eta: 300.0 }, 500.0)?,
            "MPa",
            HALF_PERCENT,
        ),
        Row::relative(
            "V3-b",
            "power-law tube: pressure drop",
            12.9041,
            drop_mpa(tube, bench::power_law(1e4, 0.3), 500.0)?,
            "MPa",
            HALF_PERCENT,
        ),
    ])
}

/// V6.
pub fn cards() -> Rows {
    [
        ("ps_styron678e", 503.15, 7.3406),
        ("abs_810", 513.15, 21.576),
        ("hdpe_sabic", 493.15, 14.991),
        ("pa6_gf30", 533.15, 11.626),
        ("pp_isofil_hk10_tvhm", 501.15, 6.8012),
    ]
    .into_iter()
    .map(|(key, t_k, expected)| {
        let law = cards::builtin(key)?.cross_wlf.ok_or(CaseError::Card(key))?;
        let found = drop_mpa(SLOT, Rheology::CrossWlf(law), t_k)?;
        Ok(Row::relative(
            &format!("V6-{key}"),
            &format!("isothermal slot at {t_k} K: pressure drop"),
            expected,
            found,
            "MPa",
            HALF_PERCENT,
        ))
    })
    .collect()
}
