//! Simulated shots to train on: sampled, run on all cores, kept as Parquet.

mod record;
mod run;
mod sample;
mod schedule;

pub use record::{Kind, ShotRecord};
pub use run::{Layout, run_one};
pub use sample::{Plan, Sampler};
pub use schedule::Schedule;
