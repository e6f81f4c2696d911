//! A reading against what the guard knows: first reading, read back, operator edit.

use super::memory::placed;
use super::{Arrow, Guard, Mode, OrderKind, ReadBack, Rule, State, rules};
use crate::ports::{Setpoint, Setpoints};

impl Guard {
    pub(super) fn take_reading(&mut self) {
        let Some(reading) = &self.reading else { return };
        let read = reading.signals.setpoints;
        let fresh = rules::pass(&[Rule::SignalsFresh], &self.view());
        if self.state == State::Unread {
            if fresh && read.known().next().is_some() {
                self.first_reading(&read);
            }
            return;
        }
        let edited = self.edited(&read);
        if !edited.is_empty() {
            self.take_edit(&read, &edited);
        } else if fresh {
            self.take_read_back(&read);
        }
    }

    /// Nothing counts before this: either all values are as they were left, or a person must accept them.
    fn first_reading(&mut self, read: &Setpoints) {
        if !self.armed_before {
            self.pending = None;
            self.known = *read;
            match self.mode {
                Mode::Observe => self.go(State::Observing, Arrow::ReadObserving),
                Mode::Advise | Mode::Correct => self.go(State::Released, Arrow::ReadUnarmed),
            }
            return;
        }
        if self.known.known().any(|(s, _)| !read[s].is_finite()) {
            return;
        }
        let edited = self.edited(read);
        if !edited.is_empty() {
            self.adopt(read, &edited);
            self.person_only = true;
            self.go(State::Edited, Arrow::ReadOtherwise);
        } else if self.edited_before {
            self.go(State::Edited, Arrow::ReadOtherwise);
        } else {
            self.enter_hold(Arrow::ReadAsLeft);
            self.take_read_back(read);
        }
        self.untouched = 0;
    }

    /// Setpoints that read as nothing the guard knows. A value it never knew counts as well; one that is missing now does not.
    fn edited(&self, read: &Setpoints) -> Vec<Setpoint> {
        let written = self.written();
        let moved = |(setpoint, value): &(Setpoint, f64)| {
            let ours = self.same(*setpoint, *value, self.known[*setpoint]);
            !ours && !self.same(*setpoint, *value, written[*setpoint])
        };
        read.known().filter(moved).map(|(s, _)| s).collect()
    }

    /// What was written and did not read back yet; NaN elsewhere.
    fn written(&self) -> Setpoints {
        let order = self.pending.as_ref().map(|(order, _)| order);
        placed(order.map_or(&[][..], |o| &o.change.values))
    }

    /// Within the tolerance of the setpoint; never for NaN.
    pub(super) fn same(&self, setpoint: Setpoint, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.settings.tolerance[setpoint as usize]
    }

    /// The new values are the recipe now.
    fn adopt(&mut self, read: &Setpoints, edited: &[Setpoint]) {
        self.end_pending(read, false, None);
        for setpoint in edited {
            self.baseline[*setpoint] = read[*setpoint];
        }
        for (setpoint, value) in read.known() {
            self.known[setpoint] = value;
        }
        self.changed = true;
    }

    fn take_edit(&mut self, read: &Setpoints, edited: &[Setpoint]) {
        self.adopt(read, edited);
        self.untouched = 0;
        if self.restoring.take().is_some() {
            self.arrows.push(Arrow::NotRestored);
        }
        if self.state.armed() {
            if self.state != State::Edited {
                self.person_only = false;
            }
            self.advice = None;
            self.go(State::Edited, Arrow::OperatorEdit);
        }
    }

    fn take_read_back(&mut self, read: &Setpoints) {
        let Some((order, at_s)) = &self.pending else {
            return;
        };
        let values = &order.change.values;
        let good = values
            .iter()
            .all(|(s, value)| self.same(*s, read[*s], *value));
        let late = self.now_s - at_s >= self.settings.read_back_s;
        let restore = order.kind == OrderKind::Restore;
        if good {
            self.pause.wrote(self.now_s - *at_s);
            let written = self.written();
            self.end_pending(read, true, None);
            for (setpoint, value) in written.known() {
                self.known[setpoint] = value;
            }
            if self.state == State::Written {
                self.go(State::Ready, Arrow::ReadBack);
            } else {
                self.arrows.push(Arrow::ReadBack);
            }
        } else if late {
            self.adopt(read, &[]);
            self.unclear(Arrow::NotReadBack, restore);
        }
    }

    /// What was written may or may not count: nothing more is written, no recipe either.
    pub(super) fn unclear(&mut self, arrow: Arrow, restore: bool) {
        self.restoring = None;
        if self.state.armed() && !restore {
            self.release(arrow, false);
        } else {
            self.arrows.push(arrow);
        }
    }

    /// The write in hand is over, one way or the other.
    pub(super) fn end_pending(&mut self, read: &Setpoints, good: bool, refused: Option<String>) {
        let Some((order, _)) = self.pending.take() else {
            return;
        };
        let values = order.change.values.iter();
        self.read_back = Some(ReadBack {
            id: order.id,
            values: values.map(|(s, value)| (*s, *value, read[*s])).collect(),
            good,
            refused,
        });
        self.changed = true;
    }
}
