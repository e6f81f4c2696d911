//! What the operator is told about a node, in words.

use crate::expected::Difference;
use firmware_wire::{Fault, NodeId, ResetCause};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Something happened to a node or its line. `Display` is the sentence the operator reads.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeEvent {
    /// The port is open.
    Opened {
        /// Which.
        port: PathBuf,
    },
    /// The port went away.
    Unplugged {
        /// Which.
        port: PathBuf,
    },
    /// The port is back.
    Returned {
        /// Which.
        port: PathBuf,
        /// How long it was gone.
        after: Duration,
    },
    /// A node introduced itself.
    Hello {
        /// Who.
        node: NodeId,
        /// Its build.
        build: String,
        /// Restarts so far.
        boot: u32,
        /// Why it last restarted.
        reset: ResetCause,
    },
    /// The node restarted while it was in use.
    Rebooted {
        /// Who.
        node: NodeId,
        /// Why.
        reset: ResetCause,
        /// Its last words, if it panicked.
        panic: String,
    },
    /// Another node is on the port than before.
    Exchanged {
        /// Who it was.
        was: NodeId,
        /// Who it is.
        node: NodeId,
    },
    /// Two ports carry the same identity.
    DuplicateNode {
        /// The identity.
        node: NodeId,
        /// The port that had it first; its samples are used.
        first: PathBuf,
        /// The port that claims it too; its samples are kept apart.
        second: PathBuf,
    },
    /// The node speaks another version of the wire.
    VersionMismatch {
        /// Which.
        theirs: u8,
    },
    /// The line echoes what the box sends.
    Echo,
    /// The channel table is not the one in the configuration.
    TableDiffers {
        /// Who.
        node: NodeId,
        /// Every difference.
        differences: Vec<Difference>,
    },
    /// Blocks were lost between the node and the box.
    Gap {
        /// Group index.
        group: u8,
        /// Blocks.
        blocks: u32,
        /// Sampling instants.
        rows: u64,
    },
    /// A sensor fault began or ended.
    Fault {
        /// Channel name.
        channel: String,
        /// The fault.
        fault: Fault,
    },
}

impl fmt::Display for NodeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { port } => write!(f, "port {} is open", port.display()),
            Self::Unplugged { port } => write!(f, "port {} was unplugged", port.display()),
            Self::Returned { port, after } => write!(
                f,
                "port {} is back after {:.1} s",
                port.display(),
                after.as_secs_f64()
            ),
            Self::Hello {
                node,
                build,
                boot,
                reset,
            } => write!(
                f,
                "node {node} says hello: build {build}, start {boot} after {reset}"
            ),
            Self::Rebooted { node, reset, panic } if panic.is_empty() => {
                write!(f, "node {node} restarted in operation: {reset}")
            }
            Self::Rebooted { node, reset, panic } => {
                write!(f, "node {node} restarted in operation: {reset}: {panic}")
            }
            Self::Exchanged { was, node } => {
                write!(f, "node {was} was exchanged for node {node}")
            }
            Self::DuplicateNode {
                node,
                first,
                second,
            } => write!(
                f,
                "two nodes claim the identity {node}: {} is used, {} is kept apart",
                first.display(),
                second.display()
            ),
            Self::VersionMismatch { theirs } => write!(
                f,
                "the node speaks version {theirs} of the wire, the box speaks {}: update one of them",
                firmware_wire::WIRE_VERSION
            ),
            Self::Echo => f.write_str("the line echoes: no node is listening on it"),
            Self::TableDiffers { node, differences } => {
                write!(f, "node {node} measures something else than configured: ")?;
                for (at, difference) in differences.iter().enumerate() {
                    write!(f, "{}{difference}", if at == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Gap {
                group,
                blocks,
                rows,
            } => write!(
                f,
                "{blocks} blocks ({rows} instants) of group {group} were lost on the way"
            ),
            Self::Fault { channel, fault } if fault.present => {
                write!(f, "{channel}: {}", fault.kind)
            }
            Self::Fault { channel, fault } => write!(f, "{channel}: {} is over", fault.kind),
        }
    }
}
