//! A press, its operator, its line and its process, all of them unlucky; and the guard among them.

use std::collections::BTreeMap;

use appliance_pipeline::guard::{
    Arrow, Effect, Guard, GuardSettings, Memory, Mode, Role, Rule, Shot, Verdict, Wish,
};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{
    Change, Limit, Limits, Operating, PressSignals, SETPOINTS, Setpoint, Setpoints,
};
use appliance_pipeline::trust::TrustState;

use crate::checker::{Checker, Event};
use crate::dice::Dice;

const RECIPE: [f64; SETPOINTS] = [3e7, 4.0, 3e-5, 5e-5, 500.0, 330.0, 15.0];
/// Share of the recipe: tolerance.
const TOLERANCE: f64 = 1e-3;

/// What all sequences together showed.
#[derive(Default)]
pub struct Tally {
    pub writes: u64,
    pub advice: u64,
    pub restores: u64,
    /// Events after which a transfer signal had room.
    pub rooms: u64,
    pub events: u64,
    pub arrows: BTreeMap<&'static str, u64>,
    /// How often a rule alone stood between a wish and the press.
    pub alone: BTreeMap<&'static str, u64>,
}

pub struct World {
    guard: Guard,
    checker: Checker,
    memory: Option<Memory>,
    settings: GuardSettings,
    limits: Limits,
    now: f64,
    boot: f64,
    /// Time of the last event.
    told_at: f64,
    actual: [f64; SETPOINTS],
    in_flight: Option<(f64, Change)>,
    refused: Option<u64>,
    signals: PressSignals,
    heartbeat: Option<f64>,
    missing: Option<usize>,
    link: bool,
    shot: u64,
    trust: TrustState,
    kind: Kind,
    last_advice: u64,
    pub trace: Vec<String>,
    tracing: bool,
}

fn settings(dice: &mut Dice) -> GuardSettings {
    GuardSettings {
        mode: dice.one_of(&[Mode::Correct, Mode::Correct, Mode::Correct, Mode::Advise]),
        semi_automatic: dice.chance(30),
        says_released: dice.chance(50),
        says_frozen: dice.chance(50),
        heartbeat_s: dice.chance(50).then_some(8.0),
        fresh_s: dice.between(3.0, 6.0),
        wish_s: dice.between(15.0, 60.0),
        read_back_s: dice.between(2.0, 60.0),
        tolerance: RECIPE.map(|v| v * TOLERANCE),
        good_shots: 1 + dice.below(3) as u32,
        hold_s: dice.between(60.0, 400.0),
        untouched_shots: dice.chance(60).then_some(1 + dice.below(3) as u32),
        surer_than: dice.chance(50).then_some(1.0),
        restore: dice.chance(60),
    }
}

fn limits(dice: &mut Dice) -> Limits {
    std::array::from_fn(|s| {
        let share = |x: f64| x * RECIPE[s];
        dice.chance(75).then(|| Limit {
            low: share(dice.between(0.93, 0.99)),
            high: share(dice.between(1.01, 1.07)),
            step: share(dice.between(0.005, 0.03)),
            per_hour: share(dice.between(0.02, 0.1)),
        })
    })
}

impl World {
    pub fn new(seed: u64, tracing: bool) -> Self {
        let mut dice = Dice(seed);
        let (settings, limits) = (settings(&mut dice), limits(&mut dice));
        let guard = Guard::new(settings.clone(), limits, None, 0.0).unwrap();
        let mut world = Self {
            checker: Checker::new(settings.clone(), limits),
            guard,
            memory: None,
            settings,
            limits,
            now: 0.0,
            boot: 0.0,
            told_at: 0.0,
            actual: RECIPE,
            in_flight: None,
            refused: None,
            signals: PressSignals::default(),
            heartbeat: None,
            missing: None,
            link: true,
            shot: 0,
            trust: TrustState::Trusted,
            kind: Kind::Production,
            last_advice: 0,
            trace: Vec::new(),
            tracing,
        };
        world.heal();
        world
    }

