//! The sorting lines. Reject unless somebody alive says otherwise, and only for as long as it was said for.
//!
//! ```text
//!            a command that makes sense                time over, host silent, a command that does not
//!  fail-safe ---------------------------> its verdict --------------------------------------------> fail-safe
//! ```

use embedded_hal::digital::OutputPin;
use firmware_wire::{NodeTicks, OutputCause, OutputPolicy, OutputState, PartVerdict, SetOutput};

/// The lines as the board has them.
pub trait SortingLines {
    /// Switches the line of `verdict` on and the others off, off first.
    fn show(&mut self, verdict: PartVerdict);
}

/// A pin a verdict. Without a pin of its own, uncertain goes to reject. Let the diverter need the good line's 24 V to
/// pass a part: then a cut wire or a dead node rejects as well.
#[derive(Debug)]
pub struct ThreePins<G, R, U> {
    /// The line for good parts.
    pub good: G,
    /// The line for scrap.
    pub reject: R,
    /// The line for parts a person should see, if there is one.
    pub uncertain: Option<U>,
}

impl<G: OutputPin, R: OutputPin, U: OutputPin> SortingLines for ThreePins<G, R, U> {
    fn show(&mut self, verdict: PartVerdict) {
        // A pin that cannot be set has no better place to go: reject comes last and wins at rest.
        if verdict != PartVerdict::Good {
            let _ = self.good.set_low();
        }
        if verdict != PartVerdict::Uncertain
            && let Some(uncertain) = &mut self.uncertain
        {
            let _ = uncertain.set_low();
        }
        let _ = match (verdict, &mut self.uncertain) {
            (PartVerdict::Good, _) => self.reject.set_low().is_ok() && self.good.set_high().is_ok(),
            (PartVerdict::Uncertain, Some(uncertain)) => {
                self.reject.set_low().is_ok() && uncertain.set_high().is_ok()
            }
            (PartVerdict::Reject | PartVerdict::Uncertain, _) => self.reject.set_high().is_ok(),
        };
    }
}

/// The lines and why they are as they are.
#[derive(Debug)]
pub struct Sorting<L> {
    lines: L,
    policy: OutputPolicy,
    state: OutputState,
    /// When the verdict in force, and its shot, end.
    ends: Option<(NodeTicks, u64)>,
    untold: bool,
}

impl<L: SortingLines> Sorting<L> {
    /// Starts in the fail-safe state. A policy that would fail to good fails to reject instead.
    pub fn new(mut lines: L, mut policy: OutputPolicy) -> Self {
        if policy.fail_safe == PartVerdict::Good {
            policy.fail_safe = PartVerdict::Reject;
        }
        lines.show(policy.fail_safe);
        let state = OutputState {
            at: NodeTicks(0),
            verdict: policy.fail_safe,
            cause: OutputCause::Boot,
        };
        Self {
            lines,
            policy,
            state,
            ends: None,
            untold: true,
        }
    }

    /// A host command.
    pub fn set(&mut self, command: SetOutput, now: NodeTicks) {
        let shot = command.shot;
        if command.valid_ticks == 0 || command.valid_ticks > self.policy.longest_ticks {
            return self.fail(OutputCause::Refused { shot }, now);
        }
        self.take(command.verdict, OutputCause::Host { shot }, now);
        self.ends = Some((now.plus(command.valid_ticks), shot));
    }

    /// Ends a verdict whose time is over.
    pub fn tend(&mut self, now: NodeTicks) {
        if let Some((end, shot)) = self.ends
            && now >= end
        {
            self.fail(OutputCause::Expired { shot }, now);
        }
    }

    /// The host has gone quiet. Says so once.
    pub fn host_silent(&mut self, now: NodeTicks) {
        if self.state.cause != OutputCause::HostSilent {
            self.fail(OutputCause::HostSilent, now);
        }
    }

    /// The host said something sound that cannot be read.
    pub fn unreadable(&mut self, now: NodeTicks) {
        self.fail(OutputCause::Unreadable, now);
    }

    fn fail(&mut self, cause: OutputCause, now: NodeTicks) {
        self.ends = None;
        self.take(self.policy.fail_safe, cause, now);
    }

    fn take(&mut self, verdict: PartVerdict, cause: OutputCause, at: NodeTicks) {
        self.lines.show(verdict);
        self.state = OutputState { at, verdict, cause };
        self.untold = true;
    }

    /// Says the state once more.
    pub fn tell_again(&mut self) {
        self.untold = true;
    }

    /// The state, once after each change.
    pub fn take_news(&mut self) -> Option<OutputState> {
        core::mem::take(&mut self.untold).then_some(self.state)
    }

    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> OutputPolicy {
        self.policy
    }

