//! Acquisition on the box.
//!
//! A [`port`] brings bytes; a [`session`] turns them into blocks, places them in box time with
//! [`clock`], counts every gap and names every oddity as an [`event`]; [`acquisition`] holds the
//! sessions of all nodes and notices two with one identity; [`calibration`] makes numbers with
//! units out of codes; [`merge`] puts the nodes into one order of time. Sensors wired to the box
//! itself come in through [`local`] and [`iio`] as the same blocks.
#![forbid(unsafe_code)]

pub mod acquisition;
pub mod calibration;
pub mod clock;
pub mod error;
pub mod event;
pub mod expected;
pub mod iio;
pub mod local;
pub mod merge;
pub mod port;
pub mod reader;
pub mod session;

pub use acquisition::{Acquisition, Sink, SourceId};
pub use clock::{BoxTime, ClockMap};
pub use error::AcquireError;
pub use event::NodeEvent;
pub use session::{Counts, NodeSession, PlacedBlock};
