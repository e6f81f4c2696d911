//! The recipe file as written, and its way to SI and back.

use serde::{Deserialize, Serialize};

use super::{HoldStage, RateStage, Recipe, Transfer};
use crate::input::{Checks, InputError, celsius_from_k, from_si};

/// Longest time that is not a slipped unit, s.
const LONGEST_S: f64 = 3600.0;
/// Largest volume and rate that are not a slipped unit, cm3 and cm3/s.
const LARGEST_CM3: f64 = 1e5;
/// Largest specific pressure that is not a slipped unit, MPa.
const LARGEST_MPA: f64 = 1000.0;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipeFile {
    title: String,
    melt_celsius: f64,
    mold_celsius: f64,
    dose_cm3: f64,
    cooling_time_s: f64,
    #[serde(default)]
    rate: Vec<RateFile>,
    transfer: TransferFile,
    #[serde(default)]
    hold: Vec<HoldFile>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RateFile {
    rate_cm3_s: f64,
    until_cm3: f64,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TransferFile {
    injected_cm3: f64,
    max_pressure_mpa: f64,
    max_time_s: f64,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HoldFile {
    pressure_mpa: f64,
    time_s: f64,
}

/// A value above zero and at most `most`.
fn bounded(c: &Checks<'_>, key: &str, value: f64, most: f64) -> Result<f64, InputError> {
    c.positive(key, value)?;
    c.that(
        key,
        value,
        value <= most,
        &format!("must be at most {most}"),
    )
}

impl RecipeFile {
    pub(super) fn into_recipe(self, file: &str) -> Result<Recipe, InputError> {
        let top = Checks::new(file, "");
        let transfer = self.transfer.into_transfer(file)?;
        let rate_stages = rates(&self.rate, &transfer, file)?;
        let mut hold = Vec::new();
        for (i, stage) in self.hold.iter().enumerate() {
            let c = Checks::new(file, &format!("hold[{i}]"));
            hold.push(HoldStage {
                pressure: bounded(&c, "pressure_mpa", stage.pressure_mpa, LARGEST_MPA)? * 1e6,
                time: bounded(&c, "time_s", stage.time_s, LONGEST_S)?,
            });
        }
        let dose_volume = bounded(&top, "dose_cm3", self.dose_cm3, LARGEST_CM3)? * 1e-6;
        if dose_volume < transfer.injected_volume {
            let reason = "must not be below transfer.injected_cm3: the recipe never fills";
            return Err(top.error("dose_cm3", format!("{reason}, found {}", self.dose_cm3)));
        }
        let cooling = self.cooling_time_s;
        top.within("cooling_time_s", cooling, 0.0, LONGEST_S)?;
        Ok(Recipe {
            file: file.to_owned(),
            title: self.title,
            melt_k: top.celsius("melt_celsius", self.melt_celsius)?,
            mold_k: top.celsius("mold_celsius", self.mold_celsius)?,
            dose_volume,
            rate_stages,
            transfer,
            hold,
            cooling_time_s: cooling,
        })
    }
}

impl TransferFile {
    fn into_transfer(self, file: &str) -> Result<Transfer, InputError> {
        let c = Checks::new(file, "transfer");
        Ok(Transfer {
            injected_volume: bounded(&c, "injected_cm3", self.injected_cm3, LARGEST_CM3)? * 1e-6,
            max_pressure: bounded(&c, "max_pressure_mpa", self.max_pressure_mpa, LARGEST_MPA)?
                * 1e6,
            max_time: bounded(&c, "max_time_s", self.max_time_s, LONGEST_S)?,
        })
    }
}

/// Stages whose volumes rise and whose last one reaches transfer.
fn rates(
    stages: &[RateFile],
    transfer: &Transfer,
    file: &str,
) -> Result<Vec<RateStage>, InputError> {
    let mut found: Vec<RateStage> = Vec::new();
    for (i, stage) in stages.iter().enumerate() {
        let c = Checks::new(file, &format!("rate[{i}]"));
        let rate = bounded(&c, "rate_cm3_s", stage.rate_cm3_s, LARGEST_CM3)? * 1e-6;
        let until = bounded(&c, "until_cm3", stage.until_cm3, LARGEST_CM3)? * 1e-6;
        let rises = found.last().is_none_or(|last| until > last.until_injected);
        c.that(
            "until_cm3",
            stage.until_cm3,
            rises,
            "must be above that of the stage before",
        )?;
        found.push(RateStage {
            rate,
            until_injected: until,
        });
    }
    let Some(last) = found.last() else {
        return Err(InputError::key(
            file,
            "rate",
            "a recipe needs at least one injection rate",
        ));
    };
    if last.until_injected < transfer.injected_volume {
        let c = Checks::new(file, &format!("rate[{}]", found.len() - 1));
        let reason = "the last stage must reach transfer.injected_cm3: the recipe never fills";
        return Err(c.error("until_cm3", reason));
    }
    Ok(found)
}

/// The text of a recipe file.
pub(super) fn to_toml(recipe: &Recipe) -> Result<String, InputError> {
    let rate = |stage: &RateStage| RateFile {
        rate_cm3_s: from_si(stage.rate, 1e-6),
        until_cm3: from_si(stage.until_injected, 1e-6),
    };
    let hold = |stage: &HoldStage| HoldFile {
        pressure_mpa: from_si(stage.pressure, 1e6),
        time_s: stage.time,
    };
    let file = RecipeFile {
        title: recipe.title.clone(),
        melt_celsius: celsius_from_k(recipe.melt_k),
        mold_celsius: celsius_from_k(recipe.mold_k),
        dose_cm3: from_si(recipe.dose_volume, 1e-6),
        cooling_time_s: recipe.cooling_time_s,
        rate: recipe.rate_stages.iter().map(rate).collect(),
        transfer: TransferFile {
            injected_cm3: from_si(recipe.transfer.injected_volume, 1e-6),
            max_pressure_mpa: from_si(recipe.transfer.max_pressure, 1e6),
            max_time_s: recipe.transfer.max_time,
        },
        hold: recipe.hold.iter().map(hold).collect(),
    };
    toml::to_string(&file)
        .map_err(|e| InputError::key(&recipe.file, "file", format!("cannot be written: {e}")))
}
