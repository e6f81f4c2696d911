//! Releases on a shelf: folders `<mold>-<number>`.

use std::path::{Path, PathBuf};

use crate::error::InferError;
use crate::release::DESCRIPTION;

/// The release meant by `name`: a folder, or the newest one of that mold on the shelf.
///
/// # Errors
/// When there is none; the message lists those there are.
pub fn find(name: &str, shelf: &Path) -> Result<PathBuf, InferError> {
    let path = Path::new(name);
    if path.is_dir() {
        return Ok(path.into());
    }
    let entries = std::fs::read_dir(shelf).map_err(|source| InferError::Shelf {
        path: shelf.into(),
        source,
    })?;
    let mut found: Vec<(String, u32, PathBuf)> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.join(DESCRIPTION).is_file())
        .filter_map(|p| {
            let stem = p.file_name()?.to_string_lossy().into_owned();
            let (mold, number) = stem.rsplit_once('-')?;
            Some((mold.to_owned(), number.parse().ok()?, p.clone()))
        })
        .collect();
    found.sort();
    match found.iter().rfind(|(mold, _, _)| mold == name) {
        Some((_, _, p)) => Ok(p.clone()),
        None => Err(InferError::NoRelease {
            name: name.into(),
            shelf: shelf.into(),
            known: found
                .iter()
                .map(|(mold, number, _)| format!("{mold}-{number:03}"))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}
