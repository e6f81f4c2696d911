//! From the rules to a verdict: hold, write, advise, restore.

use super::clip::clip;
use super::memory::listed;
use super::rules::{Asked, View};
use super::{
    Advice, Arrow, Decision, Effect, Guard, Mode, Order, OrderKind, Rule, Seen, State, Verdict,
    rules,
};
use crate::ports::{Change, Setpoint, Setpoints};

impl Guard {
    /// The end of every event: what follows from where things stand now.
    pub(super) fn decide(&mut self) -> Decision {
        self.hold();
        let verdict = if let Some(since_s) = self.restoring {
            self.restore(since_s)
        } else if let Some(advice) = self.advice.take() {
            self.reconsider(advice)
        } else {
            self.propose()
        };
        if !matches!(self.state, State::Ready | State::Written) {
            self.wish = None;
        }
        let mut reasons = std::mem::take(&mut self.checks);
        if reasons.is_empty() {
            reasons = rules::check(&self.view());
        }
        reasons.append(&mut self.person_checks);
        let arrows = std::mem::take(&mut self.arrows);
        Decision {
            at_s: self.now_s,
            seen: self.seen(),
            state: self.state,
            mode: self.mode,
            reasons,
            clipped: self.clipped.take(),
            read_back: self.read_back.take(),
            store: std::mem::take(&mut self.changed) || !arrows.is_empty(),
            arrows,
            verdict,
        }
    }

    fn seen(&mut self) -> Seen {
        let signals = self.reading.as_ref().map(|r| &r.signals);
        Seen {
            link: self.link,
            cycle: signals.and_then(|s| s.cycle),
            operating: signals.map(|s| s.operating).unwrap_or_default(),
            released: signals.and_then(|s| s.released),
            frozen: signals.and_then(|s| s.frozen),
            setpoints: self.as_read(),
            age_s: self.view().age_s(),
            shot: self.shot,
            wish: self.seen_wish.take(),
        }
    }

    /// Setpoints of the last reading.
    fn as_read(&self) -> Setpoints {
        self.reading
            .as_ref()
            .map(|r| r.signals.setpoints)
            .unwrap_or_default()
    }

    fn hold(&mut self) {
        if !self.stands() {
            self.good = 0;
            if matches!(self.state, State::Ready | State::Waiting | State::Written) {
                self.advice = None;
                self.enter_hold(Arrow::Held);
            }
        }
        if self.state == State::Holding && self.now_s - self.held_since_s > self.settings.hold_s {
            self.release(Arrow::TimedOut, true);
        }
    }

    /// The wish of the last shot, as soon as every rule lets it pass.
    fn propose(&mut self) -> Verdict {
        let Some((wish, since_s)) = self.wish.take() else {
            return Verdict::Nothing;
        };
        let moved = self.moves.sums(self.now_s);
        let (change, clipped) = clip(&wish.change, &self.as_read(), &self.limits, &moved);
        let share = clipped.map_or(1.0, |c| c.share);
        let shrunk = |e: &Effect| Effect {
            change: e.change * share,
            ..e.clone()
        };
        let effects: Vec<Effect> = wish.effects.iter().map(shrunk).collect();
        let asked = Asked {
            kind: OrderKind::Correction,
            change: &change,
            effects: &effects,
            in_range: wish.in_range,
            since_s,
        };
        let checks = rules::check(&View {
            asked: Some(asked),
            ..self.view()
        });
        let pass = checks.iter().all(|c| c.pass);
        (self.checks, self.clipped) = (checks, clipped);
        if !pass || self.mode == Mode::Observe {
            self.wish = Some((wish, since_s));
            return Verdict::Nothing;
        }
        let order = self.order(OrderKind::Correction, change, effects);
        let in_range = wish.in_range;
        self.seen_wish = Some(wish);
        if self.mode == Mode::Correct {
            return self.send(order, Arrow::Wrote);
        }
        let advice = Advice {
            order,
            in_range,
            since_s,
        };
        self.advice = Some(advice.clone());
        self.go(State::Waiting, Arrow::Advised);
        Verdict::Advise(advice)
    }

    /// Advice that waits goes through every rule at every event; when it was confirmed just now, it goes out.
    fn reconsider(&mut self, advice: Advice) -> Verdict {
        let asked = Asked {
            kind: OrderKind::Correction,
            change: &advice.order.change,
            effects: &advice.order.effects,
            in_range: advice.in_range,
            since_s: advice.since_s,
        };
        let checks = rules::check(&View {
            asked: Some(asked),
            ..self.view()
        });
        let pass = checks.iter().all(|c| c.pass);
        self.checks = checks;
        if !pass {
            self.go(State::Ready, Arrow::Expired);
            return Verdict::Nothing;
        }
        if std::mem::take(&mut self.confirmed) {
            return self.send(advice.order, Arrow::Confirmed);
        }
        self.advice = Some(advice);
        Verdict::Nothing
    }

    /// The recipe of before, once. Waits for a read back and for the shot; gives up on anything else.
    fn restore(&mut self, since_s: f64) -> Verdict {
        let moved = |(s, v): &(Setpoint, f64)| !self.same(*s, *v, self.known[*s]);
        let change = Change {
            values: self.baseline.known().filter(moved).collect(),
        };
        if change.is_empty() && self.pending.is_none() {
            self.restoring = None;
            return Verdict::Nothing;
        }
        let asked = Asked {
            kind: OrderKind::Restore,
            change: &change,
            effects: &[],
            in_range: true,
            since_s,
        };
        let checks = rules::check(&View {
            asked: Some(asked),
            ..self.view()
        });
        let waits = |rule| matches!(rule, Rule::ReadBack | Rule::OneWritePerShot);
        let fails = checks.iter().any(|c| !c.pass && !waits(c.rule));
        let pass = checks.iter().all(|c| c.pass);
        self.checks = checks;
        if pass {
            self.restoring = None;
            let order = self.order(OrderKind::Restore, change, Vec::new());
            return self.send(order, Arrow::Restored);
        }
        if fails || self.now_s - since_s > self.settings.hold_s {
            self.restoring = None;
            self.arrows.push(Arrow::NotRestored);
        }
        Verdict::Nothing
    }

    fn order(&mut self, kind: OrderKind, change: Change, effects: Vec<Effect>) -> Order {
        self.last_id += 1;
        let read = self.as_read();
        let before = listed(&read).into_iter();
        let moves = |s: &Setpoint| change.values.iter().any(|(c, _)| c == s);
        Order {
            id: self.last_id,
            kind,
            shot: self.shot.map_or(0, |(number, ..)| number),
            before: before.filter(|(s, _)| moves(s)).collect(),
            change,
            effects,
        }
    }

    /// From here on the order counts as written.
    fn send(&mut self, order: Order, arrow: Arrow) -> Verdict {
        let read = self.as_read();
        for (setpoint, value) in &order.change.values {
            self.moves
                .push(self.now_s, *setpoint, value - read[*setpoint]);
        }
        self.last_write_shot = self.shot.map(|(number, ..)| number);
        self.pending = Some((order.clone(), self.now_s));
        match order.kind {
            OrderKind::Correction => self.go(State::Written, arrow),
            OrderKind::Restore => self.arrows.push(arrow),
        }
        Verdict::Write(order)
    }
}
