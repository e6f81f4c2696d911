//! Is anybody there? Any good packet from the host counts.

use firmware_wire::NodeTicks;

/// Notices when the host goes quiet.
#[derive(Clone, Copy, Debug)]
pub struct HostLink {
    silence_ticks: u64,
    heard: Option<NodeTicks>,
}

impl HostLink {
    /// Nobody has been heard yet.
    #[must_use]
    pub const fn new(silence_ticks: u64) -> Self {
        Self {
            silence_ticks,
            heard: None,
        }
    }

    /// A good packet came.
    pub const fn hear(&mut self, now: NodeTicks) {
        self.heard = Some(now);
    }

    /// Whether the host is silent now: never heard, or not for the silence time.
    #[must_use]
    pub fn is_silent(&self, now: NodeTicks) -> bool {
        self.heard
            .is_none_or(|heard| now.since(heard) > self.silence_ticks)
    }
}
