//! A release: a folder with `model.toml` and `weights.safetensors`, and perhaps `weights-int8.safetensors`, never edited again.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::InferError;
use crate::kernel::Precision;

mod whole;

pub use whole::to_safetensors as int8_to_safetensors;

/// Formats that this program reads, for messages.
const KNOWN: &str = "moldsight-network-1` and `moldsight-network-2";
/// Name and version of the format.
pub const FORMAT: &str = "moldsight-network-1";
/// The same with 8-bit weights beside the others.
pub const FORMAT_INT8: &str = "moldsight-network-2";
/// The description in a release.
pub const DESCRIPTION: &str = "model.toml";
/// The weights in a release.
pub const WEIGHTS: &str = "weights.safetensors";
/// The 8-bit weights in a release of [`FORMAT_INT8`].
pub const INT8: &str = "weights-int8.safetensors";

/// The list of SHA-256 sums in a signed release.
pub const SUMS: &str = "SHA256SUMS";

/// A latent that the network takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentInput {
    /// Name in the list of latents.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Lowest and highest trained value; melt and mold temperature are differences to the nominal ones.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// Value identified for this mold: what is used when nothing better is known.
    pub value: f64,
}

/// What a sensor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Pressure, Pa.
    Pressure,
    /// Temperature of one layer, K.
    Temperature,
}

/// A sensor of the mold, as a weighted mean of nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorPlace {
    /// Name in the mold file.
    pub name: String,
    /// What it reads.
    pub quantity: Quantity,
    /// Layer of a temperature, mid-plane first.
    pub layer: usize,
    /// Nodes.
    pub nodes: Vec<usize>,
    /// Their shares.
    pub shares: Vec<f64>,
}

/// Error of the network against the solver on shots that training never saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// Number of those shots.
    pub shots: usize,
    /// Root mean square error of the sensors' pressures over a shot, percent of its peak: mean and 95th percentile.
    pub sensors_percent: [f64; 2],
    /// The same of the pressure field while filling, in hold and in cooling (mean).
    pub fill_percent: f64,
    /// See `fill_percent`.
    pub later_percent: f64,
    /// Root mean square error of temperature after the mold is full, K: everywhere and at the mid-plane.
    pub temperature_k: [f64; 2],
    /// Error of the time the mold is full, ms: median and 95th percentile.
    pub full_ms: [f64; 2],
    /// Errors phase by phase over all of those shots; early releases do not state them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
    /// The same over the shots that a recipe drives, where others are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipes: Option<Phases>,
}

/// Errors phase by phase: mean over shots and 95th percentile of each shot's root mean square over the phase. Pressures
/// in percent of the shot's own peak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// Number of shots.
    pub shots: usize,
    /// Pressure field until the mold is full.
    pub fill_percent: [f64; 2],
    /// From there to the end of hold: the recipe's, or the freezing of the gate where nobody sets one.
    pub hold_percent: [f64; 2],
    /// Afterwards; zero where no shot goes on.
    pub cooling_percent: [f64; 2],
    /// Pressure of the last node to fill, in hold, its first moments included.
    pub end_of_fill_percent: [f64; 2],
    /// Pressure field in the first 60 ms after full.
    pub first_60ms_percent: [f64; 2],
    /// Temperature after full, K, everywhere.
    pub temperature_k: [f64; 2],
    /// The same at the mid-plane.
    pub core_k: [f64; 2],
}

/// 8-bit weights beside the float ones: per output channel, activations scaled at every step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantised {
    /// Hash of the 8-bit weights file.
    pub weights_sha256: String,
    /// Program that made them.
    pub program: String,
    /// Errors on the same fresh shots, followed with 8-bit weights.
    pub errors: Errors,
    /// Root mean square difference between both followers over a shot at the sensors, percent of its peak: mean and 95th
    /// percentile.
    pub extra_percent: [f64; 2],
    /// The same of temperature after the mold is full, K: mean over all shots, and the 95th percentile of a shot.
    pub extra_k: [f64; 2],
}

