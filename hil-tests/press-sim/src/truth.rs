//! What really happened in a shot, for tests only. One JSON object a line.

use crate::course::CycleKind;
use crate::error::PressSimError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Time between two points of a truth, s.
pub const STEP_S: f64 = 0.005;

/// The truth of one cycle. Times count from the start of injection.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Truth {
    /// Number of the molded shot, from 1.
    pub shot: u64,
    /// What kind of cycle.
    pub kind: Option<CycleKind>,
    /// Start of injection since the press started, s.
    pub injection_at_s: f64,
    /// Transfer, s.
    pub transfer_s: f64,
    /// The mold was full, s.
    pub full_s: Option<f64>,
    /// The gate froze, s.
    pub gate_freeze_s: Option<f64>,
    /// Ejection, s.
    pub ejected_s: f64,
    /// Latent name to the value the shot was solved with.
    pub latents: BTreeMap<String, f64>,
    /// Melt temperature the barrel really had, without the latent's offset, K.
    pub melt_k: f64,
    /// Mold temperature, likewise, K.
    pub mold_k: f64,
    /// Seconds between two points of the curves below.
    pub step_s: f64,
    /// Sensor of the mold file to its curve: Pa, absolute, or K.
    pub sensors: BTreeMap<String, Vec<f64>>,
    /// Pressure in the control volume that fills last, Pa, absolute.
    pub end_of_fill_pa: Vec<f64>,
    /// Mass of the part, feed system excluded, kg.
    pub mass_kg: f64,
    /// Mean volumetric shrinkage of the part.
    pub mean_shrinkage: f64,
    /// Largest local volumetric shrinkage.
    pub largest_shrinkage: f64,
    /// Largest sink depth, m.
    pub sink_depth_m: f64,
    /// Share of the part that stayed empty.
    pub short_share: f64,
    /// Clamp force over that of the press.
    pub flash_ratio: Option<f64>,
    /// What the scenario let happen at this shot.
    pub events: Vec<String>,
}

/// Writes truths, one a line.
#[derive(Debug)]
pub struct TruthFile {
    path: PathBuf,
    out: BufWriter<File>,
}

impl TruthFile {
    /// Makes the file (or writes into a pipe or device that is there).
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn create(path: &Path) -> Result<Self, PressSimError> {
        let file = File::create(path).map_err(|source| PressSimError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            out: BufWriter::new(file),
        })
    }

    /// Appends one truth and flushes it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, truth: &Truth) -> Result<(), PressSimError> {
        let failed = |source: std::io::Error| PressSimError::Write {
            path: self.path.clone(),
            source,
        };
        serde_json::to_writer(&mut self.out, truth).map_err(|e| failed(e.into()))?;
        writeln!(self.out).map_err(failed)?;
        self.out.flush().map_err(failed)
    }
}
