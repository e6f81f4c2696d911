//! Why acquisition could not do what it was asked.

use std::io;
use std::path::PathBuf;

/// Everything that can go wrong on the way from a port or a file to a sample.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// The port could not be opened.
    #[error("opening the port {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be read.
    #[error("reading {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what its format asks for.
    #[error("understanding {}", path.display())]
    Parse {
        /// Which.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A calibration contradicts itself.
    #[error("the calibration of channel `{channel}`: {problem}")]
    Calibration {
        /// Which.
        channel: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An industrial I/O device describes a channel in a way this reader does not know.
    #[error("`{text}` in {} is not a description of samples", path.display())]
    ScanType {
        /// Which file.
        path: PathBuf,
        /// What it says.
        text: String,
    },
}
