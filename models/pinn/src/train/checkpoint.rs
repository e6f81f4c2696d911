//! What survives an interruption: all weights and all state of the optimiser, written whole or not at all.

use std::path::{Path, PathBuf};

use models_infer::release::{parse, to_safetensors};

use crate::dataset::replace;
use crate::error::PinnError;

/// Name, shape and values of a part of the state.
pub type Named = models_infer::release::Tensor;

/// The checkpoint of one stage of a training.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
}

impl Checkpoint {
    /// In a folder, under the name of the stage.
    pub fn new(folder: &Path, stage: &str) -> Self {
        Self {
            path: folder.join(format!("{stage}.safetensors")),
        }
    }

    /// Writes it over the one before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, state: &[Named]) -> Result<(), PinnError> {
        replace(&self.path, &to_safetensors(state)?)
    }

    /// Reads the last one; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Option<Vec<Named>>, PinnError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(parse(&bytes, &self.path)?)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(PinnError::File {
                doing: "reading",
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
