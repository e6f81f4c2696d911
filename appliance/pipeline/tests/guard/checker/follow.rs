//! What follows from events, told a second time.

use appliance_pipeline::guard::{Mode, Role, Shot};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::SETPOINTS;

use super::{Checker, Event, Values};

impl Checker {
    pub(super) fn hold(&mut self) {
        (self.held, self.held_since, self.good) = (true, self.now, 0);
    }

    pub(super) fn disarm(&mut self, restore: bool) {
        self.may_restore =
            restore && self.settings.restore && self.armed && !self.edit && self.read_since_start;
        (self.armed, self.edit, self.held) = (false, false, false);
    }

    pub(super) fn happen(&mut self, event: &Event) {
        match event {
            Event::Read(signals, heartbeat) => {
                self.link = true;
                self.reading = Some((signals.clone(), *heartbeat, self.now));
                self.compare();
            }
            Event::Injects(number) => self.injects(*number),
            Event::LinkLost => self.link = false,
            Event::Tick => {}
            Event::Decline(id) => {
                if self.advice.as_ref().is_some_and(|a| a.id == *id) {
                    self.advice = None;
                }
            }
            Event::Confirm(_) => {}
            Event::Shot(shot) => self.shot_ended(shot),
            Event::Accept => {
                if self.edit && self.read_since_start {
                    self.edit = false;
                    self.hold();
                }
            }
            Event::Arm(mode, role) => self.arm(*mode, *role),
            Event::Observe => {
                self.disarm(false);
                self.mode = Mode::Observe;
            }
            Event::TakeOff => {
                if self.armed {
                    self.disarm(true);
                }
            }
            Event::Refused(id) => {
                if self.pending.as_ref().is_some_and(|p| p.id == *id) {
                    self.pending = None;
                    self.disarm(false);
                }
            }
            Event::NotSent(id) => {
                if self.pending.as_ref().is_some_and(|p| p.id == *id) {
                    self.pending = None;
                }
            }
            Event::Configure(both) => {
                (self.settings, self.limits) = (**both).clone();
                self.advice = None;
                if let Some(shot) = &mut self.shot {
                    shot.wish = None;
                }
                if self.settings.mode == Mode::Observe && self.mode != Mode::Observe {
                    self.disarm(false);
                }
                self.mode = self.mode.min(self.settings.mode);
            }
            Event::Restart(remembers) => self.restart(*remembers),
        }
    }

    fn restart(&mut self, remembers: bool) {
        (self.read_since_start, self.link, self.reading) = (false, false, None);
        (self.shot, self.advice, self.may_restore) = (None, None, false);
        (self.injecting, self.write_s) = (0, 0.5);
        self.pauses.clear();
        if let Some(pending) = &mut self.pending {
            pending.at = self.now - self.stored_age;
        }
        self.hold();
        self.untouched = 0;
        if !remembers {
            self.disarm(false);
            self.moves.clear();
            self.pending = None;
            self.mode = self.settings.mode;
            self.expected = [f64::NAN; SETPOINTS];
        }
        self.armed &= self.mode != Mode::Observe;
    }

    fn arm(&mut self, mode: Mode, role: Role) {
        let may = role == Role::Engineer
            && mode != Mode::Observe
            && mode <= self.settings.mode
            && self.read_since_start
            && self.link
            && self.fresh()
            && (self.armed || self.pending.is_none());
        if !may {
            return;
        }
        self.mode = mode;
        self.advice = None;
        if !self.armed {
            self.armed = true;
            (self.edit, self.held, self.may_restore) = (false, false, false);
            self.baseline = self.expected;
            if let Some(shot) = &mut self.shot {
                shot.wish = None;
            }
        }
    }

    fn injects(&mut self, number: u64) {
        if number <= self.injecting {
            return;
        }
        self.injecting = number;
        if self.shot.as_ref().is_some_and(|s| s.number + 1 == number) {
            self.pauses.push(self.now - self.shot_at);
        }
    }

    fn shot_ended(&mut self, shot: &Shot) {
        self.write_s = (0.8 * self.write_s).max(0.5);
        self.advice = None;
        self.shot = Some(shot.clone());
        self.shot_at = self.now;
        if shot.number > self.newest {
            (self.newest, self.written_since_shot) = (shot.number, false);
        }
        if !self.read_since_start {
            return;
        }
        if self.edit && self.link && self.fresh() {
            self.untouched += 1;
            let enough = self
                .settings
                .untouched_shots
                .is_some_and(|n| self.untouched >= n);
            if enough && !self.person_only {
                self.edit = false;
                self.hold();
            }
        } else if self.held && !self.edit {
            let good = shot.kind == Kind::Production && self.all_well();
            self.good = if good { self.good + 1 } else { 0 };
            self.held = self.good < self.settings.good_shots;
        }
    }

    fn compare(&mut self) {
        let read: Values = std::array::from_fn(|s| self.read(s));
        let target = self
            .pending
            .as_ref()
            .map_or([f64::NAN; SETPOINTS], |p| p.target);
        let first = !self.read_since_start;
        if first {
            let complete = (0..SETPOINTS)
                .all(|s| read[s].is_finite() || !self.armed || self.expected[s].is_nan());
            if !self.fresh() || read.iter().all(|v| v.is_nan()) || !complete {
                return;
            }
            self.read_since_start = true;
            self.held_since = self.now;
            if !self.armed {
                (self.expected, self.pending) = (read, None);
                return;
            }
        }
        let mut edited = false;
        for s in 0..SETPOINTS {
            let ours = self.near(s, read[s], self.expected[s]) || self.near(s, read[s], target[s]);
            if read[s].is_finite() && !ours {
                edited = true;
                self.baseline[s] = read[s];
            }
        }
        if edited {
            self.learn(&read);
            (self.pending, self.may_restore, self.untouched) = (None, false, 0);
            if self.armed {
                self.person_only = first || self.edit && self.person_only;
                (self.edit, self.advice) = (true, None);
            }
        } else if self.fresh() && !(first && self.edit) {
            self.confirm_write(&read, &target);
        }
    }

    fn learn(&mut self, read: &Values) {
        for (expected, read) in self.expected.iter_mut().zip(read) {
            if read.is_finite() {
                *expected = *read;
            }
        }
    }

    fn confirm_write(&mut self, read: &Values, target: &Values) {
        let Some(pending) = &self.pending else { return };
        let arrived =
            (0..SETPOINTS).all(|s| target[s].is_nan() || self.near(s, read[s], target[s]));
        if arrived {
            self.write_s = self.write_s.max(self.now - pending.at);
            self.learn(target);
            self.pending = None;
        } else if self.now - pending.at >= self.settings.read_back_s {
            self.pending = None;
            self.learn(read);
            self.disarm(false);
        }
    }
}
