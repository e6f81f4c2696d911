//! The node on a single-board computer: the same library, Linux devices, the same wire.
//!
//! [`sensors`] opens what the command line names, [`link`] is the host's line, [`run`] is the loop.

pub mod link;
pub mod run;
pub mod sensors;

use std::io;
use std::path::PathBuf;

/// Why the node cannot run.
#[derive(Debug, thiserror::Error)]
pub enum LinuxError {
    /// A device could not be opened.
    #[error("opening {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A chip does not answer on its bus.
    #[error("no {chip} answers on {}", path.display())]
    NoChip {
        /// Which chip.
        chip: &'static str,
        /// On which bus.
        path: PathBuf,
    },
    /// A line of the port chip could not be taken.
    #[error("taking the output line {name}")]
    Line {
        /// `/dev/gpiochip0:17`, for example.
        name: String,
    },
    /// A recording could not be read.
    #[error("{} line {line} is not a row of whole numbers", path.display())]
    Recording {
        /// Which.
        path: PathBuf,
        /// Where.
        line: usize,
    },
    /// No sensor was named, or more than the table holds.
    #[error("a node has one to sixteen channels, this one would have {0}")]
    Channels(usize),
    /// The host's line failed.
    #[error("the host's line")]
    Link(#[source] io::Error),
}
