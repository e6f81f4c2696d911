//! Why a release or a sample is refused.

use std::path::PathBuf;

/// A release that cannot be used, or an input the network was not trained for.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// A file could not be read or written.
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
    /// `model.toml` is not one.
    #[error("{}: {reason}", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A format of another time or maker.
    #[error("{}: format is `{found}`; this program reads `{known}`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What is known.
        known: &'static str,
    },
    /// The weights are not those the description was written for.
    #[error("{}: its SHA-256 is {found}, the description says {stated}: the file was damaged or exchanged; copy the release again", path.display())]
    Hash {
        /// The weights.
        path: PathBuf,
        /// Of the file.
        found: String,
        /// In the description.
        stated: String,
    },
    /// The weights lack a tensor or it has another shape.
    #[error("{}: tensor `{tensor}`: {reason}", path.display())]
    Tensor {
        /// The weights.
        path: PathBuf,
        /// Name.
        tensor: String,
        /// What is wrong.
        reason: String,
    },
    /// The CPU lacks the instructions that were asked for.
    #[error("this CPU has no {wanted} kernel; the best it has is {best}")]
    Isa {
        /// Asked for.
        wanted: crate::kernel::Isa,
        /// Fastest there is.
        best: crate::kernel::Isa,
    },
    /// Derivatives of a network that has none.
    #[error("derivatives with respect to the latents: {reason}")]
    Tangents {
        /// Why not.
        reason: &'static str,
    },
    /// A latent outside the range of the training shots.
    #[error(
        "latent `{name}` is {value:.6e}; the network was trained from {low:.6e} to {high:.6e} {unit}: identify the mold again or train it wider"
    )]
    LatentRange {
        /// Name.
        name: String,
        /// Value given.
        value: f64,
        /// Lowest trained.
        low: f64,
        /// Highest trained.
        high: f64,
        /// Unit.
        unit: String,
    },
    /// Another number of latents than the network takes.
    #[error("{found} latents were given; the network takes {needed}")]
    Count {
        /// Given.
        found: usize,
        /// Needed.
        needed: usize,
    },
    /// The network's own output is no number.
    #[error(
        "the network's output at {time_s:.3} s is no number: its weights are broken; go on without it and copy the release again"
    )]
    Broken {
        /// When.
        time_s: f64,
    },
    /// A backend that cannot be used, or failed.
    #[error("backend `{backend}`: {reason}")]
    Backend {
        /// As it was asked for.
        backend: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An inlet pressure outside the range of the training shots.
    #[error(
        "inlet pressure {mpa:.1} MPa at {time_s:.3} s; the network was trained up to {highest_mpa:.1} MPa"
    )]
    PressureRange {
        /// Pressure.
        mpa: f64,
        /// When.
        time_s: f64,
        /// Highest trained.
        highest_mpa: f64,
    },
    /// NaN or infinity.
    #[error("the inlet pressure at {time_s:.3} s is no number")]
    NotANumber {
        /// When.
        time_s: f64,
    },
    /// Time that does not rise.
    #[error("time went from {from_s:.6} s to {to_s:.6} s")]
    Time {
        /// Before.
        from_s: f64,
        /// Now.
        to_s: f64,
    },
    /// The folder of releases cannot be listed.
    #[error("looking for releases in {}", path.display())]
    Shelf {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No release of that name.
    #[error(
        "no release `{name}`: neither a folder nor a mold with one in {shelf} (there are: {known})"
    )]
    NoRelease {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        shelf: PathBuf,
        /// Releases there.
        known: String,
    },
}
