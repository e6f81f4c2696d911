//! What must hold, told a second time: it sees every event and every verdict and says which promise a write broke. It shares
//! no code with the guard beyond the types that cross its border.

use appliance_pipeline::guard::{
    Decision, GuardSettings, Mode, Order, OrderKind, Role, Room, Shot, Verdict, Wish,
};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{Limits, Operating, PressSignals, SETPOINTS, Setpoint};
use appliance_pipeline::trust::TrustState;

/// Everything that can happen to the guard.
#[derive(Clone, Debug)]
pub enum Event {
    Read(PressSignals, Option<f64>),
    LinkLost,
    Tick,
    Injects(u64),
    Shot(Shot),
    Confirm(u64),
    Decline(u64),
    Accept,
    Arm(Mode, Role),
    Observe,
    TakeOff,
    Refused(u64),
    NotSent(u64),
    Configure(Box<(GuardSettings, Limits)>),
    /// Process gone and back; false: what was stored is gone as well.
    Restart(bool),
}

mod follow;

type Values = [f64; SETPOINTS];

struct Pending {
    target: Values,
    at: f64,
    id: u64,
}

pub struct Checker {
    settings: GuardSettings,
    limits: Limits,
    now: f64,
    mode: Mode,
    armed: bool,
    read_since_start: bool,
    link: bool,
    reading: Option<(PressSignals, Option<f64>, f64)>,
    /// What the press should say.
    expected: Values,
    baseline: Values,
    pending: Option<Pending>,
    edit: bool,
    person_only: bool,
    untouched: u32,
    held: bool,
    held_since: f64,
    good: u32,
    shot: Option<Shot>,
    shot_at: f64,
    newest: u64,
    /// The newest shot seen to inject, pauses before injections, and how long the slowest write counts to take.
    injecting: u64,
    pauses: Vec<f64>,
    write_s: f64,
    written_since_shot: bool,
    moves: Vec<(f64, usize, f64)>,
    advice: Option<Order>,
    may_restore: bool,
    /// Age of the pending write when the memory was last stored.
    stored_age: f64,
    /// Verdicts seen: writes, advice, restores.
    pub counts: [u64; 3],
}

type Broken = Result<(), &'static str>;

fn must(holds: bool, promise: &'static str) -> Broken {
    if holds { Ok(()) } else { Err(promise) }
}

impl Checker {
    pub fn new(settings: GuardSettings, limits: Limits) -> Self {
        Self {
            mode: settings.mode,
            settings,
            limits,
            now: 0.0,
            armed: false,
            read_since_start: false,
            link: false,
            reading: None,
            expected: [f64::NAN; SETPOINTS],
            baseline: [f64::NAN; SETPOINTS],
            pending: None,
            edit: false,
            person_only: false,
            untouched: 0,
            held: false,
            held_since: 0.0,
            good: 0,
            shot: None,
            shot_at: 0.0,
            newest: 0,
            injecting: 0,
            pauses: Vec::new(),
            write_s: 0.5,
            written_since_shot: false,
            moves: Vec::new(),
            advice: None,
            may_restore: false,
            stored_age: 0.0,
            counts: [0; 3],
        }
    }

    /// Takes an event and what the guard made of it.
    pub fn see(&mut self, now: f64, event: &Event, decision: Option<&Decision>) -> Broken {
        self.now = self.now.max(now);
        self.happen(event);
        // Told between events; what follows from it shows at the next.
        if matches!(event, Event::Injects(_)) {
            return Ok(());
        }
        if !self.all_well() {
            self.good = 0;
            if self.armed && self.read_since_start && !self.edit && !self.held {
                self.hold();
            }
        }
        let too_long = self.now - self.held_since > self.settings.hold_s;
        if self.armed && self.read_since_start && self.held && !self.edit && too_long {
            self.disarm(true);
        }
        if self.may_restore && self.press_agrees().is_err() {
            self.may_restore = false;
        }
        if let Some(advice) = self.advice.clone()
            && self.permits(&advice).is_err()
        {
            self.advice = None;
        }
        let Some(decision) = decision else {
            return Ok(());
        };
        let verdict = match &decision.verdict {
            Verdict::Nothing => Ok(()),
            Verdict::Advise(advice) => {
                self.counts[1] += 1;
                self.advice = Some(advice.order.clone());
                must(self.mode == Mode::Advise, "advice only in mode advise")
                    .and_then(|()| self.permits(&advice.order))
            }
            Verdict::Write(order) if order.kind == OrderKind::Restore => {
                self.counts[2] += 1;
                self.permits_restore(order)
            }
            Verdict::Write(order) => {
                self.counts[0] += 1;
                let by_itself = self.mode == Mode::Correct;
                let confirmed = match (event, &self.advice) {
                    (Event::Confirm(id), Some(advice)) => advice == order && advice.id == *id,
                    _ => false,
                };
                must(by_itself || confirmed, "nobody confirmed this")
                    .and_then(|()| {
                        must(
                            !by_itself || self.in_time(),
                            "too late for the next injection",
                        )
                    })
                    .and_then(|()| self.permits(order))
            }
        };
        if let Verdict::Write(order) = &decision.verdict {
            self.write(order);
        }
        if decision.store {
            self.stored_age = self.pending.as_ref().map_or(0.0, |p| self.now - p.at);
        }
        verdict
    }

