//! Judges each code: open circuit, over-range, stuck, no reading. Says only when something changes.

use crate::channel::{ChannelSpec, Reading};
use firmware_wire::{FaultKind, NO_READING};

const KINDS: [FaultKind; 4] = [
    FaultKind::OpenCircuit,
    FaultKind::OverRange,
    FaultKind::Stuck,
    FaultKind::NoReading,
];

/// The faults of one channel at one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(u8);

impl Faults {
    const fn bit(kind: FaultKind) -> u8 {
        match kind {
            FaultKind::OpenCircuit => 1,
            FaultKind::OverRange => 2,
            FaultKind::Stuck => 4,
            FaultKind::NoReading => 8,
        }
    }

    /// Whether this fault is there.
    #[must_use]
    pub const fn has(self, kind: FaultKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether a decision may not rest on the code. A stuck code is still a code.
    #[must_use]
    pub const fn unusable(self) -> bool {
        self.0 & !Self::bit(FaultKind::Stuck) != 0
    }
}

/// Memory of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultWatch {
    told: Faults,
    last: Option<i32>,
    unmoved: u32,
}

impl FaultWatch {
    /// Judges one reading. Returns the code for the wire and the faults of this row.
    pub fn judge(&mut self, spec: &ChannelSpec<'_>, reading: Reading) -> (i32, Faults) {
        let Reading::Code(code) = reading else {
            self.last = None;
            self.unmoved = 0;
            let kind = match reading {
                Reading::Open => FaultKind::OpenCircuit,
                _ => FaultKind::NoReading,
            };
            let both = Faults::bit(kind) | Faults::bit(FaultKind::NoReading);
            return (NO_READING, Faults(both));
        };
        if self.last.replace(code) == Some(code) {
            self.unmoved = self.unmoved.saturating_add(1);
        } else {
            self.unmoved = 0;
        }
        let mut faults = 0;
        if spec.open.holds(code) {
            faults |= Faults::bit(FaultKind::OpenCircuit);
        }
        if code < spec.info.code_min || code > spec.info.code_max {
            faults |= Faults::bit(FaultKind::OverRange);
        }
        if spec.stuck_rows > 0 && self.unmoved >= spec.stuck_rows {
            faults |= Faults::bit(FaultKind::Stuck);
        }
        (code, Faults(faults))
    }

    /// Tells every fault that began or ended since the last time. `tell` returns false when it has
    /// no room; that change is then told later, never lost.
    pub fn changes(&mut self, now: Faults, mut tell: impl FnMut(FaultKind, bool) -> bool) {
        for kind in KINDS {
            let present = now.has(kind);
            if present != self.told.has(kind) && tell(kind, present) {
                self.told.0 ^= Faults::bit(kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::OpenBand;
    use firmware_wire::{ChannelInfo, Unit};

    fn loop_channel() -> ChannelSpec<'static> {
        ChannelSpec {
            info: ChannelInfo {
                name: "hydraulic pressure",
                group: 0,
                unit: Unit::Milliampere,
                code_min: 380,
                code_max: 2050,
                at_min: 3.8,
                at_max: 20.5,
            },
            open: OpenBand::Below(360),
            stuck_rows: 3,
        }
    }

    #[test]
    fn a_broken_cable_is_open_and_out_of_range() {
        let mut watch = FaultWatch::default();
        let (code, faults) = watch.judge(&loop_channel(), Reading::Code(12));
        assert_eq!(code, 12);
        assert!(faults.has(FaultKind::OpenCircuit) && faults.has(FaultKind::OverRange));
        assert!(faults.unusable());
    }

    #[test]
    fn stuck_needs_the_whole_time_and_ends_with_one_step() {
        let (mut watch, spec) = (FaultWatch::default(), loop_channel());
        let mut stuck = |code| {
            watch
                .judge(&spec, Reading::Code(code))
                .1
                .has(FaultKind::Stuck)
        };
        assert_eq!([0; 4].map(|_| stuck(900)), [false, false, false, true]);
        assert!(!stuck(901));
    }

    #[test]
    fn a_missing_reading_is_never_a_number() {
        let mut watch = FaultWatch::default();
        watch.judge(&loop_channel(), Reading::Code(900));
        let (code, faults) = watch.judge(&loop_channel(), Reading::Missing);
        assert_eq!(code, NO_READING);
        assert!(faults.has(FaultKind::NoReading) && !faults.has(FaultKind::OpenCircuit));
    }

    #[test]
    fn a_change_without_room_is_told_later() {
        let mut watch = FaultWatch::default();
        let (_, faults) = watch.judge(&loop_channel(), Reading::Open);
        let mut told = 0;
        watch.changes(faults, |_, _| false);
        watch.changes(faults, |_, present| {
            assert!(present);
            told += 1;
            true
        });
        watch.changes(faults, |_, _| panic!("told twice"));
        assert_eq!(told, 2);
    }
}
