//! What the owner decides.

use std::path::PathBuf;
use std::time::Duration;

/// Where records go and how much of them is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder of all records: `log/`, `raw/`, `photos/` and `book.sqlite`.
    pub folder: PathBuf,
    /// Age at which what was appended is synced.
    pub sync_every: Duration,
    /// Raw codes from before a shot was recognised that belong to it.
    pub pre_trigger: Duration,
    /// A shot that lasts longer is closed as interrupted.
    pub longest_shot: Duration,
    /// Pause between attempts while the disk refuses.
    pub retry_every: Duration,
    /// Bytes after which a new segment of the log begins.
    pub segment_bytes: u64,
    /// Bytes between the tick thread and the recorder: what comes while one sync hangs.
    pub queue_bytes: usize,
    /// Bytes kept in memory while the disk refuses.
    pub unsynced_bytes: usize,
    /// Bytes of the log while shots cannot be stored.
    pub log_bytes: u64,
    /// Bytes of all curves; beyond, the oldest are removed.
    pub raw_bytes: u64,
    /// Bytes to leave free on the disk; below, the oldest curves are removed.
    pub free_bytes: u64,
}

impl Settings {
    /// Sensible values for a box with a 64 GB disk.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder,
            sync_every: Duration::from_millis(500),
            pre_trigger: Duration::from_secs(1),
            longest_shot: Duration::from_secs(600),
            retry_every: Duration::from_secs(1),
            segment_bytes: 2 << 20,
            queue_bytes: 4 << 20,
            unsynced_bytes: 4 << 20,
            // All of it is read at a start, which must not take two seconds.
            log_bytes: 256 << 20,
            raw_bytes: 32 << 30,
            free_bytes: 512 << 20,
        }
    }

    /// Segments of the log.
    #[must_use]
    pub fn log_dir(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Curves, one file a shot, a thousand shots a folder.
    #[must_use]
    pub fn raw_dir(&self) -> PathBuf {
        self.folder.join("raw")
    }

    /// Photos of defects.
    #[must_use]
    pub fn photo_dir(&self) -> PathBuf {
        self.folder.join("photos")
    }

    /// The book of shots.
    #[must_use]
    pub fn book_file(&self) -> PathBuf {
        self.folder.join("book.sqlite")
    }
}
