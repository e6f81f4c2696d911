//! The free-running timer, extended from 32 to 64 bits.

use firmware_wire::NodeTicks;

/// A timer that never stops. Everything the node says about time comes from here.
pub trait TickTimer {
    /// Ticks in a second.
    const HZ: u32;
    /// Now. Must be asked at least once per wrap of the hardware counter.
    fn now(&mut self) -> NodeTicks;
}

/// Extends a wrapping 32-bit counter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extender {
    high: u32,
    last: u32,
}

impl Extender {
    /// Starts at zero.
    #[must_use]
    pub const fn new() -> Self {
        Self { high: 0, last: 0 }
    }

    /// The 64-bit time of a counter value that is not older than the last one given.
    pub const fn extend(&mut self, raw: u32) -> NodeTicks {
        if raw < self.last {
            self.high = self.high.wrapping_add(1);
        }
        self.last = raw;
        NodeTicks(((self.high as u64) << 32) | raw as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_when_the_counter_wraps() {
        let mut extender = Extender::new();
        assert_eq!(extender.extend(u32::MAX - 1), NodeTicks(0xffff_fffe));
        assert_eq!(extender.extend(3), NodeTicks(0x1_0000_0003));
        assert_eq!(extender.extend(3), NodeTicks(0x1_0000_0003));
        assert_eq!(extender.extend(2), NodeTicks(0x2_0000_0002));
    }
}
