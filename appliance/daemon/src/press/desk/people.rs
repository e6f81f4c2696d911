//! What people ask of the desk, on the screen and by the key.

use appliance_pipeline::guard::{Mode, Role, State, Verdict};
use appliance_web::view;

use super::Desk;
use crate::press::record;

impl Desk {
    /// A person confirms the advice of a row.
    ///
    /// # Errors
    /// The rules that forbid it now, in words; none when it no longer waits.
    pub fn confirm(&self, user: &str, row: i64) -> Result<(), Vec<view::RuleLine>> {
        let inner = &mut *self.lock();
        let order = inner.order_of(row).ok_or_else(Vec::new)?;
        let decision = inner.guard.confirm(self.now_s(), order);
        let written = matches!(&decision.verdict, Verdict::Write(o) if o.id == order);
        let failed = record::rules(&decision.failed().copied().collect::<Vec<_>>());
        if written {
            self.answer(inner, row, Some(user), true, None);
        }
        self.take(inner, decision);
        if written { Ok(()) } else { Err(failed) }
    }

    /// A person declines the advice of a row; false when it no longer waits.
    pub fn decline(&self, user: &str, row: i64, reason: &str) -> bool {
        let inner = &mut *self.lock();
        let Some(order) = inner.order_of(row) else {
            return false;
        };
        let decision = inner.guard.decline(self.now_s(), order);
        self.answer(inner, row, Some(user), false, Some(reason.into()));
        self.take(inner, decision);
        true
    }

    /// An engineer puts the box on the press in a mode.
    ///
    /// # Errors
    /// The rules that forbid it.
    pub fn arm(&self, mode: Mode) -> Result<(), Vec<view::RuleLine>> {
        if self.key.off() {
            return Err(vec![record::key_is_off()]);
        }
        let inner = &mut *self.lock();
        let decision = inner.guard.arm(self.now_s(), mode, Role::Engineer);
        let armed = decision.mode == mode && decision.state.armed();
        let failed = record::rules(&decision.failed().copied().collect::<Vec<_>>());
        self.take(inner, decision);
        if armed { Ok(()) } else { Err(failed) }
    }

    /// A person accepts the recipe as it reads after an edit; false when none waits.
    pub fn accept_edit(&self) -> bool {
        let inner = &mut *self.lock();
        if inner.guard.state() != State::Edited {
            return false;
        }
        let decision = inner.guard.accept_edit(self.now_s());
        self.take(inner, decision);
        true
    }

    /// What the box may do now: observe while it is off the press.
    pub fn mode(&self) -> view::Mode {
        let inner = self.lock();
        if inner.guard.state().armed() {
            record::mode(inner.guard.mode())
        } else {
            view::Mode::Observe
        }
    }

    /// The mode that arming leads to: that of before, the first that does anything otherwise.
    pub fn arms_to(&self) -> Mode {
        self.lock().guard.mode().max(Mode::Advise)
    }

    /// Only looks on.
    pub fn observe(&self) {
        let inner = &mut *self.lock();
        let decision = inner.guard.observe(self.now_s());
        self.take(inner, decision);
    }

    /// The one key.
    pub fn take_off(&self) {
        let inner = &mut *self.lock();
        let decision = inner.guard.take_off(self.now_s());
        self.take(inner, decision);
    }

    /// Looks at the key at the press, and takes the box off where it says so.
    pub fn look_at_key(&self) {
        if !self.key.off() {
            return;
        }
        let inner = &mut *self.lock();
        if !inner.guard.state().armed() {
            return;
        }
        let decision = inner.guard.take_off(self.now_s());
        self.take(inner, decision);
        if let Err(why) = self.book.audit("key at the press", "off", "") {
            eprintln!("moldsight: the turned key cannot be noted in the audit: {why}");
        }
    }
}
