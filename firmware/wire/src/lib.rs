//! The contract between a sensor node and the box.
//!
//! The story, in the order of the files:
//! 1. a [`channel`] table says what the node has, in [`hello`];
//! 2. a [`block`] carries raw [`code`]s with their [`ticks`];
//! 3. [`sync`] lets the box place those ticks on its own clock;
//! 4. a [`plan`] arms the transfer wire for one shot, [`output`] sets the sorting lines;
//! 5. [`fault`] and [`counters`] say what went wrong and how often;
//! 6. a [`packet`] is one of these; a [`frame`] is its bytes; [`encode`] and [`decode`] go between.
//!
//! Nothing here allocates, and nothing knows a board or an operating system. The byte-level
//! description another team could implement from is in `firmware/README.md`.
#![no_std]
#![forbid(unsafe_code)]

pub mod block;
pub mod channel;
pub mod code;
pub mod counters;
pub mod decode;
pub mod encode;
pub mod fault;
pub mod frame;
pub mod hello;
pub mod output;
pub mod packet;
pub mod plan;
pub mod sync;
pub mod ticks;

pub use block::{ChannelMask, SampleBlock};
pub use channel::{ChannelInfo, GroupInfo, Unit};
pub use code::{NO_READING, ReadCodes, WriteCodes};
pub use counters::{Counters, GroupCounters};
pub use decode::{DecodeError, Decoder};
pub use encode::{EncodeError, encode};
pub use fault::{Fault, FaultKind};
pub use frame::{FrameBuffer, MAX_FRAME, WIRE_VERSION};
pub use hello::{Hello, NodeId, ResetCause};
pub use output::{OutputCause, OutputPolicy, OutputState, PartVerdict, SetOutput};
pub use packet::{Direction, FromHost, FromNode, HostPacket, NodePacket};
pub use plan::{
    Crossing, Fallback, FireCause, PlanAck, PlanVerdict, Refusal, TransferLaw, TransferOutcome,
    TransferPlan, TransferReport, Window,
};
pub use sync::{SyncReply, SyncRequest};
pub use ticks::NodeTicks;

/// Most channels one node may have.
pub const MAX_CHANNELS: usize = 16;
/// Most groups (sets of channels that share a rate) one node may have.
pub const MAX_GROUPS: usize = 4;
