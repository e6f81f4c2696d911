//! The two sets of packets, one a direction. The order of variants is the wire; add at the end.

use crate::{
    Counters, Fault, Hello, OutputState, PlanAck, SampleBlock, SetOutput, SyncReply, SyncRequest,
    TransferPlan, TransferReport,
};
use serde::{Deserialize, Serialize};

/// What a node says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "no allocator to box the hello with"
)]
pub enum NodePacket<'a> {
    /// Who it is and what it measures.
    #[serde(borrow)]
    Hello(Hello<'a>),
    /// Raw codes.
    Samples(SampleBlock<'a>),
    /// Answer to [`HostPacket::Sync`].
    Sync(SyncReply),
    /// Answer to [`HostPacket::Arm`].
    PlanAck(PlanAck),
    /// A plan ended.
    TransferReport(TransferReport),
    /// The sorting lines changed, or a command was answered.
    Output(OutputState),
    /// A fault began or ended.
    Fault(Fault),
    /// The node's account.
    Counters(Counters),
}

/// What the host says. Any of them counts as a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostPacket {
    /// Send your hello.
    HelloRequest,
    /// Nothing to say, but here.
    KeepAlive,
    /// What time have you?
    Sync(SyncRequest),
    /// Arm this plan.
    Arm(TransferPlan),
    /// Take the plan back.
    Disarm {
        /// The plan.
        plan: u32,
    },
    /// The report was seen; stop repeating it.
    ReportSeen {
        /// The plan.
        plan: u32,
    },
    /// Set the sorting lines.
    SetOutput(SetOutput),
}

/// A direction of the wire. Its mark is in every frame, so an echoed line is named as one.
pub trait Direction {
    /// The packets of this direction.
    type Packet<'a>: Serialize + Deserialize<'a>;
    /// Second byte of every body.
    const MARK: u8;
    /// Whether the parts of a packet agree with each other.
    fn is_consistent(packet: &Self::Packet<'_>) -> bool;
}

/// Node to host.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromNode;

impl Direction for FromNode {
    type Packet<'a> = NodePacket<'a>;
    const MARK: u8 = b'N';

    fn is_consistent(packet: &NodePacket<'_>) -> bool {
        match packet {
            NodePacket::Hello(hello) => hello.is_consistent(),
            NodePacket::Samples(block) => block.is_consistent(),
            _ => true,
        }
    }
}

/// Host to node.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromHost;

impl Direction for FromHost {
    type Packet<'a> = HostPacket;
    const MARK: u8 = b'H';

    fn is_consistent(_: &HostPacket) -> bool {
        true
    }
}
