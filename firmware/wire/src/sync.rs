//! Two stamps that let the box place node ticks on its own clock.
//!
//! The box notes its time when it sends the request and when the reply arrives. The node's two
//! stamps lie between those, so the error is at most half of what the round trip took.

use crate::NodeTicks;
use serde::{Deserialize, Serialize};

/// Asks the node for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// Chosen by the host, returned unchanged.
    pub id: u32,
}

/// The node's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReply {
    /// The request's number.
    pub id: u32,
    /// When the last byte of the request was seen.
    pub received: NodeTicks,
    /// When the reply was handed to the wire.
    pub sent: NodeTicks,
}
