//! Whether a press can run a recipe on a mold.

use super::Recipe;
use crate::input::{Checks, InputError, celsius_from_k, from_si};
use crate::mold::{Mold, Press};

pub(super) fn check(recipe: &Recipe, mold: &Mold) -> Result<(), InputError> {
    let top = Checks::new(&recipe.file, "");
    let (dose, volume) = (recipe.dose_volume, mold.volume());
    if dose < volume {
        let reason = format!(
            "{} is less than the {:.2} cm3 of mold {}: the recipe never fills",
            from_si(dose, 1e-6),
            volume * 1e6,
            mold.name
        );
        return Err(top.error("dose_cm3", reason));
    }
    mold.press
        .as_ref()
        .map_or(Ok(()), |press| limits(recipe, press))
}

fn limits(recipe: &Recipe, press: &Press) -> Result<(), InputError> {
    let top = Checks::new(&recipe.file, "");
    let most = |key: &str, value: f64, limit: f64, unit: f64| {
        // The limit itself is allowed, whatever conversion did to its last digit.
        if value <= limit * (1.0 + 1e-12) {
            return Ok(());
        }
        let (value, limit) = (from_si(value, unit), from_si(limit, unit));
        Err(top.error(key, format!("{value} is above the {limit} of the press")))
    };
    let between = |key: &str, k: f64, (low, high): (f64, f64)| {
        if (low - 1e-9..=high + 1e-9).contains(&k) {
            return Ok(());
        }
        let [k, low, high] = [k, low, high].map(celsius_from_k);
        Err(top.error(
            key,
            format!("{k} is outside the {low} to {high} of the press"),
        ))
    };
    most(
        "dose_cm3",
        recipe.dose_volume,
        press.max_stroke_volume,
        1e-6,
    )?;
    for (i, stage) in recipe.rate_stages.iter().enumerate() {
        most(
            &format!("rate[{i}].rate_cm3_s"),
            stage.rate,
            press.max_rate,
            1e-6,
        )?;
    }
    let transfer = &recipe.transfer;
    let left = recipe.dose_volume - transfer.injected_volume;
    if left < press.cushion_volume * (1.0 - 1e-12) {
        let reason = format!(
            "leaves {:.3} cm3 of the dose, less than the cushion of {} cm3",
            left * 1e6,
            from_si(press.cushion_volume, 1e-6)
        );
        return Err(top.error("transfer.injected_cm3", reason));
    }
    let injection = press.max_injection_pressure;
    most(
        "transfer.max_pressure_mpa",
        transfer.max_pressure,
        injection,
        1e6,
    )?;
    for (i, stage) in recipe.hold.iter().enumerate() {
        let key = format!("hold[{i}].pressure_mpa");
        most(&key, stage.pressure, press.max_hold_pressure, 1e6)?;
    }
    between("melt_celsius", recipe.melt_k, press.melt_range_k)?;
    between("mold_celsius", recipe.mold_k, press.mold_range_k)
}
