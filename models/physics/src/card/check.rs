//! Bounds that catch a wrong unit or a slipped digit in a card.

use super::MaterialCard;
use crate::input::{Checks, InputError};
use crate::laws::Tait;

/// Largest relative gap between the stated density at 298.15 K and that of the Tait set.
const DENSITY_TOLERANCE: f64 = 0.01;

/// Checks every law of the card and the card as a whole.
pub(super) fn consistent(card: &MaterialCard, file: &str) -> Result<(), InputError> {
    flow(card, file)?;
    for (table, tait) in [
        ("tait", &card.tait),
        ("tait_alternative", &card.tait_alternative),
    ] {
        if let Some(tait) = tait {
            state(tait, &Checks::new(file, table))?;
        }
    }
    if let Some(melt) = &card.tait_melt {
        let checks = Checks::new(file, "tait_melt");
        checks.within("b1m_m3_per_kg", melt.b1m, 3e-4, 3e-3)?;
        checks.within("b2m_m3_per_kg_k", melt.b2m, 0.0, 1e-5)?;
        checks.within("b3m_pa", melt.b3m, 1e6, 1e10)?;
        checks.within("b4m_per_k", melt.b4m, 0.0, 0.1)?;
        checks.within("b5_k", melt.b5, 150.0, 800.0)?;
    }
    let top = Checks::new(file, "");
    if let Some(density) = card.density_298k {
        top.within("density_298k_kg_per_m3", density, 300.0, 4000.0)?;
        if let Some(tait) = &card.tait {
            let of_tait = 1.0 / tait.point(298.15, 0.0).v;
            let close = (of_tait / density - 1.0).abs() <= DENSITY_TOLERANCE;
            let reason = format!("differs by more than 1 % from {of_tait:.1} of the tait table");
            top.that("density_298k_kg_per_m3", density, close, &reason)?;
        }
    }
    for (key, t) in [
        ("no_flow.temperature_k", card.no_flow_k),
        ("processing.eject_k", card.eject_k),
    ] {
        if let Some(t) = t {
            top.within(key, t, 200.0, 800.0)?;
        }
    }
    for (key, value) in [
        ("processing.max_shear_rate_per_s", card.max_shear_rate),
        ("processing.max_shear_stress_pa", card.max_shear_stress),
        ("solid.shear_modulus_pa", card.shear_modulus),
        (
            "mold_contact.compliance_m_per_pa",
            card.mold_compliance_m_per_pa,
        ),
    ] {
        if let Some(value) = value {
            top.positive(key, value)?;
        }
    }
    if let (Some(no_flow), Some((melt, _))) = (card.no_flow_k, card.melt_k) {
        top.that(
            "no_flow.temperature_k",
            no_flow,
            no_flow < melt,
            "must be below the melt range",
        )?;
    }
    Ok(())
}

fn flow(card: &MaterialCard, file: &str) -> Result<(), InputError> {
    if let Some(law) = &card.cross_wlf {
        let checks = Checks::new(file, "cross_wlf");
        checks.within("n", law.n, 0.005, 0.995)?;
        checks.within("tau_star_pa", law.tau_star, 1.0, 1e8)?;
        checks.positive("d1_pa_s", law.d1)?;
        checks.within("d2_k", law.d2, 100.0, 700.0)?;
        checks.within("d3_k_per_pa", law.d3, 0.0, 1e-5)?;
        checks.within("a1", law.a1, 0.1, 1e6)?;
        checks.within("a2_tilde_k", law.a2_tilde, 0.1, 1e8)?;
        if let Some((melt, _)) = card.melt_k {
            checks.that(
                "d2_k",
                law.d2,
                law.d2 < melt,
                "must be below the melt range",
            )?;
        }
    }
    if let Some(law) = &card.zero_shear_wlf {
        let checks = Checks::new(file, "zero_shear_wlf");
        checks.within("n", law.n, 0.005, 0.995)?;
        checks.positive("d1_pa_s", law.d1)?;
        checks.within("t_ref_k", law.t_ref, 200.0, 800.0)?;
        checks.positive("a1", law.a1)?;
        checks.positive("a2_k", law.a2)?;
    }
    Ok(())
}

fn state(tait: &Tait, checks: &Checks<'_>) -> Result<(), InputError> {
    for (key, b1) in [("b1m_m3_per_kg", tait.b1m), ("b1s_m3_per_kg", tait.b1s)] {
        checks.within(key, b1, 3e-4, 3e-3)?;
    }
    for (key, b2) in [("b2m_m3_per_kg_k", tait.b2m), ("b2s_m3_per_kg_k", tait.b2s)] {
        checks.within(key, b2, 0.0, 1e-5)?;
    }
    for (key, b3) in [("b3m_pa", tait.b3m), ("b3s_pa", tait.b3s)] {
        checks.within(key, b3, 1e6, 1e10)?;
    }
    for (key, b4) in [("b4m_per_k", tait.b4m), ("b4s_per_k", tait.b4s)] {
        checks.within(key, b4, 0.0, 0.1)?;
    }
    checks.within("b5_k", tait.b5, 150.0, 800.0)?;
    checks.within("b6_k_per_pa", tait.b6, 0.0, 1e-5)?;
    checks.within("b7_m3_per_kg", tait.b7, 0.0, 1e-3)?;
    checks.within("b8_per_k", tait.b8, 0.0, 1.0)?;
    checks.within("b9_per_pa", tait.b9, 0.0, 1e-6)?;
    Ok(())
}
