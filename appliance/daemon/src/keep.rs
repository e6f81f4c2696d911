//! Files and folders the box keeps: replaced whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use appliance_press::keep::write;

/// The folder with a release's description, in `folder` or one below it.
pub fn release_in(folder: &Path) -> Option<PathBuf> {
    let there = |p: &Path| p.join(models_infer::release::DESCRIPTION).is_file();
    if there(folder) {
        return Some(folder.into());
    }
    let below = fs::read_dir(folder)
        .ok()?
        .filter_map(|e| e.ok().map(|e| e.path()));
    below.into_iter().find(|p| there(p))
}

/// Copies the plain files of a release into a new folder that appears whole.
///
/// # Errors
/// As the system has them.
pub fn copy_release(from: &Path, to: &Path) -> io::Result<()> {
    let partial = to.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, partial.join(name))?;
        }
    }
    fs::rename(&partial, to)
}

/// Bytes of all files below a folder.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|e| match e.metadata() {
            Ok(m) if m.is_dir() => folder_bytes(&e.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}
