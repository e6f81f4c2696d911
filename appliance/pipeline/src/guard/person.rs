//! What a person, the press or the set-up says: each runs through the same rules as everything else.

use super::{
    Arrow, Check, Decision, Guard, GuardSettings, Mode, OrderKind, Role, Rule, State, rules,
};
use crate::error::PipelineError;
use crate::ports::{Limits, Setpoints};

impl Guard {
    /// Writes the advice `id` if it still waits and every rule still passes.
    pub fn confirm(&mut self, now_s: f64, id: u64) -> Decision {
        self.begin(now_s);
        let waits = self.waits(id);
        self.confirmed = waits;
        let decision = self.decide();
        self.confirmed = false;
        decision
    }

    /// Drops the advice `id`.
    pub fn decline(&mut self, now_s: f64, id: u64) -> Decision {
        self.begin(now_s);
        if self.waits(id) {
            self.withdraw(Arrow::Declined);
        }
        self.decide()
    }

    fn waits(&mut self, id: u64) -> bool {
        let waits = self.advice.as_ref().is_some_and(|a| a.id() == id);
        self.person_checks
            .push(Check::plain(Rule::AdviceWaits, waits));
        waits
    }

    /// A person accepts the recipe as it reads after an edit; good shots must follow before anything is written.
    pub fn accept_edit(&mut self, now_s: f64) -> Decision {
        self.begin(now_s);
        if self.state == State::Edited {
            self.person_only = false;
            self.enter_hold(Arrow::EditAccepted);
        }
        self.decide()
    }

    /// Puts the box on the press, or changes the mode while it is. The recipe as it reads now is the recipe of before.
    /// Refused, with the rule, unless an engineer asks, the settings allow `mode`, and the last reading is fresh.
    pub fn arm(&mut self, now_s: f64, mode: Mode, role: Role) -> Decision {
        self.begin(now_s);
        let allowed = mode != Mode::Observe && mode <= self.settings.mode;
        let asked = [
            Check::plain(Rule::EngineerArms, role == Role::Engineer),
            Check::plain(Rule::ModeAllowed, allowed),
        ];
        let mut may = asked.iter().all(|c| c.pass);
        may &= rules::pass(
            &[Rule::ReadFirst, Rule::LinkUp, Rule::SignalsFresh],
            &self.view(),
        );
        may &= self.state.armed() || self.pending.is_none();
        self.person_checks.extend(asked);
        if may {
            self.withdraw(Arrow::Expired);
            self.mode = mode;
            if self.state.armed() {
                self.arrows.push(Arrow::Armed);
            } else {
                (self.wish, self.restoring) = (None, None);
                self.baseline = self.known;
                self.go(State::Ready, Arrow::Armed);
            }
        }
        self.decide()
    }

    /// Mode *observe*.
    pub fn observe(&mut self, now_s: f64) -> Decision {
        self.begin(now_s);
        self.only_observe();
        self.decide()
    }

    fn only_observe(&mut self) {
        self.mode = Mode::Observe;
        (self.advice, self.wish, self.restoring) = (None, None, None);
        if self.state == State::Unread {
            self.armed_before = false;
            self.arrows.push(Arrow::Observed);
        } else {
            self.go(State::Observing, Arrow::Observed);
        }
    }

    /// The one key, on the screen and as an input line: takes the box off the press. Where the settings say so, the recipe of
    /// before is written once, now or after the write in hand has read back; after that nothing, until an engineer arms.
    pub fn take_off(&mut self, now_s: f64) -> Decision {
        self.begin(now_s);
        match self.state {
            State::Unread => {
                self.armed_before = false;
                self.arrows.push(Arrow::TakenOff);
            }
            State::Released => self.arrows.push(Arrow::TakenOff),
            State::Observing | State::Edited => self.release(Arrow::TakenOff, false),
            State::Holding | State::Ready | State::Waiting | State::Written => {
                self.release(Arrow::TakenOff, true);
            }
        }
        self.decide()
    }

    /// The press refused to take order `id`; `why` is what it said. Not tried again.
    pub fn write_refused(&mut self, now_s: f64, id: u64, why: &str) -> Decision {
        self.begin(now_s);
        if let Some((order, _)) = self.pending.as_ref().filter(|(order, _)| order.id == id) {
            let restore = order.kind == OrderKind::Restore;
            self.end_pending(&Setpoints::default(), false, Some(why.into()));
            self.unclear(Arrow::WriteRefused, restore);
        }
        self.decide()
    }

    /// Order `id` never went out, because the next shot injects already. The press stays as it is, and so does the box.
    pub fn not_sent(&mut self, now_s: f64, id: u64, why: &str) -> Decision {
        self.begin(now_s);
        if self
            .pending
            .as_ref()
            .is_some_and(|(order, _)| order.id == id)
        {
            self.end_pending(&Setpoints::default(), false, Some(why.into()));
            if self.state == State::Written {
                self.go(State::Ready, Arrow::NotSent);
            }
        }
        self.decide()
    }

    /// New settings and limits; what was wished or advised under the old ones expires.
    ///
    /// # Errors
    /// [`PipelineError::Guard`] when they make no sense; then the old ones stay.
    pub fn configure(
        &mut self,
        now_s: f64,
        settings: GuardSettings,
        limits: Limits,
    ) -> Result<Decision, PipelineError> {
        settings.check(&limits)?;
        self.begin(now_s);
        self.withdraw(Arrow::Expired);
        self.wish = None;
        // The mode may drop; it must not come back after a restart.
        self.changed = true;
        self.restoring = self.restoring.filter(|_| settings.restore);
        (self.settings, self.limits) = (settings, limits);
        if self.settings.mode == Mode::Observe && self.mode != Mode::Observe {
            self.only_observe();
        } else {
            self.mode = self.mode.min(self.settings.mode);
        }
        Ok(self.decide())
    }
}
