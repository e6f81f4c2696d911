//! What happened beside the shots, as words for machines. The pages have a sentence for each in every language
//! (`dashboard/src/i18n`, `event.*`); the record keeps an English one beside it.

use appliance_acquire::NodeEvent;
use firmware_wire::{Fault, FaultKind};

/// Kinds, their words and a list of all of them, from one place.
macro_rules! kinds {
    ($($(#[$about:meta])+ $kind:ident = $word:literal,)+) => {
        /// A kind of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EventKind {
            $($(#[$about])+ $kind,)+
        }

        impl EventKind {
            /// Every kind the box tells.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// Its word in records and on the wire.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// The port is open.
    PortOpen = "port-open",
    /// The port is there again.
    PortBack = "port-back",
    /// The port went away.
    NodeUnplugged = "node-unplugged",
    /// A node introduced itself.
    NodeHello = "node-hello",
    /// The node restarted while it was in use.
    NodeRestarted = "node-restarted",
    /// Another node is on the port than before.
    NodeExchanged = "node-exchanged",
    /// Two ports carry the same identity.
    NodeDuplicate = "node-duplicate",
    /// The node speaks another version of the wire.
    NodeVersion = "node-version",
    /// The channel table is not the configured one.
    NodeTable = "node-table",
    /// The line echoes what the box sends.
    LineEcho = "line-echo",
    /// Samples were lost on the way.
    Gap = "gap",
    /// A sensor's circuit is open.
    OpenCircuit = "sensor-open-circuit",
    /// It no longer is.
    OpenCircuitOver = "sensor-open-circuit-over",
    /// A sensor left its range.
    OverRange = "sensor-over-range",
    /// It came back.
    OverRangeOver = "sensor-over-range-over",
    /// A sensor's code does not move.
    Stuck = "sensor-stuck",
    /// It moves again.
    StuckOver = "sensor-stuck-over",
    /// A converter gives no reading.
    NoReading = "sensor-no-reading",
    /// It reads again.
    NoReadingOver = "sensor-no-reading-over",
    /// The node heard nothing from the box and put its sorting lines to reject.
    OutputBoxSilent = "output-box-silent",
    /// The node refused a verdict.
    OutputRefused = "output-refused",
    /// The node could not read an order.
    OutputUnreadable = "output-unreadable",
    /// The node is to signal transfer in the next shot.
    TransferArmed = "transfer-armed",
    /// It signalled.
    TransferFired = "transfer-fired",
    /// The press transferred before it had to.
    TransferPressFirst = "transfer-press-first",
    /// Nothing is armed, for a reason.
    TransferHeld = "transfer-held",
    /// What was armed is taken back, for a reason.
    TransferWithdrawn = "transfer-withdrawn",
    /// The node refused it.
    TransferRefused = "transfer-refused",
    /// The node does not answer, heard nothing, or could not set its wire.
    TransferFailed = "transfer-failed",
    /// A person cleared what was learned and suspected.
    BeliefCleared = "belief-cleared",
    /// What shots teach cannot be kept for a restart.
    BeliefNotKept = "belief-not-kept",
    /// The box goes on with what an earlier run learned.
    BeliefBack = "belief-back",
    /// What an earlier run learned does not fit and is set aside.
    BeliefSetAside = "belief-set-aside",
}

impl EventKind {
    /// Of what a node or its line tells.
    pub const fn of_node(event: &NodeEvent) -> Self {
        match event {
            NodeEvent::Opened { .. } => Self::PortOpen,
            NodeEvent::Returned { .. } => Self::PortBack,
            NodeEvent::Unplugged { .. } => Self::NodeUnplugged,
            NodeEvent::Hello { .. } => Self::NodeHello,
            NodeEvent::Rebooted { .. } => Self::NodeRestarted,
            NodeEvent::Exchanged { .. } => Self::NodeExchanged,
            NodeEvent::DuplicateNode { .. } => Self::NodeDuplicate,
            NodeEvent::VersionMismatch { .. } => Self::NodeVersion,
            NodeEvent::TableDiffers { .. } => Self::NodeTable,
            NodeEvent::Echo => Self::LineEcho,
            NodeEvent::Gap { .. } => Self::Gap,
            NodeEvent::Fault { fault, .. } => Self::of_fault(fault),
        }
    }

    const fn of_fault(fault: &Fault) -> Self {
        match (fault.kind, fault.present) {
            (FaultKind::OpenCircuit, true) => Self::OpenCircuit,
            (FaultKind::OpenCircuit, false) => Self::OpenCircuitOver,
            (FaultKind::OverRange, true) => Self::OverRange,
            (FaultKind::OverRange, false) => Self::OverRangeOver,
            (FaultKind::Stuck, true) => Self::Stuck,
            (FaultKind::Stuck, false) => Self::StuckOver,
            (FaultKind::NoReading, true) => Self::NoReading,
            (FaultKind::NoReading, false) => Self::NoReadingOver,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The `event.*` keys of a dictionary of the dashboard that have words.
    fn worded(dictionary: &'static str) -> BTreeSet<&'static str> {
        let pairs = dictionary.lines().filter_map(|line| {
            let (key, words) = line.trim().strip_prefix("\"event.")?.split_once("\": \"")?;
            (!words.starts_with('"')).then_some(key)
        });
        pairs.collect()
    }

    #[test]
    fn every_kind_has_words_in_both_languages_and_no_words_are_left_over() {
        let kinds = EventKind::ALL.iter().map(|k| k.word());
        let sent: BTreeSet<_> = kinds
            .chain([appliance_recorder::SHOT_NOT_RECORDED])
            .collect();
        assert_eq!(sent.len(), EventKind::ALL.len() + 1, "a word stands twice");
        let english = include_str!("../../dashboard/src/i18n/en-box.ts");
        let korean = include_str!("../../dashboard/src/i18n/ko-box.ts");
        assert_eq!(worded(english), sent);
        assert_eq!(worded(korean), sent);
    }
}
