//! Why the box cannot do what it was asked.

use std::path::PathBuf;

use appliance_pipeline::PipelineError;
use models_infer::error::InferError;
use models_physics::input::InputError;

/// An error and its causes in one line: what was attempted, then why.
pub fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        line += &format!(": {why}");
        cause = why.source();
    }
    line
}

/// Errors of the daemon.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// A file a person wrote.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A release.
    #[error(transparent)]
    Release(#[from] InferError),
    /// The estimator.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A file that cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The configuration.
    #[error("{}: {key}: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The press.
    #[error(transparent)]
    Press(#[from] appliance_press::PressError),
    /// Acquisition.
    #[error(transparent)]
    Acquire(#[from] appliance_acquire::AcquireError),
    /// Records.
    #[error(transparent)]
    Recorder(#[from] appliance_recorder::RecorderError),
    /// The page and the API.
    #[error(transparent)]
    Web(#[from] appliance_web::WebError),
    /// The system refuses something the box cannot do without.
    #[error("{doing}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("writing {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An argument that makes no sense.
    #[error("{argument}: {reason}")]
    Argument {
        /// Which.
        argument: &'static str,
        /// Why.
        reason: String,
    },
}
