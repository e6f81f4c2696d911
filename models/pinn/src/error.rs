//! What can go wrong while a network is made.

use std::path::PathBuf;

/// Why a dataset, a training or a release failed.
#[derive(Debug, thiserror::Error)]
pub enum PinnError {
    /// The mold, its card or a shot.
    #[error(transparent)]
    Shot(#[from] models_physics::shot::ShotError),
    /// The mold or its card.
    #[error(transparent)]
    Input(#[from] models_physics::input::InputError),
    /// A file or folder could not be read or written.
    #[error("{doing} {}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A Parquet part is damaged.
    #[error("{}: this part of the dataset cannot be read; delete it and run `moldlab dataset` again", path.display())]
    Part {
        /// The part.
        path: PathBuf,
        /// What the reader met.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// A dataset that is not what was asked for, or not a dataset.
    #[error("{}: {key}: {reason}", path.display())]
    Dataset {
        /// File.
        path: PathBuf,
        /// Key or column.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// Shots beyond the end of the sample.
    #[error("shots {first} to {} were asked for; a sample has {most}, the last is {}", u64::from(*first) + u64::from(*shots) - 1, most - 1)]
    Plans {
        /// First shot.
        first: u32,
        /// Number of shots.
        shots: u32,
        /// Shots of a sample.
        most: u32,
    },
    /// Too many plans had no usable shot.
    #[error("{failed} of {planned} sampled shots failed; the first: {first}")]
    TooManyFailures {
        /// Failed shots.
        failed: usize,
        /// Planned shots.
        planned: usize,
        /// Reason of the first one.
        first: String,
    },
    /// Training stopped making sense.
    #[error("training: {reason}")]
    Training {
        /// What happened.
        reason: String,
    },
    /// A release.
    #[error(transparent)]
    Release(#[from] models_infer::error::InferError),
    /// The tensor library refused.
    #[error("computing with tensors")]
    Tensor(#[from] candle_core::Error),
}
