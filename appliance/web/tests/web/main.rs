//! The contract, over real connections.

mod accounts;
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
