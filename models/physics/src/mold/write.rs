//! A mold back to TOML.

use super::Mold;
use super::file::MoldFile;
use crate::input::InputError;

/// The text of a mold file.
pub(super) fn to_toml(mold: &Mold) -> Result<String, InputError> {
    toml::to_string(&MoldFile::of(mold))
        .map_err(|e| InputError::key(&mold.file, "file", format!("cannot be written: {e}")))
}
