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