    /// The state in force.
    #[must_use]
    pub const fn state(&self) -> OutputState {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const POLICY: OutputPolicy = OutputPolicy {
        silence_ticks: 10,
        longest_ticks: 100,
        fail_safe: PartVerdict::Reject,
    };

    fn good(shot: u64, valid_ticks: u64) -> SetOutput {
        SetOutput {
            shot,
            verdict: PartVerdict::Good,
            valid_ticks,
        }
    }

    struct Seen(Vec<PartVerdict>);
    impl SortingLines for &mut Seen {
        fn show(&mut self, verdict: PartVerdict) {
            self.0.push(verdict);
        }
    }

    #[test]
    fn silence_takes_the_fail_safe_state_once_and_never_good() {
        let mut seen = Seen(Vec::new());
        let policy = OutputPolicy {
            fail_safe: PartVerdict::Good,
            ..POLICY
        };
        let mut sorting = Sorting::new(&mut seen, policy);
        assert_eq!(
            sorting.take_news().map(|s| s.cause),
            Some(OutputCause::Boot)
        );
        sorting.set(good(4, 50), NodeTicks(1));
        assert_eq!(
            sorting.take_news().map(|s| s.verdict),
            Some(PartVerdict::Good)
        );
        sorting.host_silent(NodeTicks(20));
        sorting.host_silent(NodeTicks(21));
        let news = sorting.take_news().unwrap();
        assert_eq!(
            (news.verdict, news.cause, news.at),
            (PartVerdict::Reject, OutputCause::HostSilent, NodeTicks(20))
        );
        assert_eq!(sorting.take_news(), None);
        // What was said before the silence does not come back, nor does its end.
        sorting.tend(NodeTicks(60));
        assert_eq!(sorting.take_news(), None);
        assert_eq!(
            seen.0,
            [PartVerdict::Reject, PartVerdict::Good, PartVerdict::Reject]
        );
    }

    #[test]
    fn a_verdict_ends_by_itself_and_a_command_without_sense_ends_it_at_once() {
        let mut seen = Seen(Vec::new());
        let mut sorting = Sorting::new(&mut seen, POLICY);
        sorting.set(good(7, 30), NodeTicks(5));
        sorting.tend(NodeTicks(34));
        assert_eq!(sorting.state().verdict, PartVerdict::Good);
        sorting.tend(NodeTicks(35));
        let ended = |s: &Sorting<&mut Seen>| (s.state().verdict, s.state().cause);
        assert_eq!(
            ended(&sorting),
            (PartVerdict::Reject, OutputCause::Expired { shot: 7 })
        );
        for (shot, valid_ticks) in [(8, 0), (9, 101)] {
            sorting.set(good(1, 50), NodeTicks(40));
            assert_eq!(sorting.state().verdict, PartVerdict::Good);
            sorting.set(good(shot, valid_ticks), NodeTicks(41));
            assert_eq!(
                ended(&sorting),
                (PartVerdict::Reject, OutputCause::Refused { shot })
            );
        }
        sorting.set(good(1, 50), NodeTicks(50));
        sorting.unreadable(NodeTicks(51));
        assert_eq!(
            ended(&sorting),
            (PartVerdict::Reject, OutputCause::Unreadable)
        );
    }

    /// A pin whose level can be read from outside.
    #[derive(Clone, Default)]
    struct Pin(std::rc::Rc<core::cell::Cell<bool>>);
    impl embedded_hal::digital::ErrorType for Pin {
        type Error = core::convert::Infallible;
    }
    impl OutputPin for Pin {
        fn set_low(&mut self) -> Result<(), Self::Error> {
            self.0.set(false);
            Ok(())
        }
        fn set_high(&mut self) -> Result<(), Self::Error> {
            self.0.set(true);
            Ok(())
        }
    }

    #[test]
    fn uncertain_goes_to_reject_unless_it_has_a_line() {
        for second in [false, true] {
            let pins = [Pin::default(), Pin::default(), Pin::default()];
            let mut lines = ThreePins {
                good: pins[0].clone(),
                reject: pins[1].clone(),
                uncertain: second.then(|| pins[2].clone()),
            };
            for verdict in [
                PartVerdict::Good,
                PartVerdict::Uncertain,
                PartVerdict::Reject,
                PartVerdict::Good,
            ] {
                lines.show(verdict);
                let [good, reject, uncertain] = [0, 1, 2].map(|k: usize| pins[k].0.get());
                let aside = verdict == PartVerdict::Uncertain && second;
                assert_eq!(good, verdict == PartVerdict::Good);
                assert_eq!(uncertain, aside);
                assert_eq!(reject, verdict != PartVerdict::Good && !aside);
            }
        }
    }
}