    fn write(&mut self, order: &Order) {
        let mut target = [f64::NAN; SETPOINTS];
        for (s, value) in &order.change.values {
            target[*s as usize] = *value;
            self.moves.push((
                self.now,
                *s as usize,
                (value - self.read(*s as usize)).abs(),
            ));
        }
        let (at, id) = (self.now, order.id);
        self.pending = Some(Pending { target, at, id });
        self.written_since_shot = true;
        self.advice = None;
        self.may_restore = false;
    }

    // What the world says.

    fn read(&self, s: usize) -> f64 {
        self.reading
            .as_ref()
            .map_or(f64::NAN, |(signals, ..)| signals.setpoints.0[s])
    }

    fn fresh(&self) -> bool {
        match &self.reading {
            Some((signals, _, at)) => {
                signals.age_s >= 0.0 && signals.age_s + self.now - at <= self.settings.fresh_s
            }
            None => false,
        }
    }

    fn beating(&self) -> bool {
        let age = match &self.reading {
            Some((_, Some(age), at)) if *age >= 0.0 => age + self.now - at,
            _ => f64::INFINITY,
        };
        self.settings
            .heartbeat_s
            .is_none_or(|longest| age <= longest)
    }

    fn running(&self) -> bool {
        match self.reading.as_ref().map(|(signals, ..)| signals.operating) {
            Some(Operating::Automatic) => true,
            Some(Operating::SemiAutomatic) => self.settings.semi_automatic,
            _ => false,
        }
    }

    fn all_well(&self) -> bool {
        let trusted = self
            .shot
            .as_ref()
            .is_some_and(|s| s.trust == TrustState::Trusted);
        self.link && self.fresh() && self.beating() && self.running() && trusted
    }

    fn near(&self, s: usize, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.settings.tolerance[s]
    }

    /// Whether a write fits before the next injection.
    fn in_time(&self) -> bool {
        let Some(shot) = &self.shot else { return true };
        let last = &self.pauses[self.pauses.len().saturating_sub(5)..];
        let fits = |pause: &f64| self.shot_at + pause - self.now >= self.write_s - 1e-9;
        self.injecting <= shot.number && last.iter().all(fits)
    }

    // What is allowed.

    /// What may not only make a write wait.
    fn press_agrees(&self) -> Broken {
        must(self.read_since_start, "nothing before the first read back")?;
        must(!self.edit, "an operator edit is open")?;
        must(self.link, "the link is lost")?;
        must(self.fresh(), "signals are old")?;
        must(self.beating(), "the heartbeat is silent")?;
        must(self.running(), "the press is not in automatic")?;
        let signals = &self.reading.as_ref().ok_or("nothing was read")?.0;
        must(
            signals.released.unwrap_or(!self.settings.says_released),
            "setpoints are not released",
        )?;
        must(
            !signals.frozen.unwrap_or(self.settings.says_frozen),
            "the press is frozen",
        )?;
        for s in 0..SETPOINTS {
            let lost = self.expected[s].is_finite() && !self.read(s).is_finite();
            must(!lost, "a setpoint is no longer known")?;
        }
        Ok(())
    }

    fn turn(&self) -> Broken {
        must(self.pending.is_none(), "the last write did not read back")?;
        must(!self.written_since_shot, "two writes in a shot")
    }

    /// Room for a transfer signal, where the guard gives any.
    pub fn may_signal(&self, room: &Room) -> Broken {
        must(self.armed && self.mode == Mode::Correct, "not correcting")?;
        self.press_agrees()?;
        must(self.pending.is_none(), "the last write did not read back")?;
        must(!self.held, "too few good shots since the last trouble")?;
        let shot = self.shot.as_ref().ok_or("no shot yet")?;
        let trusted = shot.trust == TrustState::Trusted && shot.kind == Kind::Production;
        must(trusted, "the last shot is no ground to signal on")?;
        let at = Setpoint::TransferVolume as usize;
        let limit = self.limits[at].ok_or("no limit is set for transfer")?;
        must(
            room.reference == self.read(at),
            "not where the press transfers",
        )?;
        must(room.high <= self.read(at), "later than the press")?;
        must(
            room.low >= limit.low && room.high <= limit.high,
            "outside the limits of the setpoint",
        )?;
        must(
            room.low >= self.read(at) - limit.step,
            "more than a step from the press",
        )
    }

