//! V12, V13: the equation of state, and a sealed melt that cools.

use models_units::{Pressure, Temperature};

use crate::card::SimulationMaterial;
use crate::cards;
use crate::laws::{Conductivity, Rheology, Tait};
use crate::solver::{Cut, Inlet, Stepper};

use super::bench::{self, DEFAULT_GRID, TIGHT};
use super::{CaseError, HALF_PERCENT, Row, Rows};

/// Half a unit of the last printed digit, cm3/g, and a rounding.
const PRINTED: f64 = 0.51e-6;

fn tait(key: &'static str) -> Result<Tait, CaseError> {
    cards::builtin(key)?.tait.ok_or(CaseError::Card(key))
}

fn cm3_per_g(law: &Tait, t_k: f64, mpa: f64) -> f64 {
    1e3 * law
        .specific_volume(Temperature::from_k(t_k), Pressure::from_mpa(mpa))
        .m3_per_kg()
}

/// V12 and V12b.
pub fn rows() -> Rows {
    let mut rows = vec![];
    for (key, t_k, expected) in [
        ("ps_styron678e", 298.15, [0.958785, 0.946535, 0.935819]),
        ("ps_styron678e", 433.0, [1.010800, 0.982247, 0.960583]),
        ("hdpe_sabic", 450.65, [1.311090, 1.252725, 1.213939]),
        ("abs_810", 439.0, [1.005780, 0.971526, 0.946782]),
        ("pom_delrin100_nc010", 478.0, [0.857100, 0.833667, 0.815747]),
    ] {
        let law = tait(key)?;
        for (mpa, v) in [0.0, 50.0, 100.0].into_iter().zip(expected) {
            rows.push(Row::absolute(
                &format!("V12-{key}-{t_k}K-{mpa}MPa"),
                "specific volume by Tait",
                v,
                cm3_per_g(&law, t_k, mpa),
                "cm3/g",
                PRINTED,
            ));
        }
    }
    let law = tait("ps_styron678e")?;
    for (mpa, v) in [(0.0, 1.005866), (50.0, 0.976660), (100.0, 0.954650)] {
        rows.push(Row::relative(
            &format!("V12b-{mpa}MPa"),
            "PS card at 429 K against a handbook",
            v,
            cm3_per_g(&law, 429.0, mpa),
            "cm3/g",
            HALF_PERCENT,
        ));
    }
    Ok(rows)
}

/// V13: melt at 40 MPa and 420 K, shut in and cooled through its wall.
pub fn sealed() -> Rows {
    let (start_k, start_pa) = (420.0, 40e6);
    let material = SimulationMaterial {
        tait: tait("ps_styron678e")?,
        heat_capacity: crate::laws::HeatCapacity::constant(2000.0)?,
        // The whole gap cools evenly.
        conductivity: Conductivity::constant(1e6)?,
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
        start_k,
        start_k,
        1e6,
    )?;
    let mut old = bench::filled(&model, start_k, false);
    old.pressure[1] = start_pa;
    old.mass[1] = model.graph.nodes[1].volume / model.melt.tait.blended(start_k, start_pa).v;
    let mut new = old.clone();
    let mut stepper = Stepper::new(&model)?;
    let mut rows = vec![];
    for (t_k, expected) in [(410.0, 29.9057), (400.0, 19.6286), (395.0, 14.4208)] {
        model.coolant_k = t_k;
        for _ in 0..200 {
            stepper.step(
                &model,
                &old,
                &mut new,
                Inlet::Pressure(model.atmosphere),
                0.01,
                &TIGHT,
            )?;
            std::mem::swap(&mut old, &mut new);
        }
        rows.push(Row::relative(
            &format!("V13-{t_k}K"),
            &format!("sealed PS cooled to {t_k} K: pressure"),
            expected,
            old.pressure[1] * 1e-6,
            "MPa",
            HALF_PERCENT,
        ));
    }
    Ok(rows)
}
