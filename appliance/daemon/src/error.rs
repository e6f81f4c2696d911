//! Why the box cannot do what it was asked.

use std::path::PathBuf;

use appliance_pipeline::PipelineError;
use models_infer::error::InferError;
use models_physics::input::InputError;

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
