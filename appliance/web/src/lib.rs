//! The box over HTTP.
//!
//! A request is counted and limited by `guard`, its sender is found by [`access`], and a file of
//! `routes` answers it: from the accounts ([`Book`]), from the [`station`] (everything that knows about
//! molds and shots), or from the live snapshots, which a publisher leaves in a watch channel and
//! never waits for. [`view`] holds what is sent, [`problem`] how it is refused, and [`Server`] opens
//! the addresses. The same list of routes makes the OpenAPI document ([`openapi`]).
#![forbid(unsafe_code)]

pub mod access;
mod app;
mod archive;
mod course;
pub mod error;
mod extract;
mod feed;
mod guard;
mod listen;
mod metrics;
mod photo;
pub mod problem;
mod routes;
mod serve;
pub mod settings;
pub mod station;
mod tls;
pub mod view;

pub use access::{Book, FirstRun};
pub use error::WebError;
pub use routes::openapi;
pub use serve::{Server, serve};
pub use settings::{Tls, WebSettings};
pub use station::{Station, StationError};
pub use tls::Identity;