/// `model.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// [`FORMAT`] or [`FORMAT_INT8`].
    pub format: String,
    /// Mold, and the hash of all that its simulation reads.
    pub mold: String,
    /// See `mold`.
    pub mold_sha256: String,
    /// Sensor whose pressure drives the network: that at the mold's inlet.
    pub driven_by: String,
    /// Program and commit that made it.
    pub program: String,
    /// See `program`.
    pub commit: String,
    /// Seed of sample, weights and order.
    pub seed: u64,
    /// Training shots.
    pub shots: usize,
    /// Seed of the sample of shots.
    pub dataset_seed: u64,
    /// Share of waveforms in it.
    pub waveforms: f64,
    /// Prior standard deviations by which its latents vary to either side.
    #[serde(default = "usual_spread")]
    pub spread: f64,
    /// How they lie within.
    #[serde(default)]
    pub latent_law: LatentLaw,
    /// Fresh shots that `errors` were measured on, beginning at 60000 of the sample.
    pub fresh_shots: u32,
    /// Hash of the weights file.
    pub weights_sha256: String,
    /// Pressure that counts as one, Pa.
    pub pressure_scale_pa: f64,
    /// Pressure in front of the melt, Pa.
    pub atmosphere_pa: f64,
    /// Highest trained inlet pressure, Pa.
    pub highest_pa: f64,
    /// Longest trained time after the mold is full, s.
    pub longest_s: f64,
    /// Nominal melt temperature, K.
    pub melt_k: f64,
    /// Nominal mold temperature, K.
    pub mold_k: f64,
    /// Nodes of a field, the inlet first.
    pub nodes: usize,
    /// Melt layers of a node.
    pub layers: usize,
    /// First and longest step of the schedule, s, and its growth.
    pub schedule_first_s: f64,
    /// See `schedule_first_s`.
    pub schedule_longest_s: f64,
    /// See `schedule_first_s`.
    pub schedule_growth: f64,
    /// Errors on fresh shots.
    pub errors: Errors,
    /// 8-bit weights, in a release of [`FORMAT_INT8`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8: Option<Quantised>,
    /// Latents, in the order of the inputs.
    pub latents: Vec<LatentInput>,
    /// Sensors of the mold.
    pub sensors: Vec<SensorPlace>,
}

/// How a sample's latents lie within their ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatentLaw {
    /// Evenly: releases and datasets that do not name theirs.
    #[default]
    Even,
    /// By the prior of the filter that will use the network: a normal law about the mold's own latents, cut at the ends.
    Prior,
}

/// The spread of releases that do not name theirs.
fn usual_spread() -> f64 {
    2.2
}

/// Name, shape and values of a tensor.
pub type Tensor = (String, Vec<usize>, Vec<f32>);

/// Name, shape, whole numbers and the scale of each row.
pub type WholeTensor = (String, [usize; 2], Vec<i8>, Vec<f32>);

/// Rows of whole numbers and the scale of each.
pub type WholeRows<'a> = (&'a [i8], &'a [f32]);

/// A loaded release: its description and its tensors.
#[derive(Clone, Debug)]
pub struct Release {
    /// The description.
    pub about: Description,
    tensors: Vec<Tensor>,
    whole: Vec<WholeTensor>,
    /// What [`crate::network::Network::new`] computes in.
    pub precision: Precision,
    path: std::path::PathBuf,
}

/// SHA-256 as hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