    fn heal(&mut self) {
        self.signals.operating = Operating::Automatic;
        self.signals.released = Some(true);
        self.signals.frozen = Some(false);
        self.signals.age_s = 0.2;
        self.heartbeat = Some(0.5);
        (self.missing, self.link) = (None, true);
        (self.trust, self.kind) = (TrustState::Trusted, Kind::Production);
    }

    /// One word is one thing that happens; it means the same wherever it stands.
    pub fn step(&mut self, word: u64, tally: &mut Tally) -> Result<(), String> {
        let d = &mut Dice(word);
        match d.below(100) {
            0..36 => self.mold(d, tally)?,
            36..46 => self.read(d, tally)?,
            46..54 => {
                self.heal();
                self.read(d, tally)?;
            }
            54..57 => self.operator_edit(d, tally)?,
            57..60 => self.press_trouble(d, tally)?,
            60..62 => {
                self.link = false;
                self.event(d, Event::LinkLost, tally)?;
                if d.chance(50) {
                    self.now += d.between(0.1, 2.0);
                    self.end_shot(d, tally)?;
                }
            }
            62..64 => self.process_trouble(d),
            64..74 => {
                let off = u64::from(d.chance(15));
                self.event(d, Event::Confirm(self.last_advice + off), tally)?;
            }
            74..75 => self.event(d, Event::Decline(self.last_advice), tally)?,
            75..79 => self.event(d, Event::Accept, tally)?,
            79..89 => {
                let mode = d.one_of(&[Mode::Correct, Mode::Correct, Mode::Advise, Mode::Observe]);
                let role = d.one_of(&[Role::Engineer, Role::Engineer, Role::Operator]);
                self.event(d, Event::Arm(mode, role), tally)?;
            }
            89..90 if word >> 63 == 0 => self.event(d, Event::Observe, tally)?,
            90..92 => self.event(d, Event::TakeOff, tally)?,
            92..93 => {
                let new = (settings(d), limits(d));
                self.event(d, Event::Configure(Box::new(new)), tally)?;
            }
            93..95 => {
                let remembers = !d.chance(10);
                self.event(d, Event::Restart(remembers), tally)?;
            }
            95..97 => {
                self.now += d.one_of(&[1.0, 20.0, 100.0, 1000.0, 3000.0]);
                self.event(d, Event::Tick, tally)?;
            }
            _ => {
                self.now += d.between(0.0, 3.0);
                self.event(d, Event::Tick, tally)?;
            }
        }
        Ok(())
    }

    fn mold(&mut self, d: &mut Dice, tally: &mut Tally) -> Result<(), String> {
        if d.chance(80) {
            self.now += d.between(0.3, 6.0);
            self.event(d, Event::Injects(self.shot + 1), tally)?;
        }
        self.now += d.between(8.0, 40.0);
        if d.chance(85) {
            self.read(d, tally)?;
        }
        if d.chance(6) {
            // The end is told late.
            self.event(d, Event::Injects(self.shot + 2), tally)?;
        }
        self.end_shot(d, tally)?;
        if d.chance(70) {
            self.now += d.between(0.1, 2.0);
            self.read(d, tally)?;
        }
        Ok(())
    }

    fn end_shot(&mut self, d: &mut Dice, tally: &mut Tally) -> Result<(), String> {
        // Sometimes the end of a shot is told twice.
        self.shot += u64::from(!d.chance(4));
        let shot = Shot {
            number: self.shot,
            kind: self.kind,
            trust: self.trust,
            wish: d.chance(85).then(|| self.wish(d)),
        };
        self.event(d, Event::Shot(shot), tally)
    }

    fn wish(&self, d: &mut Dice) -> Wish {
        let mut values = Vec::new();
        for s in Setpoint::ALL {
            let movable = self.limits[s as usize].is_some();
            if d.chance(if movable { 35 } else { 1 }) {
                let size = d.one_of(&[3e-4, 4e-3, 4e-3, 1e-2, 5e-2]);
                let by = d.between(-size, size) * RECIPE[s as usize];
                values.push((s, self.actual[s as usize] + by));
            }
        }
        if d.chance(3)
            && let Some(first) = values.first().copied()
        {
            values.push(first);
        }
        if d.chance(2)
            && let Some(last) = values.last_mut()
        {
            last.1 = f64::NAN;
        }
        let effect = |d: &mut Dice| Effect {
            target: "part_weight".into(),
            unit: "kg".into(),
            before: 0.02,
            change: 2e-5,
            sd: d.one_of(&[4e-6, 4e-6, 4e-6, 4e-6, 1e-5, 1e-4]),
        };
        let mut effects: Vec<Effect> = (0..1 + d.below(2)).map(|_| effect(d)).collect();
        match d.below(40) {
            0 => effects.clear(),
            1 => effects[0].sd = f64::NAN,
            2 => effects[0].sd = 0.0,
            3 => effects[0].before = f64::NAN,
            _ => {}
        }
        Wish {
            change: Change { values },
            effects,
            in_range: !d.chance(4),
        }
    }

