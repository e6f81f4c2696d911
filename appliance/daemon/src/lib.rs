//! The box as a program: configuration, threads, and the commands of `moldsight`.
//!
//! ```text
//!  ports --tick thread: acquisition, Router, Estimator--> Shared --publisher--> Live page
//!                |         ^                                 |
//!            recorder   tunings                              +--> Health, metrics
//!                v         |
//!        finished shots --shot thread: Keeper, forecast--> Brain --> White box, trust, predictions
//! ```
//! Nothing of the right side can hold up the left: the tick publishes by trying a lock, tells by bounded queues and never waits.

pub mod brain;
pub mod change;
pub mod config;
pub mod context;
pub mod correcting;
pub mod corrections;
pub mod doctor;
pub mod error;
pub mod estimate;
pub mod event_kind;
pub mod export;
pub mod find;
pub mod geometry;
pub mod health;
pub mod keep;
pub mod line;
pub mod memory;
pub mod noise;
pub mod notify;
pub mod output;
pub mod press;
pub mod probe;
pub mod quality;
mod ready;
pub mod realtime;
pub mod router;
pub mod rows;
pub mod run;
pub mod shared;
pub mod shots;
pub mod snapshot;
pub mod station;
pub mod transfer;
pub mod user;
pub mod what_if;
pub mod white_box;

pub use error::DaemonError;
