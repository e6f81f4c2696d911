//! Simulated shots to train on: sampled, run on all cores, kept as Parquet.

mod generate;
mod record;
mod run;
mod sample;
mod store;

pub use generate::{Dataset, Meta, Options, generate, mold_hash};
pub use record::{Kind, ShotRecord};
pub use run::{Layout, run_one};
pub use sample::{Plan, SPREAD, Sampler};
pub(crate) use store::replace;