    fn read(&mut self, d: &mut Dice, tally: &mut Tally) -> Result<(), String> {
        if !self.link && d.chance(70) {
            return Ok(());
        }
        self.link = true;
        if let Some((at, change)) = &self.in_flight
            && self.now >= *at
        {
            for (s, value) in &change.values {
                // Controllers round.
                let off = d.between(-0.4, 0.4) * TOLERANCE * RECIPE[*s as usize];
                self.actual[*s as usize] = value + off;
            }
            self.in_flight = None;
        }
        self.signals.setpoints = Setpoints(self.actual);
        if d.chance(40) {
            // Values flicker, but within the tolerance.
            for (value, recipe) in self.signals.setpoints.0.iter_mut().zip(RECIPE) {
                *value += d.between(-0.4, 0.4) * TOLERANCE * recipe;
            }
        }
        if let Some(s) = self.missing {
            self.signals.setpoints.0[s] = f64::NAN;
        }
        self.event(d, Event::Read(self.signals.clone(), self.heartbeat), tally)
    }

    fn operator_edit(&mut self, d: &mut Dice, tally: &mut Tally) -> Result<(), String> {
        let s = d.below(SETPOINTS as u64) as usize;
        self.actual[s] = RECIPE[s] * d.between(0.97, 1.03);
        if d.chance(60) {
            self.read(d, tally)
        } else {
            Ok(())
        }
    }

    fn press_trouble(&mut self, d: &mut Dice, tally: &mut Tally) -> Result<(), String> {
        match d.below(8) {
            0 => self.signals.operating = Operating::SemiAutomatic,
            1 => {
                let modes = [Operating::Manual, Operating::Setup, Operating::Unknown];
                self.signals.operating = d.one_of(&modes);
            }
            2 => self.signals.released = d.one_of(&[Some(false), None]),
            3 => self.signals.frozen = d.one_of(&[Some(true), None]),
            4 => self.heartbeat = d.one_of(&[None, Some(30.0), Some(f64::NAN), Some(-1.0)]),
            5 => self.signals.age_s = d.one_of(&[2.0, 7.0, 100.0, f64::NAN, -1.0]),
            6 => self.missing = Some(d.below(SETPOINTS as u64) as usize),
            _ => self.signals.frozen = Some(true),
        }
        if d.chance(60) {
            self.read(d, tally)
        } else {
            Ok(())
        }
    }

    fn process_trouble(&mut self, d: &mut Dice) {
        if d.chance(50) {
            let states = [
                TrustState::Learning,
                TrustState::Watch,
                TrustState::NotTrusted,
            ];
            self.trust = d.one_of(&states);
        } else {
            self.kind = d.one_of(&[Kind::StartUp, Kind::Purge, Kind::Idle, Kind::Broken]);
        }
    }

