//! The sorting lines. Reject unless somebody alive says otherwise.

use embedded_hal::digital::OutputPin;
use firmware_wire::{NodeTicks, OutputCause, OutputPolicy, OutputState, PartVerdict, SetOutput};

/// The lines as the board has them.
pub trait SortingLines {
    /// Switches the line of `verdict` on and the others off, off first.
    fn show(&mut self, verdict: PartVerdict);
}

/// Three pins, one a verdict.
#[derive(Debug)]
pub struct ThreePins<G, R, U> {
    /// The line for good parts.
    pub good: G,
    /// The line for scrap.
    pub reject: R,
    /// The line for parts a person should see.
    pub uncertain: U,
}

impl<G: OutputPin, R: OutputPin, U: OutputPin> SortingLines for ThreePins<G, R, U> {
    fn show(&mut self, verdict: PartVerdict) {
        // A pin that cannot be set has no better place to go: reject comes last and wins at rest.
        if verdict != PartVerdict::Good {
            let _ = self.good.set_low();
        }
        if verdict != PartVerdict::Uncertain {
            let _ = self.uncertain.set_low();
        }
        let _ = match verdict {
            PartVerdict::Good => self.reject.set_low().is_ok() && self.good.set_high().is_ok(),
            PartVerdict::Uncertain => {
                self.reject.set_low().is_ok() && self.uncertain.set_high().is_ok()
            }
            PartVerdict::Reject => self.reject.set_high().is_ok(),
        };
    }
}

/// The lines and why they are as they are.
#[derive(Debug)]
pub struct Sorting<L> {
    lines: L,
    policy: OutputPolicy,
    state: OutputState,
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
            untold: true,
        }
    }

    /// A host command.
    pub fn set(&mut self, command: SetOutput, now: NodeTicks) {
        let cause = OutputCause::Host {
            command: command.command,
        };
        self.take(command.verdict, cause, now);
    }

    /// The host has gone quiet. Says so once.
    pub fn host_silent(&mut self, now: NodeTicks) {
        if self.state.cause != OutputCause::HostSilent {
            self.take(self.policy.fail_safe, OutputCause::HostSilent, now);
        }
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
            silence_ticks: 10,
            fail_safe: PartVerdict::Good,
        };
        let mut sorting = Sorting::new(&mut seen, policy);
        assert_eq!(
            sorting.take_news().map(|s| s.cause),
            Some(OutputCause::Boot)
        );
        let good = SetOutput {
            command: 4,
            verdict: PartVerdict::Good,
        };
        sorting.set(good, NodeTicks(1));
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
        assert_eq!(
            seen.0,
            [PartVerdict::Reject, PartVerdict::Good, PartVerdict::Reject]
        );
    }
}
