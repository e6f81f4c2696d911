//! Watches the cycle counter: which cycles finished, and for how long none has.

use crate::port::Cycle;
use appliance_pipeline::ports::PressSignals;
use std::collections::VecDeque;
use tokio::time::Instant;

/// How much longer than the longest of the last cycles a press may take before it counts as silent; below two, so that
/// the state is named within two cycles.
const PATIENCE: f64 = 1.8;
/// Never silent sooner than this, s.
const SHORTEST_S: f64 = 1.0;
/// How many cycles are remembered.
const CYCLES: usize = 5;

/// What was seen of the counter. A press that announces its cycles is believed first; its counter tells what it left out.
#[derive(Debug)]
pub(crate) struct Watch {
    stale_after_s: f64,
    last: Option<(u64, Instant)>,
    /// The last move was seen as it happened, so the next one ends a whole cycle.
    whole: bool,
    lengths_s: VecDeque<f64>,
    /// Announced, and the counter has not moved for it yet.
    ahead: bool,
    /// The counter has moved, and no announcement came yet.
    waiting: Option<Cycle>,
    finished: Vec<Cycle>,
}

impl Watch {
    pub(crate) fn new(stale_after_s: f64) -> Self {
        Self {
            stale_after_s,
            last: None,
            whole: false,
            lengths_s: VecDeque::new(),
            ahead: false,
            waiting: None,
            finished: Vec::new(),
        }
    }

    /// Takes in a reading and what the press announced until then; sets the age of the reading.
    pub(crate) fn take(
        &mut self,
        signals: &mut PressSignals,
        announced: Vec<Cycle>,
        announces: bool,
        now: Instant,
    ) {
        for cycle in announced {
            self.ahead = self.waiting.take().is_none();
            self.finished.push(cycle);
        }
        self.finished.extend(self.waiting.take());
        let Some(count) = signals.cycle else { return };
        match self.last {
            Some((before, since)) if before == count => {
                signals.age_s = now.duration_since(since).as_secs_f64()
            }
            Some((before, since)) => {
                if self.whole && count > before {
                    let each = now.duration_since(since).as_secs_f64() / (count - before) as f64;
                    self.lengths_s.truncate(CYCLES - 1);
                    self.lengths_s.push_front(each);
                }
                self.whole = true;
                self.last = Some((count, now));
                if !std::mem::take(&mut self.ahead) {
                    let cycle = Cycle {
                        number: Some(count),
                        data: signals.cycle_data.clone(),
                        announced: false,
                    };
                    if announces {
                        self.waiting = Some(cycle)
                    } else {
                        self.finished.push(cycle)
                    }
                }
            }
            None => self.last = Some((count, now)),
        }
    }

    /// The connection was lost: the time without a press says nothing about its cycles.
    pub(crate) fn forget(&mut self) {
        self.last = None;
        self.whole = false;
        self.ahead = false;
    }

    pub(crate) fn silent_after_s(&self) -> f64 {
        let longest = self.lengths_s.iter().copied().fold(0.0, f64::max);
        if longest > 0.0 {
            (PATIENCE * longest).max(SHORTEST_S).min(self.stale_after_s)
        } else {
            self.stale_after_s
        }
    }

    pub(crate) fn finished(&mut self) -> Vec<Cycle> {
        std::mem::take(&mut self.finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(
        watch: &mut Watch,
        start: Instant,
        s: f64,
        count: u64,
        announced: &[u64],
        announces: bool,
    ) -> f64 {
        let mut signals = PressSignals {
            cycle: Some(count),
            ..PressSignals::default()
        };
        let announced = announced.iter().map(|n| Cycle {
            number: Some(*n),
            data: Vec::new(),
            announced: true,
        });
        watch.take(
            &mut signals,
            announced.collect(),
            announces,
            start + Duration::from_secs_f64(s),
        );
        signals.age_s
    }

    #[test]
    fn a_cycle_is_told_once_whether_its_event_comes_before_or_after_the_counter_moves() {
        let (mut watch, t) = (Watch::new(60.0), Instant::now());
        at(&mut watch, t, 0.0, 1, &[], true);
        at(&mut watch, t, 1.0, 1, &[2], true);
        at(&mut watch, t, 1.1, 2, &[], true);
        at(&mut watch, t, 2.0, 3, &[], true);
        at(&mut watch, t, 2.1, 3, &[3], true);
        let told: Vec<_> = watch
            .finished()
            .iter()
            .map(|c| (c.number, c.announced))
            .collect();
        assert_eq!(told, [(Some(2), true), (Some(3), true)]);
    }

    #[test]
    fn a_cycle_without_its_event_is_told_by_the_counter() {
        let (mut watch, t) = (Watch::new(60.0), Instant::now());
        at(&mut watch, t, 0.0, 1, &[], true);
        at(&mut watch, t, 1.0, 2, &[], true);
        assert!(watch.finished().is_empty(), "its event may still come");
        at(&mut watch, t, 1.1, 2, &[], true);
        assert_eq!(watch.finished()[0].number, Some(2));
    }

    #[test]
    fn silence_is_named_within_two_cycles() {
        let (mut watch, t) = (Watch::new(60.0), Instant::now());
        for i in 0..4_u32 {
            at(&mut watch, t, 10.0 * f64::from(i), u64::from(i), &[], false);
        }
        assert_eq!(watch.silent_after_s(), 18.0);
        assert_eq!(at(&mut watch, t, 47.0, 3, &[], false), 17.0);
        watch.forget();
        assert_eq!(
            at(&mut watch, t, 99.0, 3, &[], false),
            0.0,
            "time without a press is not silence"
        );
    }
}
