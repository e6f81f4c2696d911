//! What the press is told to do in one shot, read from one strict TOML file.
//!
//! Volumes are displaced by the screw since injection began; pressures are absolute specific
//! pressures (before the screw tip). Inside everything is SI; in the file the unit is part of the key.

use std::path::Path;

use crate::input::{self, InputError};
use crate::mold::Mold;
use crate::recipes;

mod file;
mod fits;

/// Why a recipe cannot be used.
pub type RecipeError = InputError;

/// A press recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The file it was read from, as messages call it.
    pub file: String,
    /// Name for people.
    pub title: String,
    /// Melt temperature, K.
    pub melt_k: f64,
    /// Mold temperature, K.
    pub mold_k: f64,
    /// Melt before the screw when injection begins, m3.
    pub dose_volume: f64,
    /// Injection rates, in order; the last one reaches transfer.
    pub rate_stages: Vec<RateStage>,
    /// Switch-over from rate to pressure.
    pub transfer: Transfer,
    /// Hold pressures, in order.
    pub hold: Vec<HoldStage>,
    /// Time from the end of hold to ejection, s.
    pub cooling_time_s: f64,
}

/// One injection rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateStage {
    /// Screw rate, m3/s.
    pub rate: f64,
    /// Injected volume at which the next stage begins, m3.
    pub until_injected: f64,
}

/// Switch-over to hold: whichever of the three is met first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transfer {
    /// Injected volume, m3.
    pub injected_volume: f64,
    /// Specific pressure, Pa. Reaching it before the volume means a mold that resists too much.
    pub max_pressure: f64,
    /// Time since injection began, s.
    pub max_time: f64,
}

/// One hold pressure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldStage {
    /// Specific pressure, absolute, Pa.
    pub pressure: f64,
    /// How long, s.
    pub time: f64,
}

impl Recipe {
    /// Reads a recipe file.
    ///
    /// # Errors
    /// When the file cannot be read, or with file, key and reason of the first thing wrong in it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecipeError> {
        let path = path.as_ref();
        Self::from_toml(&input::read_text(path)?, &path.display().to_string())
    }

    /// Parses a recipe; `file` is what messages call it.
    ///
    /// # Errors
    /// As [`Recipe::load`].
    pub fn from_toml(text: &str, file: &str) -> Result<Self, RecipeError> {
        input::parse_toml::<file::RecipeFile>(text, file)?.into_recipe(file)
    }

    /// Writes the recipe as TOML that [`Recipe::from_toml`] reads back (to 12 digits).
    ///
    /// # Errors
    /// Only if TOML itself refuses a value.
    pub fn to_toml(&self) -> Result<String, RecipeError> {
        file::to_toml(self)
    }

    /// The recipe a mold file names as its default, shipped or beside the mold file.
    ///
    /// # Errors
    /// When the mold names none, or the one it names does not exist or is itself wrong.
    pub fn default_of(mold: &Mold) -> Result<Self, RecipeError> {
        match &mold.process.recipe {
            Some(name) if name.ends_with(".toml") => Self::load(mold.relative(name)),
            Some(name) => recipes::builtin(name),
            None => Err(InputError::key(
                &mold.file,
                "process.recipe",
                "missing, and no other was given",
            )),
        }
    }

    /// Checks the recipe against the limits of the mold's press (if it has one) and its volume.
    ///
    /// # Errors
    /// With recipe file, key and reason of the first value that the press cannot give, or of a dose
    /// that can never fill the mold.
    pub fn fits(&self, mold: &Mold) -> Result<(), RecipeError> {
        fits::check(self, mold)
    }

    /// Time from the start of hold to its end, s.
    pub fn hold_time_s(&self) -> f64 {
        self.hold.iter().map(|stage| stage.time).sum()
    }
}
