//! Where molds and releases lie.

use std::path::{Path, PathBuf};

use models_physics::mold::Mold;
use models_physics::molds;

use crate::error::DaemonError;

/// A mold by name (one that ships) or by file.
///
/// # Errors
/// When there is none, or the file is wrong.
pub fn mold(name: &str) -> Result<Mold, DaemonError> {
    if name.ends_with(".toml") {
        return Ok(Mold::load(name)?);
    }
    Ok(molds::builtin(name)?)
}

/// Folder of releases: `MOLDSIGHT_RELEASES`, the installed one, or that of the checkout.
pub fn shelf() -> PathBuf {
    if let Some(path) = std::env::var_os("MOLDSIGHT_RELEASES") {
        return path.into();
    }
    let known = [
        "models/weights",
        "/usr/share/moldsight/weights",
        "/var/lib/moldsight/releases",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/weights"),
    ];
    let found = known.iter().map(Path::new).find(|p| p.is_dir());
    found.unwrap_or(Path::new(known[0])).to_path_buf()
}
