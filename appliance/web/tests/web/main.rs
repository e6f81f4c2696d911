//! The contract, over real connections.
#![expect(
    clippy::unwrap_used,
    reason = "in a test an error is a failure, wherever it happens"
)]

mod accounts;
mod corrections;
mod data;
mod hostile;
mod live;
mod lockout;
mod metrics;
mod rig;
mod roles;
mod start;
mod station;
mod tls;
