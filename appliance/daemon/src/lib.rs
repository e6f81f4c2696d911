//! The box as a program: configuration, threads, and the commands of `moldsight`.

pub mod error;
pub mod estimate;
pub mod find;

pub use error::DaemonError;
