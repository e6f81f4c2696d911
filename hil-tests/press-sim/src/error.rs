//! Why the simulated press cannot run.

use models_physics::input::InputError;
use models_physics::shot::ShotError;
use std::io;
use std::path::PathBuf;

/// Why the simulated press cannot run.
#[derive(Debug, thiserror::Error)]
pub enum PressSimError {
    /// A scenario, mold, recipe or recording cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is no shipped scenario of that name.
    #[error("there is no scenario named {name}; shipped are {known}")]
    UnknownScenario {
        /// The name asked for.
        name: String,
        /// Every shipped name.
        known: String,
    },
    /// A shot could not be simulated.
    #[error("simulating shot {shot}")]
    Shot {
        /// Its number.
        shot: u64,
        /// Why.
        #[source]
        source: ShotError,
    },
    /// The probing shot that finds the end of the flow path failed.
    #[error("finding the end of the flow path")]
    Probe(#[source] ShotError),
    /// A file could not be written.
    #[error("writing {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The host's line failed.
    #[error("the host's line")]
    Line(#[source] firmware_node::linux::LinuxError),
    /// The node cannot sample at this rate.
    #[error("a rate of {0} Hz is outside 100 to 2000")]
    Rate(u32),
    /// The scenario let the press hang.
    #[error("the press stands and begins no cycle")]
    Stands,
    /// A server could not be started.
    #[error("the {what} server at {address}: {reason}")]
    Server {
        /// OPC UA or Modbus.
        what: &'static str,
        /// Where it should listen.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The thread that solves shots has gone.
    #[error("the solver thread ended")]
    SolverGone,
}
