//! Why the rig could not tell its story. A story that ends badly is a [`crate::Figure`], not this.

use std::io;
use std::path::PathBuf;

/// The rig itself failed.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// A program could not be started.
    #[error("starting {}", program.display())]
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The firmware was not built.
    #[error("{} is not there: `make firmware` builds it", path.display())]
    NoFirmware {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file, socket or terminal failed.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The emulator refused a command.
    #[error("QEMU refused `{command}`: {answer}")]
    Qmp {
        /// The command.
        command: String,
        /// What it said.
        answer: String,
    },
    /// Something did not happen in time.
    #[error("waited {seconds} s in vain for {what}")]
    Timeout {
        /// For what.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// The box process said something unreadable.
    #[error("the box process answered `{answer}`")]
    Answer {
        /// What it said.
        answer: String,
    },
}

impl RigError {
    /// Wraps an I/O error with what was tried.
    pub fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}