    fn event(&mut self, d: &mut Dice, event: Event, tally: &mut Tally) -> Result<(), String> {
        tally.events += 1;
        // A clock that jumps back must not matter.
        let stands = self.told_at == self.now;
        let t = self.now - self.boot - if stands && d.chance(10) { 5.0 } else { 0.0 };
        self.told_at = self.now;
        let g = &mut self.guard;
        let decision = match &event {
            Event::Read(signals, heartbeat) => Some(g.read(t, signals, *heartbeat)),
            Event::LinkLost => Some(g.link_lost(t)),
            Event::Injects(number) => {
                g.injects(t, *number);
                None
            }
            Event::Tick => Some(g.tick(t)),
            Event::Shot(shot) => Some(g.shot_ended(t, shot.clone())),
            Event::Confirm(id) => Some(g.confirm(t, *id)),
            Event::Decline(id) => Some(g.decline(t, *id)),
            Event::Accept => Some(g.accept_edit(t)),
            Event::Arm(mode, role) => Some(g.arm(t, *mode, *role)),
            Event::Observe => Some(g.observe(t)),
            Event::TakeOff => Some(g.take_off(t)),
            Event::Refused(id) => Some(g.write_refused(t, *id, "Bad_UserAccessDenied")),
            Event::NotSent(id) => Some(g.not_sent(t, *id, "too late")),
            Event::Configure(both) => {
                (self.settings, self.limits) = (**both).clone();
                Some(g.configure(t, self.settings.clone(), self.limits).unwrap())
            }
            Event::Restart(remembers) => {
                if !remembers {
                    self.memory = None;
                }
                self.now += d.one_of(&[0.0, 5.0, 300.0]);
                self.told_at = f64::NAN;
                self.boot = self.now - d.one_of(&[0.0, 12.5]);
                let (s, l) = (self.settings.clone(), self.limits);
                let now = self.now - self.boot;
                self.guard = Guard::new(s, l, self.memory.as_ref(), now).unwrap();
                None
            }
        };
        if self.tracing {
            let what = decision.as_ref().map(|d| {
                let failed: Vec<&str> = d.failed().map(|c| c.rule.key()).collect();
                (d.state, d.arrows.clone(), failed)
            });
            self.trace
                .push(format!("{:.2} {event:?} -> {what:?}", self.now));
        }
        let seen = self.checker.see(self.now, &event, decision.as_ref());
        if let Err(broken) = seen {
            let verdict = decision.map(|d| d.verdict);
            return Err(format!("{broken}: {verdict:?}; {}", self.checker.told()));
        }
        if let Ok(room) = self.guard.room() {
            tally.rooms += 1;
            if let Err(broken) = self.checker.may_signal(&room) {
                return Err(format!("{broken}: {room:?}; {}", self.checker.told()));
            }
        }
        let Some(decision) = decision else {
            return Ok(());
        };
        if decision.store {
            // As the box stores it: through text.
            let text = serde_json::to_string(&self.guard.memory()).unwrap();
            self.memory = Some(serde_json::from_str(&text).unwrap());
        }
        for arrow in &decision.arrows {
            *tally.arrows.entry(arrow.key()).or_default() += 1;
        }
        let wished = decision.reasons.iter().any(|c| c.rule == Rule::WishRecent);
        let failed: Vec<Rule> = decision.failed().map(|c| c.rule).collect();
        // Trouble of the press also leads to a hold, at once.
        let alone: Vec<&Rule> = match &failed[..] {
            [one] => vec![one],
            [Rule::Steady, one] if Rule::STANDING.contains(one) => vec![one],
            _ => vec![],
        };
        for rule in alone.iter().filter(|_| wished) {
            *tally.alone.entry(rule.key()).or_default() += 1;
        }
        match decision.verdict {
            Verdict::Nothing => Ok(()),
            Verdict::Advise(advice) => {
                self.last_advice = advice.id();
                tally.advice += 1;
                Ok(())
            }
            Verdict::Write(order) => {
                let restored = decision.arrows.contains(&Arrow::Restored);
                *(if restored {
                    &mut tally.restores
                } else {
                    &mut tally.writes
                }) += 1;
                let at = self.now + d.one_of(&[0.0, 0.0, 1.5, 15.0, 40.0]);
                match d.below(20) {
                    0 => self.refused = Some(order.id),
                    // Lost on the way, or the box died before it went out.
                    1 => {}
                    4 => return self.event(d, Event::NotSent(order.id), tally),
                    2 => return self.event(d, Event::Restart(true), tally),
                    3 => {
                        let mut part = order.change;
                        part.values.truncate(1);
                        self.in_flight = Some((at, part));
                    }
                    _ => self.in_flight = Some((at, order.change)),
                }
                match self.refused.take() {
                    Some(id) => self.event(d, Event::Refused(id), tally),
                    None => Ok(()),
                }
            }
        }
    }
}
