//! The one seam between the recorder and a disk.
//!
//! Every file the recorder writes itself goes through [`FileLayer`], so a test can run it on a
//! layer that forgets what was not synced, or on one that fails. (SQLite does its own file work.)

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

mod disk;
pub use disk::Disk;

/// A file that only grows.
pub trait AppendFile: Send + fmt::Debug {
    /// Appends all bytes. After an error any part of them may be there.
    ///
    /// # Errors
    /// When the disk refuses.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when the content survives a power cut (its name does after [`FileLayer::sync_dir`]).
    ///
    /// # Errors
    /// When the disk refuses; then nothing appended since the last good sync may be counted on,
    /// and a second call proves nothing.
    fn sync(&mut self) -> io::Result<()>;
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub len: u64,
    /// Whether it is a folder.
    pub is_dir: bool,
}

/// Files and folders.
pub trait FileLayer: Send + Sync + fmt::Debug {
    /// Creates a folder and its parents, durably. Existing ones are fine.
    ///
    /// # Errors
    /// When the disk refuses.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Creates a file that must not exist.
    ///
    /// # Errors
    /// When it exists or the disk refuses.
    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>>;

    /// The whole content.
    ///
    /// # Errors
    /// When there is no such file or the disk refuses.
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;

    /// What a folder holds, in order of name; a folder that does not exist holds nothing.
    ///
    /// # Errors
    /// When the disk refuses.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// When the disk refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When there is none or the disk refuses.
    fn remove(&self, file: &Path) -> io::Result<()>;

    /// Cuts a file to `len` bytes, durably.
    ///
    /// # Errors
    /// When the disk refuses.
    fn truncate(&self, file: &Path, len: u64) -> io::Result<()>;

    /// Returns when the names in a folder survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Bytes a program may still write into the file system of `dir`.
    ///
    /// # Errors
    /// When the disk refuses.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// Suffix of a file that is not finished.
pub(crate) const UNFINISHED: &str = ".tmp";

/// Writes a file whole or not at all: beside its name, synced, renamed, folder synced.
///
/// # Errors
/// When the disk refuses; then nothing is left behind, if the disk lets us clean up.
pub(crate) fn write_whole(layer: &dyn FileLayer, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(file);
    if let Some(dir) = file.parent() {
        layer.create_dir_all(dir)?;
    }
    let _ = layer.remove(&beside);
    let written = (|| {
        let mut handle = layer.create(&beside)?;
        handle.append(bytes)?;
        handle.sync()?;
        layer.rename(&beside, file)
    })();
    if let Err(error) = written {
        let _ = layer.remove(&beside);
        return Err(error);
    }
    file.parent().map_or(Ok(()), |dir| layer.sync_dir(dir))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}