    fn permits(&self, order: &Order) -> Broken {
        must(self.armed && self.mode != Mode::Observe, "not armed")?;
        self.press_agrees()?;
        self.turn()?;
        must(!self.held, "too few good shots since the last trouble")?;
        let shot = self.shot.as_ref().ok_or("no shot yet")?;
        must(
            shot.trust == TrustState::Trusted,
            "the estimate is not trusted",
        )?;
        must(shot.kind == Kind::Production, "not a production shot")?;
        must(
            self.now - self.shot_at <= self.settings.wish_s,
            "the wish is old",
        )?;
        let wish = shot.wish.as_ref().ok_or("nobody wished for it")?;
        must(wish.in_range, "the prediction is out of its range")?;
        must(!wish.effects.is_empty(), "no prediction")?;
        let banded = wish
            .effects
            .iter()
            .all(|e| e.sd > 0.0 && e.sd < f64::INFINITY);
        must(banded, "the prediction has no band")?;
        must(
            wish.effects
                .iter()
                .all(|e| (e.before + e.change).is_finite()),
            "the prediction is no number",
        )?;
        if let Some(times) = self.settings.surer_than {
            let sure = order.effects.iter().any(|e| e.change.abs() / e.sd > times);
            must(sure, "the effect is not larger than its doubt")?;
        }
        self.within_limits(order)?;
        self.along_the_wish(order, wish)
    }

    fn within_limits(&self, order: &Order) -> Broken {
        let mut seen = [false; SETPOINTS];
        let mut noticeable = false;
        for (s, value) in &order.change.values {
            let i = *s as usize;
            must(!std::mem::replace(&mut seen[i], true), "a setpoint twice")?;
            let limit = self.limits[i].ok_or("this setpoint may not be moved")?;
            must(
                *value >= limit.low && *value <= limit.high,
                "outside its limits",
            )?;
            let by = (value - self.read(i)).abs();
            must(by <= limit.step, "farther than a step")?;
            noticeable |= by > self.settings.tolerance[i];
            let hour = self
                .moves
                .iter()
                .filter(|m| m.1 == i && self.now - m.0 <= 3600.0);
            let sum: f64 = hour.map(|m| m.2).sum::<f64>() + by;
            must(
                sum <= limit.per_hour * (1.0 + 1e-12),
                "farther than it may in an hour",
            )?;
        }
        must(noticeable, "too small to read back")
    }

    /// The whole wish shortened by one share, effects as well.
    fn along_the_wish(&self, order: &Order, wish: &Wish) -> Broken {
        let wished = &wish.change.values;
        must(
            wished.len() == order.change.values.len(),
            "not what was wished",
        )?;
        let share = order.effects[0].change / wish.effects[0].change;
        must(share > 0.0 && share <= 1.0, "more than was wished")?;
        must(
            wished.len() == order.before.len(),
            "not all that stood before",
        )?;
        let stood = order.before.iter().zip(&order.change.values);
        for ((s, wanted), ((first, start), (same, value))) in wished.iter().zip(stood) {
            // Advice may stand on a value that flickered, or moved, within the tolerance on either side.
            let off = (start - self.read(*s as usize)).abs();
            let near = off <= 2.0 * self.settings.tolerance[*s as usize];
            must(s == first && near, "not what stood before")?;
            let off = (value - start) - share * (wanted - start);
            let along = off.abs() <= 1e-6 * (wanted - start).abs() + 1e-12 * start.abs();
            must(s == same && along, "not along the wish")?;
        }
        Ok(())
    }

    fn permits_restore(&self, order: &Order) -> Broken {
        must(
            self.may_restore && self.settings.restore,
            "no restore is due",
        )?;
        self.press_agrees()?;
        self.turn()?;
        let mut values = [f64::NAN; SETPOINTS];
        for (s, value) in &order.change.values {
            values[*s as usize] = *value;
        }
        must(!order.change.values.is_empty(), "an empty restore")?;
        for (s, written) in values.iter().enumerate() {
            let known = self.expected[s].is_finite();
            must(
                !known || self.near(s, self.read(s), self.expected[s]),
                "not ours any more",
            )?;
            let moved =
                self.baseline[s].is_finite() && !self.near(s, self.baseline[s], self.expected[s]);
            must(moved == written.is_finite(), "a restore of other setpoints")?;
            if moved {
                // The last digit may go when it is stored as text.
                let off = (written - self.baseline[s]).abs();
                must(off <= 1e-12 * written.abs(), "not the recipe of before")?;
                let limit = self.limits[s].ok_or("this setpoint may not be moved")?;
                must(
                    *written >= limit.low && *written <= limit.high,
                    "outside its limits",
                )?;
            }
        }
        Ok(())
    }

    /// Where it stands; for messages.
    pub fn told(&self) -> String {
        let known = Setpoint::ALL
            .iter()
            .filter(|s| self.expected[**s as usize].is_finite());
        format!(
            "armed {} mode {:?} held {} edit {} pending {} link {} knows {}",
            self.armed,
            self.mode,
            self.held,
            self.edit,
            self.pending.is_some(),
            self.link,
            known.count()
        )
    }
}
