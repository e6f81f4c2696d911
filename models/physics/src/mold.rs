//! A mold: geometry, sensors, wall, press and defaults, read from one strict TOML file.
//!
//! Elements are joined by named points (`from`, `to`). A point may join any number of elements, so
//! runners branch, cavities have several gates, and melt streams may meet again. Inside everything
//! is SI; in the file the unit is part of the key.

use std::collections::BTreeMap;
use std::path::Path;

use crate::card::MaterialCard;
use crate::cards;
use crate::input::{self, InputError};

mod check;
mod element;
mod file;
mod named;
mod press;
mod sensor;
mod shape_file;
mod wall;
mod write;

pub use element::{Element, Shape};
pub use press::{Press, ProcessDefaults};
pub use sensor::{Sensor, SensorKind, SensorQuantity};
pub use wall::{Steel, Wall};

/// Why a mold cannot be used.
pub type MoldError = InputError;

/// How finely the mold is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grid {
    /// Control volumes along the longest flow path.
    pub cells_per_path: usize,
    /// Layers through the half gap.
    pub layers: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            cells_per_path: 66,
            layers: 16,
        }
    }
}

/// Where a calibrated mold comes from.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provenance {
    /// Mold file the calibration started from.
    pub base_mold: String,
    /// Program and version that wrote the file.
    pub program: String,
    /// Measured shots it was fitted on.
    pub fitted_on: Vec<String>,
    /// Source of those shots, a key of `models/cards/literature.bib`.
    pub source: String,
    /// What the fit minimised and how.
    pub method: String,
    /// Anything else a reader should know.
    pub notes: Vec<String>,
    /// Latents that ended at a bound.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_bound: Vec<String>,
    /// Latent to its standard deviation, in the latent's unit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub std_dev: BTreeMap<String, f64>,
    /// Sensor to its root mean square error on the fitted shots, Pa.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rmse_pa: BTreeMap<String, f64>,
}

/// A mold description.
#[derive(Clone, Debug, PartialEq)]
pub struct Mold {
    /// The file it was read from, as messages call it; material and recipe paths are relative to it.
    pub file: String,
    /// Short name, equal to the file stem of a shipped mold.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Key of a shipped card, or path of a card file ending in `.toml`.
    pub material: String,
    /// Point where melt enters.
    pub inlet: String,
    /// Opening of the cavity gap per mean cavity pressure, m/Pa.
    pub compliance_m_per_pa: f64,
    /// What the process does when no recipe says otherwise.
    pub process: ProcessDefaults,
    /// Elements in the order of the file.
    pub elements: Vec<Element>,
    /// Sensors in the order of the file.
    pub sensors: Vec<Sensor>,
    /// Heat transfer to the mold.
    pub wall: Wall,
    /// Limits of the press; absent for a mold known from sensors only.
    pub press: Option<Press>,
    /// Default discretisation.
    pub grid: Grid,
    /// Latent name (see [`crate::latents`]) to the value that replaces its prior mean.
    pub latents: BTreeMap<String, f64>,
    /// Set by calibration.
    pub provenance: Option<Provenance>,
}

impl Mold {
    /// Reads a mold file.
    ///
    /// # Errors
    /// When the file cannot be read, or with file, key and reason of the first thing wrong in it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, MoldError> {
        let path = path.as_ref();
        Self::from_toml(&input::read_text(path)?, &path.display().to_string())
    }

    /// Parses a mold; `file` is what messages call it and what relative paths start from.
    ///
    /// # Errors
    /// As [`Mold::load`].
    pub fn from_toml(text: &str, file: &str) -> Result<Self, MoldError> {
        let mold = input::parse_toml::<file::MoldFile>(text, file)?.into_mold(file)?;
        mold.validate()?;
        Ok(mold)
    }

    /// Writes the mold as TOML that [`Mold::from_toml`] reads back to the same mold (to 12 digits).
    ///
    /// # Errors
    /// When the mold, changed since it was read, no longer holds together.
    pub fn to_toml(&self) -> Result<String, MoldError> {
        self.validate()?;
        write::to_toml(self)
    }

    /// Checks what spans several keys: names, connections, sensors, material, latents.
    ///
    /// # Errors
    /// With file, key and reason of the first thing wrong.
    pub fn validate(&self) -> Result<(), MoldError> {
        check::validate(self)
    }

    /// The material card of this mold.
    ///
    /// # Errors
    /// When the card does not exist or is itself wrong.
    pub fn card(&self) -> Result<MaterialCard, MoldError> {
        if self.material.ends_with(".toml") {
            return MaterialCard::load(self.relative(&self.material));
        }
        cards::builtin(&self.material)
    }

    /// A path written in the mold file, seen from the working directory.
    pub fn relative(&self, path: &str) -> std::path::PathBuf {
        Path::new(&self.file)
            .parent()
            .unwrap_or(Path::new(""))
            .join(path)
    }

    /// The element of that name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements.iter().find(|e| e.name == name)
    }

    /// The sensor of that name.
    pub fn sensor(&self, name: &str) -> Option<&Sensor> {
        self.sensors.iter().find(|s| s.name == name)
    }

    /// Length of the flow from the inlet to where an element begins, m.
    pub fn path_to(&self, element: &str) -> f64 {
        let mut length = 0.0;
        let mut at = self.element(element).map(|e| &e.from);
        // A path is never longer than the list of elements, whatever loops a mold has.
        for _ in 0..self.elements.len() {
            let Some(before) = at.and_then(|p| self.elements.iter().find(|e| e.to == *p)) else {
                break;
            };
            length += before.shape.length();
            at = Some(&before.from);
        }
        length
    }

    /// Volume of all elements of the unloaded mold, m3.
    pub fn volume(&self) -> f64 {
        self.elements.iter().map(|e| e.shape.volume()).sum()
    }

    /// Volume of the elements that are part of the product, m3.
    pub fn cavity_volume(&self) -> f64 {
        self.elements
            .iter()
            .filter(|e| e.cavity)
            .map(|e| e.shape.volume())
            .sum()
    }
}
