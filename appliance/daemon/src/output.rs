//! The sorting lines of a node: told a verdict, and told again until the node says it has it.

use std::time::{Duration, Instant};

use firmware_wire::{HostPacket, OutputCause, OutputState, PartVerdict, SetOutput};
use tokio::sync::mpsc::Sender;

use crate::event_kind::EventKind;

/// Pause before a verdict without an answer is said again.
const AGAIN: Duration = Duration::from_millis(100);

/// One node's lines.
#[derive(Debug)]
pub struct Output {
    /// Place of the node in the configuration.
    pub source: usize,
    to: Sender<HostPacket>,
    valid: Duration,
    tick_hz: u32,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    shot: u64,
    verdict: PartVerdict,
    ends: Instant,
    next: Instant,
}

impl Output {
    /// Lines of the node at `source`; a verdict stands for `valid`.
    pub const fn new(source: usize, to: Sender<HostPacket>, valid: Duration) -> Self {
        Self {
            source,
            to,
            valid,
            tick_hz: 0,
            waiting: None,
        }
    }

    /// The node said hello; before that nothing can be said in its ticks.
    pub const fn hello(&mut self, tick_hz: u32) {
        self.tick_hz = tick_hz;
    }

    /// Shows the verdict on a shot from now on.
    pub fn show(&mut self, shot: u64, verdict: PartVerdict, now: Instant) {
        self.waiting = Some(Waiting {
            shot,
            verdict,
            ends: now + self.valid,
            next: now,
        });
        self.tend(now);
    }

    /// Says again what has no answer yet; what is left of its time shrinks meanwhile.
    pub fn tend(&mut self, now: Instant) {
        let Some(w) = &mut self.waiting else {
            return;
        };
        let left = w.ends.saturating_duration_since(now);
        if left.is_zero() {
            self.waiting = None;
            return;
        }
        let valid_ticks = (left.as_secs_f64() * f64::from(self.tick_hz)) as u64;
        if now < w.next || valid_ticks == 0 {
            return;
        }
        w.next = now + AGAIN;
        let command = SetOutput {
            shot: w.shot,
            verdict: w.verdict,
            valid_ticks,
        };
        // A full queue is a line that does not move; the next turn tries again.
        let _ = self.to.try_send(HostPacket::SetOutput(command));
    }

    /// Takes what the node says. What happened, with a sentence, when it is not what was asked for.
    pub fn answered(&mut self, state: &OutputState) -> Option<(EventKind, String)> {
        Some(match state.cause {
            OutputCause::Host { shot } => {
                let mine = |w: &Waiting| w.shot == shot && w.verdict == state.verdict;
                if self.waiting.as_ref().is_some_and(mine) {
                    self.waiting = None;
                }
                return None;
            }
            OutputCause::Boot | OutputCause::Expired { .. } => return None,
            OutputCause::HostSilent => (
                EventKind::OutputBoxSilent,
                "the box was silent: sorting lines went to reject".into(),
            ),
            OutputCause::Refused { shot } => {
                self.waiting = None;
                let text =
                    format!("the verdict on shot {shot} was refused: sorting lines went to reject");
                (EventKind::OutputRefused, text)
            }
            OutputCause::Unreadable => (
                EventKind::OutputUnreadable,
                "the node could not read a packet: sorting lines went to reject".into(),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firmware_wire::NodeTicks;
    use tokio::sync::mpsc::channel;

    const MS: Duration = Duration::from_millis(1);

    fn state(shot: u64, verdict: PartVerdict) -> OutputState {
        OutputState {
            at: NodeTicks(1),
            verdict,
            cause: OutputCause::Host { shot },
        }
    }

    #[test]
    fn a_verdict_is_repeated_until_answered_and_never_beyond_its_time() {
        let (to, mut heard) = channel(4);
        let mut output = Output::new(0, to, 1000 * MS);
        let now = Instant::now();
        output.show(7, PartVerdict::Good, now);
        assert!(heard.try_recv().is_err(), "nothing before the hello");
        output.hello(1_000_000);
        output.tend(now + 200 * MS);
        let Ok(HostPacket::SetOutput(first)) = heard.try_recv() else {
            panic!("nothing was said")
        };
        assert_eq!((first.shot, first.valid_ticks), (7, 800_000));
        output.tend(now + 250 * MS);
        assert!(heard.try_recv().is_err(), "too early to say it again");
        output.tend(now + 300 * MS);
        assert!(heard.try_recv().is_ok());
        // An answer about another shot or another verdict is not the one.
        assert_eq!(output.answered(&state(6, PartVerdict::Good)), None);
        output.answered(&state(7, PartVerdict::Reject));
        output.tend(now + 400 * MS);
        assert!(heard.try_recv().is_ok());
        output.answered(&state(7, PartVerdict::Good));
        output.tend(now + 600 * MS);
        assert!(heard.try_recv().is_err());
        output.show(8, PartVerdict::Good, now);
        assert!(heard.try_recv().is_ok());
        output.tend(now + 1000 * MS);
        assert!(heard.try_recv().is_err(), "its time is over");
    }

    #[test]
    fn what_was_not_asked_for_is_said_in_words() {
        let (to, _heard) = channel(4);
        let mut output = Output::new(0, to, 1000 * MS);
        let of = |cause| OutputState {
            cause,
            ..state(1, PartVerdict::Reject)
        };
        assert_eq!(output.answered(&of(OutputCause::Expired { shot: 1 })), None);
        for cause in [
            OutputCause::HostSilent,
            OutputCause::Unreadable,
            OutputCause::Refused { shot: 1 },
        ] {
            assert!(output.answered(&of(cause)).is_some());
        }
    }
}
