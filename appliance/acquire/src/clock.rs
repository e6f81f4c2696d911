//! Node ticks to box time, with drift and a bound on the error.
//!
//! An exchange proves that the middle of the node's two stamps lies within half the round trip of
//! the middle of the box's. The best exchange anchors the line, the widest pair gives its slope;
//! what both leave open, growing with the distance from the anchor, is the bound. It holds as long
//! as the node's rate does, which the window keeps short.

use firmware_wire::{NodeTicks, SyncReply};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Nanoseconds of the box's monotonic clock since acquisition began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoxTime {
    ns: i64,
}

impl BoxTime {
    /// From nanoseconds since acquisition began.
    #[must_use]
    pub const fn from_ns(ns: i64) -> Self {
        Self { ns }
    }

    /// Nanoseconds since acquisition began.
    #[must_use]
    pub const fn ns(self) -> i64 {
        self.ns
    }

    /// Now, counted from `start`.
    #[must_use]
    pub fn since(start: Instant) -> Self {
        let ns = i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX);
        Self { ns }
    }

    /// The time from `earlier` to `self`, zero when that is in the future.
    #[must_use]
    pub fn after(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.ns.saturating_sub(earlier.ns)).unwrap_or(0))
    }
}

/// Exchanges kept; at four a second, half a minute.
const WINDOW: usize = 128;
/// How far a crystal may be off before anything is measured.
const CRYSTAL_PPM: f64 = 200.0;

#[derive(Clone, Copy, Debug)]
struct Exchange {
    /// Middle of the node's stamps.
    ticks: f64,
    /// Middle of the box's stamps.
    ns: f64,
    /// Half of the round trip, less what the node kept for itself, plus the tick.
    half: f64,
}

/// A place in box time and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Best estimate.
    pub at: BoxTime,
    /// The truth lies within this of `at`.
    pub bound: Duration,
}

/// The map of one run of one node.
#[derive(Clone, Debug)]
pub struct ClockMap {
    nominal: f64,
    exchanges: VecDeque<Exchange>,
    anchor: Option<Exchange>,
    slope: f64,
    slope_error: f64,
}

impl ClockMap {
    /// A map that knows nothing yet but the nominal rate.
    #[must_use]
    pub fn new(tick_hz: u32) -> Self {
        let nominal = 1e9 / f64::from(tick_hz.max(1));
        Self {
            nominal,
            exchanges: VecDeque::with_capacity(WINDOW),
            anchor: None,
            slope: nominal,
            slope_error: nominal * CRYSTAL_PPM * 1e-6,
        }
    }

    /// Learns from an exchange: when the request left, when the reply came, what the node stamped.
    pub fn learn(&mut self, sent: BoxTime, came: BoxTime, reply: &SyncReply) {
        let kept = reply.sent.since(reply.received) as f64 * self.nominal;
        let round = came.ns.saturating_sub(sent.ns) as f64;
        if round < 0.0 || reply.sent < reply.received {
            return;
        }
        if self.exchanges.len() == WINDOW {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(Exchange {
            ticks: (reply.received.0 as f64 + reply.sent.0 as f64) / 2.0,
            ns: (sent.ns as f64 + came.ns as f64) / 2.0,
            half: (round - kept).max(0.0) / 2.0 + kept * CRYSTAL_PPM * 1e-6 + self.nominal,
        });
        self.fit();
    }

    fn fit(&mut self) {
        self.slope = self.nominal;
        self.slope_error = self.nominal * CRYSTAL_PPM * 1e-6;
        let Some(newest) = self.exchanges.back().copied() else {
            return;
        };
        for old in &self.exchanges {
            for new in self.exchanges.iter().rev().take(8) {
                let span = new.ticks - old.ticks;
                let error = (new.half + old.half) / span;
                if span > 0.0 && error < self.slope_error {
                    self.slope = (new.ns - old.ns) / span;
                    self.slope_error = error;
                }
            }
        }
        let cost = |e: &Exchange| e.half + self.slope_error * (newest.ticks - e.ticks).abs();
        self.anchor = self
            .exchanges
            .iter()
            .min_by(|a, b| cost(a).total_cmp(&cost(b)))
            .copied();
    }

    /// Where a tick lies in box time. `None` before the first exchange.
    #[must_use]
    pub fn place(&self, ticks: NodeTicks) -> Option<Placed> {
        let anchor = self.anchor?;
        let distance = ticks.0 as f64 - anchor.ticks;
        let bound = anchor.half + self.slope_error * distance.abs();
        Some(Placed {
            at: BoxTime::from_ns((anchor.ns + self.slope * distance) as i64),
            bound: Duration::from_nanos(bound as u64),
        })
    }

    /// How much faster the node's clock runs than nominal, in parts per million.
    #[must_use]
    pub fn drift_ppm(&self) -> f64 {
        (self.nominal / self.slope - 1.0) * 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the drift and however lopsided the delays: the truth lies within the bound.
        #[test]
        fn the_bound_holds_for_any_drift_and_any_delay(
            ppm in -150.0..150.0_f64,
            offset in 0.0..1e12_f64,
            delays in proptest::collection::vec((1e3..2e6_f64, 1e3..2e6_f64), 2..200),
            ahead in -5e9..5e9_f64,
        ) {
            let per_tick = 1000.0 * (1.0 + ppm * 1e-6);
            let tick_at = |ns: f64| NodeTicks(((ns + offset) / per_tick) as u64);
            let mut map = ClockMap::new(1_000_000);
            let mut now = 1e9;
            for (out, back) in delays {
                let reply = SyncReply { id: 0, received: tick_at(now + out), sent: tick_at(now + out + 2e4) };
                map.learn(BoxTime::from_ns(now as i64), BoxTime::from_ns((now + out + 2e4 + back) as i64), &reply);
                now += 2.5e8;
            }
            let truth = now + ahead;
            prop_assume!(truth > 0.0);
            let placed = map.place(tick_at(truth)).unwrap();
            let error = (placed.at.ns() as f64 - truth).abs();
            prop_assert!(error <= placed.bound.as_nanos() as f64 + 2000.0, "{error} ns outside {:?}", placed.bound);
        }
    }

    #[test]
    fn drift_is_found_and_the_bound_shrinks_with_good_exchanges() {
        let mut map = ClockMap::new(1_000_000);
        let mut bounds = Vec::new();
        for k in 0..100_i64 {
            let now = k * 250_000_000;
            let tick = NodeTicks(((now + 50_000) as f64 / 1000.0 * (1.0 + 40e-6)) as u64);
            let reply = SyncReply {
                id: 0,
                received: tick,
                sent: tick,
            };
            map.learn(
                BoxTime::from_ns(now),
                BoxTime::from_ns(now + 100_000),
                &reply,
            );
            bounds.push(map.place(tick).unwrap().bound);
        }
        assert!((map.drift_ppm() - 40.0).abs() < 3.0, "{}", map.drift_ppm());
        assert!(bounds[99] < Duration::from_micros(60), "{:?}", bounds[99]);
    }
}