impl Release {
    /// Loads and checks a release.
    ///
    /// # Errors
    /// When a file is missing, of an unknown format, damaged, or has another hash than the description says.
    pub fn load(folder: &Path) -> Result<Self, InferError> {
        let path = folder.join(DESCRIPTION);
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| InferError::File {
                doing: "reading",
                path: path.into(),
                source,
            })
        };
        let text = String::from_utf8(read(&path)?).map_err(|_| InferError::Description {
            path: path.clone(),
            reason: "is not text".into(),
        })?;
        listed(folder, &path, text.as_bytes())?;
        // The format first: another version may have other keys.
        let loose: toml::Table = toml::from_str(&text).map_err(|e| InferError::Description {
            path: path.clone(),
            reason: e.message().into(),
        })?;
        let found = loose
            .get("format")
            .and_then(|f| f.as_str())
            .unwrap_or("missing")
            .to_owned();
        if found != FORMAT && found != FORMAT_INT8 {
            return Err(InferError::Format {
                path,
                found,
                known: KNOWN,
            });
        }
        let about: Description = toml::from_str(&text).map_err(|e| InferError::Description {
            path: path.clone(),
            reason: e.message().into(),
        })?;
        if (found == FORMAT_INT8) != about.int8.is_some() {
            let reason =
                format!("a release has a table `[int8]` just when its format is `{FORMAT_INT8}`");
            return Err(InferError::Description { path, reason });
        }
        let hashed = |name: &str, stated: &str| {
            let path = folder.join(name);
            let bytes = read(&path)?;
            let found = sha256(&bytes);
            if found != stated {
                let stated = stated.into();
                return Err(InferError::Hash {
                    path,
                    found,
                    stated,
                });
            }
            Ok((path, bytes))
        };
        let (path, bytes) = hashed(WEIGHTS, &about.weights_sha256)?;
        let tensors = parse(&bytes, &path)?;
        let whole = match &about.int8 {
            None => Vec::new(),
            Some(int8) => {
                let (path, bytes) = hashed(INT8, &int8.weights_sha256)?;
                whole::parse(&bytes, &path)?
            }
        };
        Ok(Self {
            about,
            tensors,
            whole,
            precision: Precision::Float,
            path,
        })
    }

    /// A release in memory.
    ///
    /// # Errors
    /// When the weights are not what they should be.
    pub fn from_parts(about: Description, weights: &[u8]) -> Result<Self, InferError> {
        let path = std::path::PathBuf::from("weights in memory");
        Ok(Self {
            about,
            tensors: parse(weights, &path)?,
            whole: Vec::new(),
            precision: Precision::Float,
            path,
        })
    }

    /// The same with 8-bit weights of `bytes`.
    ///
    /// # Errors
    /// When they are not what they should be.
    pub fn with_int8(mut self, bytes: &[u8]) -> Result<Self, InferError> {
        self.whole = whole::parse(bytes, Path::new("8-bit weights in memory"))?;
        Ok(self)
    }

    /// The same, to be computed in `precision`.
    pub fn in_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// There are 8-bit weights.
    pub fn has_int8(&self) -> bool {
        !self.whole.is_empty()
    }

    /// All 8-bit weights.
    pub fn whole(&self) -> &[WholeTensor] {
        &self.whole
    }

    /// 8-bit weights of that name and their scales, where the release has them.
    ///
    /// # Errors
    /// When they have another shape.
    pub fn int8(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Option<WholeRows<'_>>, InferError> {
        let Some((_, shape, values, scales)) = self.whole.iter().find(|t| t.0 == name) else {
            return Ok(None);
        };
        if *shape != [outputs, inputs] {
            return Err(InferError::Tensor {
                path: INT8.into(),
                tensor: name.into(),
                reason: format!(
                    "has shape {shape:?}; {outputs} rows and {inputs} columns are needed"
                ),
            });
        }
        Ok(Some((values, scales)))
    }

    /// Columns of a tensor.
    ///
    /// # Errors
    /// When it is missing.
    pub fn width(&self, name: &str) -> Result<usize, InferError> {
        let found = self.tensors.iter().find(|(n, _, _)| n == name);
        let width = found.and_then(|(_, shape, _)| shape.last().copied());
        width.ok_or_else(|| InferError::Tensor {
            path: self.path.clone(),
            tensor: name.into(),
            reason: "missing".into(),
        })
    }

    /// A tensor with `width` columns (its rows are returned flattened), or a vector of any length with `width` 0.
    ///
    /// # Errors
    /// When it is missing, has another width or holds something that is no number.
    pub fn tensor(&self, name: &str, width: usize) -> Result<&[f32], InferError> {
        let refuse = |reason: String| InferError::Tensor {
            path: self.path.clone(),
            tensor: name.into(),
            reason,
        };
        let (_, shape, values) = self
            .tensors
            .iter()
            .find(|(n, _, _)| n == name)
            .ok_or_else(|| refuse("missing".into()))?;
        let last = if width == 0 {
            0
        } else {
            *shape.last().unwrap_or(&0)
        };
        if last != width || values.is_empty() {
            return Err(refuse(format!(
                "has shape {shape:?}; {width} columns are needed"
            )));
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(refuse("holds a value that is no number".into()));
        }
        Ok(values)
    }
}

