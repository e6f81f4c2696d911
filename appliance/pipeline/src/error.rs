//! Why a pipeline cannot be built or cannot go on.

use models_infer::error::InferError;
use models_physics::input::InputError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The mold file or its material cannot be used.
    #[error("mold `{mold}` cannot be used for estimates")]
    Mold {
        /// Its name.
        mold: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The release does not belong to the mold.
    #[error(
        "the release was trained for mold `{release}`, the box is set up for `{mold}`: choose one of them"
    )]
    OtherMold {
        /// Mold of the release.
        release: String,
        /// Mold of the box.
        mold: String,
    },
    /// The release cannot be followed.
    #[error("the network of mold `{mold}` cannot be used")]
    Network {
        /// The mold.
        mold: String,
        /// Why.
        #[source]
        source: InferError,
    },
    /// A sensor that is not on the mold.
    #[error("mold `{mold}` has no pressure sensor `{sensor}`; it has {known}")]
    Sensor {
        /// The mold.
        mold: String,
        /// The name asked for.
        sensor: String,
        /// Those there are.
        known: String,
    },
    /// The sensor that drives the model must be among those used.
    #[error(
        "the model of mold `{mold}` is driven by sensor `{drive}`, which is not among the sensors used"
    )]
    NoDrive {
        /// The mold.
        mold: String,
        /// The driving sensor.
        drive: String,
    },
    /// The reduced solver could not run a recorded shot again.
    #[error("replaying a shot of mold `{mold}`")]
    Replay {
        /// The mold.
        mold: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A setting of the guard, or a limit, that makes no sense.
    #[error("guard setting `{key}` {reason}")]
    Guard {
        /// The key, as in the configuration.
        key: String,
        /// What is wrong with it, value included.
        reason: String,
    },
    /// More sensors than a snapshot holds.
    #[error("mold `{mold}` has {found} sensors; at most {most} can be estimated")]
    TooMany {
        /// The mold.
        mold: String,
        /// Sensors it has.
        found: usize,
        /// Sensors a snapshot holds.
        most: usize,
    },
}

impl PipelineError {
    pub(crate) fn mold(mold: &str, source: InputError) -> Self {
        Self::Mold {
            mold: mold.into(),
            source: Box::new(source),
        }
    }
}
