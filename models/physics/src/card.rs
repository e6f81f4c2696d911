//! Material cards: one TOML file per grade, every number with its source.
//!
//! A card holds what its sources print and no more. [`MaterialCard::require_simulation`] turns it
//! into the complete set a shot needs, or names exactly what the card lacks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::input::{self, InputError};
use crate::laws::{
    Conductivity, CrossWlf, HeatCapacity, NoFlow, Rheology, Tait, TaitMelt, WallContact,
    ZeroShearWlf,
};

mod check;
mod file;

/// Why a card cannot be used.
pub type CardError = InputError;

/// How far the constants of a card can be trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub enum Trust {
    /// The source compares a simulation with these constants to measured cavity pressures.
    #[serde(rename = "measured+validated")]
    MeasuredValidated,
    /// A report of a test laboratory.
    #[serde(rename = "measured-lab")]
    MeasuredLab,
    /// A row of an operational database: plausible, origin not stated.
    #[serde(rename = "db")]
    Database,
    /// Quoted from a paper or a handbook.
    #[serde(rename = "literature")]
    Literature,
    /// Known to be wrong somewhere; kept so that nobody imports it again. Never simulated.
    #[serde(rename = "suspect")]
    Suspect,
}

/// One grade. Absent laws are `None`; `missing` says why.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialCard {
    /// Key, equal to the file stem of a shipped card.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Polymer, as in `PA6-GF30`.
    pub polymer: String,
    /// How far to trust the constants.
    pub trust: Trust,
    /// Main source, a key of `models/cards/literature.bib` or `measured:<report>`.
    pub source: String,
    /// Every source of the card, the main one first, each once.
    pub sources: Vec<String>,
    /// What a user should know.
    pub notes: Vec<String>,
    /// Law name to the reason why the card lacks it.
    pub missing: BTreeMap<String, String>,
    /// Density at 298.15 K and zero pressure that the source's Tait set gives, kg/m3.
    pub density_298k: Option<f64>,
    /// Flow law.
    pub cross_wlf: Option<CrossWlf>,
    /// Zero-shear viscosity alone.
    pub zero_shear_wlf: Option<ZeroShearWlf>,
    /// Equation of state.
    pub tait: Option<Tait>,
    /// A second published set of the same grade.
    pub tait_alternative: Option<Tait>,
    /// Melt domain alone.
    pub tait_melt: Option<TaitMelt>,
    /// Heat capacity.
    pub heat_capacity: Option<HeatCapacity>,
    /// Thermal conductivity.
    pub conductivity: Option<Conductivity>,
    /// No-flow temperature, K.
    pub no_flow_k: Option<f64>,
    /// Melt temperatures it is processed at, K.
    pub melt_k: Option<(f64, f64)>,
    /// Mold temperatures it is processed at, K.
    pub mold_k: Option<(f64, f64)>,
    /// Ejection temperature, K.
    pub eject_k: Option<f64>,
    /// Shear rate above which the source expects degradation, 1/s.
    pub max_shear_rate: Option<f64>,
    /// Shear stress above which the source expects degradation, Pa.
    pub max_shear_stress: Option<f64>,
    /// Wall heat transfer of the source's case.
    pub wall_contact: Option<WallContact>,
    /// A second published wall heat transfer of the same case.
    pub wall_contact_alternative: Option<WallContact>,
    /// Gap opening of the source's mold per mean cavity pressure, m/Pa.
    pub mold_compliance_m_per_pa: Option<f64>,
    /// Shear modulus of the solid, Pa.
    pub shear_modulus: Option<f64>,
}

/// Everything a shot needs to know about the melt: complete by construction.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationMaterial {
    /// Key of the card it came from.
    pub key: String,
    /// Flow law.
    pub rheology: Rheology,
    /// Equation of state.
    pub tait: Tait,
    /// Heat capacity.
    pub heat_capacity: HeatCapacity,
    /// Thermal conductivity.
    pub conductivity: Conductivity,
    /// No-flow temperature, K; see [`NoFlow`].
    pub no_flow_k: f64,
}

impl SimulationMaterial {
    /// The no-flow temperature as a law.
    pub fn no_flow(&self) -> NoFlow {
        NoFlow {
            temperature_k: self.no_flow_k,
        }
    }
}

impl MaterialCard {
    /// Reads a card file.
    ///
    /// # Errors
    /// When the file cannot be read or a key in it is missing, unknown or out of bounds.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CardError> {
        let path = path.as_ref();
        Self::from_toml(&input::read_text(path)?, &path.display().to_string())
    }

    /// Parses a card; `file` is what messages call it.
    ///
    /// # Errors
    /// As [`MaterialCard::load`].
    pub fn from_toml(text: &str, file: &str) -> Result<Self, CardError> {
        let card = input::parse_toml::<file::CardFile>(text, file)?.into_card(file)?;
        check::consistent(&card, file)?;
        Ok(card)
    }

    /// The complete set for a simulation.
    ///
    /// # Errors
    /// [`InputError::Incomplete`] names the card and each law it lacks with the stated reason; a
    /// suspect card is refused whatever it holds. Nothing is ever filled in.
    pub fn require_simulation(&self) -> Result<SimulationMaterial, CardError> {
        let missing = self.lacking();
        match (
            &self.cross_wlf,
            &self.tait,
            &self.heat_capacity,
            &self.conductivity,
            self.no_flow_k,
        ) {
            (Some(law), Some(tait), Some(heat_capacity), Some(conductivity), Some(no_flow_k))
                if missing.is_empty() =>
            {
                Ok(SimulationMaterial {
                    key: self.key.clone(),
                    rheology: Rheology::CrossWlf(*law),
                    tait: *tait,
                    heat_capacity: heat_capacity.clone(),
                    conductivity: conductivity.clone(),
                    no_flow_k,
                })
            }
            _ => Err(InputError::Incomplete {
                card: self.key.clone(),
                missing,
            }),
        }
    }

    /// Each law a simulation needs and the card lacks, with the reason in brackets; empty if complete.
    pub fn lacking(&self) -> Vec<String> {
        let mut lacking: Vec<String> = [
            ("rheology", self.cross_wlf.is_some()),
            ("tait", self.tait.is_some()),
            ("heat_capacity", self.heat_capacity.is_some()),
            ("conductivity", self.conductivity.is_some()),
            ("no_flow", self.no_flow_k.is_some()),
        ]
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(law, _)| match self.missing.get(law) {
            Some(reason) => format!("{law} ({reason})"),
            None => law.to_owned(),
        })
        .collect();
        if self.trust == Trust::Suspect {
            lacking.push("trust (the card is marked suspect)".to_owned());
        }
        lacking
    }
}