/// Refuses a description that is not the one in the list of sums, where the release has one: nothing else holds the
/// description's own hash.
fn listed(folder: &Path, path: &Path, description: &[u8]) -> Result<(), InferError> {
    let list = folder.join(SUMS);
    let text = match std::fs::read_to_string(&list) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(InferError::File {
                doing: "reading",
                path: list,
                source,
            });
        }
    };
    let line = |l: &str| Some(l.strip_suffix(DESCRIPTION)?.trim().to_owned());
    let (stated, found) = (text.lines().find_map(line), sha256(description));
    if stated.as_deref() == Some(&found) {
        return Ok(());
    }
    Err(InferError::Hash {
        path: path.into(),
        found,
        stated: stated.unwrap_or_else(|| "nothing about it".into()),
    })
}

/// The tensors of a safetensors file; `path` is what errors name.
///
/// # Errors
/// When the file is damaged or holds anything but f32.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Tensor>, InferError> {
    let refuse = |tensor: &str, reason: String| InferError::Tensor {
        path: path.into(),
        tensor: tensor.into(),
        reason,
    };
    let file = SafeTensors::deserialize(bytes).map_err(|e| refuse("header", e.to_string()))?;
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            if view.dtype() != Dtype::F32 {
                return Err(refuse(&name, format!("is {:?}, not f32", view.dtype())));
            }
            let values = view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            Ok((name, view.shape().to_vec(), values))
        })
        .collect()
}

/// Serialises tensors as safetensors.
///
/// # Errors
/// When a shape does not fit its values.
pub fn to_safetensors(tensors: &[Tensor]) -> Result<Vec<u8>, InferError> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, v)| v.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let failed = |e: safetensors::SafeTensorError| InferError::Tensor {
        path: WEIGHTS.into(),
        tensor: "all".into(),
        reason: e.to_string(),
    };
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), b)| {
            safetensors::tensor::TensorView::new(Dtype::F32, shape.clone(), b)
                .map(|v| (name.clone(), v))
                .map_err(failed)
        })
        .collect::<Result<Vec<_>, _>>()?;
    safetensors::serialize(views, None).map_err(failed)
}

impl Description {
    /// Writes a release folder: weights first, the description last, so that a folder with a description is whole.
    ///
    /// # Errors
    /// When the folder exists (releases are never edited) or cannot be written.
    pub fn write(&self, folder: &Path, weights: &[u8]) -> Result<(), InferError> {
        self.write_files(folder, &[(WEIGHTS, weights)])
    }

    /// The same with 8-bit weights.
    ///
    /// # Errors
    /// As `write`.
    pub fn write_with_int8(
        &self,
        folder: &Path,
        weights: &[u8],
        int8: &[u8],
    ) -> Result<(), InferError> {
        self.write_files(folder, &[(WEIGHTS, weights), (INT8, int8)])
    }

    fn write_files(&self, folder: &Path, files: &[(&str, &[u8])]) -> Result<(), InferError> {
        let failed = |doing, path: &Path| {
            let path = path.to_path_buf();
            move |source| InferError::File {
                doing,
                path,
                source,
            }
        };
        if folder.exists() {
            let source = std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                "a release is never edited; use another folder",
            );
            return Err(failed("writing", folder)(source));
        }
        let text = toml::to_string(self).map_err(|e| InferError::Description {
            path: folder.join(DESCRIPTION),
            reason: e.to_string(),
        })?;
        std::fs::create_dir_all(folder).map_err(failed("creating", folder))?;
        let description = (DESCRIPTION, text.as_bytes());
        for (name, bytes) in files.iter().copied().chain([description]) {
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(failed("writing", &path))?;
        }
        Ok(())
    }
}
