//! The rig: everything needed to tell a story about a node and check how it ended.
//!
//! [`qemu`] runs the real firmware, [`emulated`] runs the same library over a [`pty`], [`reader`]
//! is the box's side, [`recorder`] remembers what came. Each file in [`stories`] proves one claim;
//! `tests/` tells them short, `hil-prove` tells them in full and prints the figures.
#![forbid(unsafe_code)]

pub mod accuracy;
pub mod box_process;
pub mod closing;
pub mod disk;
pub mod emulated;
pub mod error;
pub mod figure;
pub mod guarded;
pub mod line;
pub mod loop_report;
pub mod moldsight;
pub mod press;
pub mod process;
pub mod pty;
pub mod qemu;
pub mod qmp;
pub mod reader;
pub mod recorder;
pub mod records;
pub mod script;
pub mod stories;

pub use error::RigError;
pub use figure::Figure;
