//! The loop over the press in memory: guard, advice, writes. Small, but with every state a page can meet.

use appliance_web::station::{Answer, StationError};
use appliance_web::view::{
    Advice, CorrectionCounts, CorrectionNow, Decision, DecisionKind, DecisionState, GuardLine,
    Mode, PersonsAnswer, PressLink, PressRefusal, PressSetup, PressWrite, QualityLine, RuleLine,
    SetpointChange, SetpointLine,
};

use super::curves::{CYCLE_S, conditions, scatter};
use super::setpoints::{DIALS, Values, moved, recipe};
use super::what_if::effects;

/// Time to answer an advice.
const ANSWER_MS: i64 = 3 * (CYCLE_S * 1e3) as i64;
/// Thumbprint the press in memory shows.
pub const THUMBPRINT: &str = "3f5a09c1d27e44b8a6f01c92e85b7d316a4c08fe";

/// How the press behaves.
#[derive(Clone)]
pub struct Press {
    pub present: bool,
    pub connected: bool,
    pub operating_mode: &'static str,
    pub released: bool,
    pub frozen: bool,
    /// Somebody changed a setpoint at the press.
    pub edited: bool,
    /// Refuses the next write with these words.
    pub refuses: Option<&'static str>,
}

pub struct Closing {
    pub press: Press,
    values: Values,
    decisions: Vec<Decision>,
    /// Off the press since, and the mode of before.
    let_go: Option<(i64, Mode)>,
    counts: CorrectionCounts,
    refusal: Option<PressRefusal>,
    pinned: Option<(String, String, i64)>,
    last_advice_ms: i64,
    started_ms: i64,
}

fn rule(name: &str, passed: bool, numbers: Option<(f64, f64, &str)>) -> RuleLine {
    RuleLine {
        rule: name.into(),
        passed,
        subject: None,
        value: numbers.map(|(value, ..)| value),
        limit: numbers.map(|(_, limit, _)| limit),
        unit: numbers.map_or("", |(.., unit)| unit).into(),
    }
}

fn gone(reason: &str) -> StationError {
    StationError::Conflict {
        key: "advice_gone",
        reason: reason.into(),
    }
}

pub fn no_press() -> StationError {
    StationError::Conflict {
        key: "no_press_port",
        reason: "no press port is configured".into(),
    }
}

impl Closing {
    pub fn new(now_ms: i64, last_shot: u64) -> Self {
        let mut closing = Self {
            press: Press {
                present: true,
                connected: true,
                operating_mode: "automatic",
                released: true,
                frozen: false,
                edited: false,
                refuses: None,
            },
            values: recipe(),
            decisions: vec![],
            let_go: None,
            counts: CorrectionCounts {
                writes: 0,
                refusals: vec![("hourly_movement".into(), 2), ("press".into(), 1)],
            },
            refusal: None,
            pinned: None,
            last_advice_ms: 0,
            started_ms: now_ms,
        };
        closing.remember(now_ms, last_shot);
        closing
    }

    /// Decisions of the shots before the program began: each way one can end.
    fn remember(&mut self, now_ms: i64, last_shot: u64) {
        use DecisionState::{Declined, Differs, Expired, InForce, Refused, Withheld};
        let ends = [
            InForce, InForce, Declined, InForce, Withheld, InForce, Expired, Refused, InForce,
            Differs, InForce, InForce,
        ];
        let first = last_shot - 4 * ends.len() as u64 * 3;
        for at in 0..3 * ends.len() {
            let shot = first + 4 * at as u64;
            let wall_ms = now_ms - ((last_shot - shot + 1) as f64 * CYCLE_S * 1e3) as i64;
            let mode = if at % 5 == 3 {
                Mode::Correct
            } else {
                Mode::Advise
            };
            let mut made = self.decide(wall_ms, shot, mode);
            made.expires_ms = None;
            if at % ends.len() == 10 {
                made.kind = DecisionKind::Restore;
                made.reason = "advice.restore".into();
                made.effect.clear();
            }
            self.end(&mut made, ends[at % ends.len()], wall_ms + 4_000);
            self.decisions.push(made);
        }
        self.values = recipe();
    }

    /// Ends a decision in a state, with what belongs to it.
    fn end(&mut self, decision: &mut Decision, state: DecisionState, wall_ms: i64) {
        decision.state = state;
        let asked = decision.mode == Mode::Advise;
        let answer = |confirmed, reason: Option<&str>| PersonsAnswer {
            user: "kim".into(),
            wall_ms,
            confirmed,
            reason: reason.map(Into::into),
        };
        match state {
            DecisionState::Declined => {
                decision.answer = Some(answer(false, Some("건조기 점검 후 / dryer first")));
            }
            DecisionState::Expired | DecisionState::Waiting => {}
            DecisionState::Withheld => {
                decision.rules.retain(|rule| rule.rule != "hourly_movement");
                decision.rules.insert(
                    0,
                    RuleLine {
                        subject: Some("hold_pressure".into()),
                        ..rule("hourly_movement", false, Some((6.5e6, 6e6, "Pa")))
                    },
                );
            }
            _ => {
                decision.answer = asked.then(|| answer(true, None));
                decision.written_ms = Some(wall_ms + 120);
            }
        }
        match state {
            DecisionState::Refused => {
                decision.written_ms = None;
                decision.refusal = Some("BadUserAccessDenied: setpoints are locked".into());
                self.refusal = Some(PressRefusal {
                    wall_ms,
                    setpoint: Some(decision.changes[0].setpoint.clone()),
                    reason: "BadUserAccessDenied: setpoints are locked".into(),
                });
            }
            DecisionState::InForce | DecisionState::Differs => {
                decision.read_back_ms = Some(wall_ms + 480);
                let off = if state == DecisionState::Differs {
                    -0.8e6
                } else {
                    0.0
                };
                for change in &mut decision.changes {
                    change.read_back = Some(change.value + off);
                }
            }
            _ => {}
        }
        if state == DecisionState::InForce {
            for (at, effect) in decision.effect.iter_mut().enumerate() {
                let off = scatter(decision.id, 70 + at as u64);
                effect.seen = Some(effect.after + off * effect.after_sd.unwrap_or(0.0));
                effect.seen_sd = effect.before_sd;
                effect.seen_shot = Some(decision.shot + 1);
            }
        }
    }

    /// Rules as they stand, those that fail first.
    fn rules(&self, mode: Mode) -> Vec<RuleLine> {
        let press = &self.press;
        let age = if press.connected { 0.4 } else { 31.0 };
        let about = |setpoint: &str, rule: RuleLine| RuleLine {
            subject: Some(setpoint.into()),
            ..rule
        };
        let mut rules = vec![
            rule(
                "armed",
                mode != Mode::Observe && self.let_go.is_none(),
                None,
            ),
            rule("read_first", true, None),
            rule("steady", press.connected, None),
            rule("no_operator_edit", !press.edited, None),
            rule("read_back", true, None),
            rule("link_up", press.connected, None),
            rule("signals_fresh", press.connected, Some((age, 5.0, "s"))),
            rule("heartbeat", true, Some((0.3, 3.0, "s"))),
            rule(
                "press_in_automatic",
                press.operating_mode == "automatic",
                None,
            ),
            rule("setpoints_released", press.released, None),
            rule("not_frozen", !press.frozen, None),
            rule("setpoints_known", true, None),
            rule("estimate_trusted", true, None),
            rule("production_shot", true, None),
            rule("one_write_per_shot", true, None),
            rule("wish_recent", true, Some((2.0, 60.0, "s"))),
            rule("well_formed", true, None),
            rule("may_move", true, None),
            about(
                "hold_pressure",
                rule("absolute_limits", true, Some((43.5e6, 52e6, "Pa"))),
            ),
            about(
                "hold_pressure",
                rule("step_limit", true, Some((1.5e6, 1.5e6, "Pa"))),
            ),
            about(
                "hold_pressure",
                rule("hourly_movement", true, Some((3e6, 6e6, "Pa"))),
            ),
            about(
                "hold_pressure",
                rule("noticeable", true, Some((1.5e6, 0.1e6, "Pa"))),
            ),
            rule("prediction_in_range", true, None),
            rule("prediction_has_band", true, None),
            rule("larger_than_doubt", true, Some((4.2, 1.0, "1"))),
        ];
        rules.sort_by_key(|rule| rule.passed);
        rules
    }

    /// Where the guard stands.
    pub fn guard(&self, mode: Mode) -> GuardLine {
        let line = |state: &str, reason: &str| GuardLine {
            state: state.into(),
            reason: reason.into(),
            subject: None,
            since_ms: self.let_go.map_or(self.started_ms, |(since, _)| since),
        };
        if !self.press.present {
            return line("none", "guard.no_press");
        }
        if self.let_go.is_some() {
            return line("released", "guard.by.taken_off");
        }
        if mode == Mode::Observe {
            return line("observing", "guard.by.observed");
        }
        if self.press.edited {
            return GuardLine {
                subject: Some("hold_time".into()),
                ..line("edited", "guard.by.operator_edit")
            };
        }
        let failed = self.rules(mode).into_iter().find(|rule| !rule.passed);
        match failed {
            Some(rule) => {
                let holds = ["steady", "link_up", "signals_fresh", "press_in_automatic"];
                let state = if holds.contains(&rule.rule.as_str()) {
                    "holding"
                } else {
                    "ready"
                };
                let rule = if rule.rule == "steady" {
                    "link_up"
                } else {
                    rule.rule.as_str()
                };
                line(state, &format!("guard.not.{rule}"))
            }
            None if self.waiting().is_some() => line("waiting", "guard.by.advised"),
            None => line("ready", "guard.by.armed"),
        }
    }

    /// A decision as the corrector would make it after `shot`.
    fn decide(&self, wall_ms: i64, shot: u64, mode: Mode) -> Decision {
        let base = conditions(shot);
        let light = base.weight_kg() < 0.011_62;
        let [low, high, step, _] = DIALS[0].may.expect("hold pressure may be moved");
        let wanted = self.values[0] + (0.011_62 - base.weight_kg()) / 5.5e-12;
        let stepped = wanted.clamp(self.values[0] - step, self.values[0] + step);
        let value = stepped.clamp(low, high);
        let mut then = self.values;
        then[0] = value;
        let mut changes = vec![SetpointChange {
            setpoint: DIALS[0].name.into(),
            unit: DIALS[0].unit.into(),
            before: self.values[0],
            wanted,
            value,
            clipped_by: (value != wanted).then(|| "step_limit".into()),
            read_back: None,
        }];
        if shot.is_multiple_of(3) {
            then[1] += if light { 0.2 } else { -0.2 };
            changes.push(SetpointChange {
                setpoint: DIALS[1].name.into(),
                unit: DIALS[1].unit.into(),
                before: self.values[1],
                wanted: then[1],
                value: then[1],
                clipped_by: None,
                read_back: None,
            });
        }
        Decision {
            id: self.decisions.len() as u64 + 1,
            shot,
            wall_ms,
            kind: DecisionKind::Correction,
            mode,
            state: DecisionState::Waiting,
            reason: if light {
                "advice.weight_low"
            } else {
                "advice.weight_high"
            }
            .into(),
            rules: self.rules(mode),
            changes,
            effect: effects(&base, &moved(&base, &self.values, &then)),
            expires_ms: Some(wall_ms + ANSWER_MS),
            answer: None,
            written_ms: None,
            read_back_ms: None,
            refusal: None,
        }
    }

    /// What happens between two looks: old advice goes, new advice comes.
    pub fn pass(&mut self, now_ms: i64, last_shot: u64, mode: Mode) {
        if let Some(waiting) = self.waiting_mut()
            && waiting.expires_ms.is_some_and(|end| end <= now_ms)
        {
            waiting.state = DecisionState::Expired;
        }
        let guard = self.guard(mode);
        let free = guard.state == "ready" && guard.reason == "guard.by.armed";
        if free && now_ms - self.last_advice_ms > 4_000 {
            self.advise(now_ms, last_shot, mode);
        }
    }

    /// Makes a decision now; in `correct` it is written at once.
    pub fn advise(&mut self, now_ms: i64, last_shot: u64, mode: Mode) -> u64 {
        self.last_advice_ms = now_ms;
        let made = self.decide(now_ms, last_shot, mode);
        let id = made.id;
        self.decisions.push(made);
        if mode == Mode::Correct {
            self.write(id, now_ms);
        }
        id
    }

    /// Sends a decision to the press.
    fn write(&mut self, id: u64, now_ms: i64) {
        let at = (id - 1) as usize;
        let rules = self.rules(self.decisions[at].mode);
        let forbidden = rules.iter().find(|rule| !rule.passed).cloned();
        let refuses = self.press.refuses.take();
        let decision = &mut self.decisions[at];
        decision.expires_ms = None;
        decision.rules = rules;
        let why = if let Some(rule) = forbidden {
            decision.state = DecisionState::Withheld;
            Some(rule.rule)
        } else if let Some(words) = refuses {
            decision.state = DecisionState::Refused;
            decision.refusal = Some(words.into());
            self.refusal = Some(PressRefusal {
                wall_ms: now_ms,
                setpoint: Some(decision.changes[0].setpoint.clone()),
                reason: words.into(),
            });
            Some("press".into())
        } else {
            decision.state = DecisionState::InForce;
            decision.written_ms = Some(now_ms);
            decision.read_back_ms = Some(now_ms);
            for change in &mut decision.changes {
                change.read_back = Some(change.value);
                if let Some(at) = super::setpoints::place(&change.setpoint) {
                    self.values[at] = change.value;
                }
            }
            self.counts.writes += 1;
            None
        };
        if let Some(why) = why {
            match self
                .counts
                .refusals
                .iter_mut()
                .find(|(rule, _)| *rule == why)
            {
                Some((_, count)) => *count += 1,
                None => self.counts.refusals.push((why, 1)),
            }
        }
    }

    fn waiting_mut(&mut self) -> Option<&mut Decision> {
        self.decisions
            .last_mut()
            .filter(|decision| decision.state == DecisionState::Waiting)
    }

    pub fn waiting(&self) -> Option<&Decision> {
        self.decisions
            .last()
            .filter(|decision| decision.state == DecisionState::Waiting)
    }

    fn answered(&mut self, id: u64, now_ms: i64, answer: PersonsAnswer) -> Answer<()> {
        let decision = self
            .decisions
            .iter_mut()
            .find(|decision| decision.id == id)
            .ok_or(StationError::NotFound("correction"))?;
        if decision.state != DecisionState::Waiting {
            return Err(gone("this advice no longer waits"));
        }
        if decision.expires_ms.is_some_and(|end| end <= now_ms) {
            decision.state = DecisionState::Expired;
            return Err(gone("this advice has expired"));
        }
        decision.answer = Some(answer);
        Ok(())
    }

    pub fn confirm(&mut self, user: &str, id: u64, now_ms: i64) -> Answer<Decision> {
        if !self.press.present {
            return Err(no_press());
        }
        let answer = PersonsAnswer {
            user: user.into(),
            wall_ms: now_ms,
            confirmed: true,
            reason: None,
        };
        self.answered(id, now_ms, answer)?;
        self.write(id, now_ms);
        self.decision(id)
    }

    pub fn decline(&mut self, user: &str, id: u64, reason: &str, now_ms: i64) -> Answer<Decision> {
        let answer = PersonsAnswer {
            user: user.into(),
            wall_ms: now_ms,
            confirmed: false,
            reason: (!reason.is_empty()).then(|| reason.into()),
        };
        self.answered(id, now_ms, answer)?;
        self.decisions[(id - 1) as usize].state = DecisionState::Declined;
        self.decision(id)
    }

    /// Takes everything off; `mode` is that of before.
    pub fn off(&mut self, now_ms: i64, mode: Mode) {
        if let Some(waiting) = self.waiting_mut() {
            waiting.state = DecisionState::Expired;
        }
        if self.press.present && mode != Mode::Observe {
            self.let_go = Some((now_ms, mode));
        }
    }

    /// Puts the box back; gives the mode of before.
    pub fn arm(&mut self) -> Answer<Mode> {
        if !self.press.present {
            return Err(no_press());
        }
        let (_, mode) = self.let_go.take().ok_or(StationError::Conflict {
            key: "armed_already",
            reason: "the box is not off the press".into(),
        })?;
        Ok(mode)
    }

    /// A mode was chosen: that arms as well.
    pub fn choose(&mut self) {
        self.let_go = None;
    }

    pub fn accept_edit(&mut self) -> Answer<()> {
        if !std::mem::take(&mut self.press.edited) {
            return Err(StationError::Conflict {
                key: "no_edit",
                reason: "nobody changed a setpoint at the press".into(),
            });
        }
        Ok(())
    }

    /// The waiting advice is as old as if nobody had looked for an hour.
    pub fn age_advice(&mut self) {
        if let Some(waiting) = self.waiting_mut() {
            waiting.expires_ms = Some(0);
        }
    }

    pub fn decision(&self, id: u64) -> Answer<Decision> {
        self.decisions
            .iter()
            .find(|decision| decision.id == id)
            .cloned()
            .ok_or(StationError::NotFound("correction"))
    }

    pub fn decisions(&self) -> &[Decision] {
        if self.press.present {
            &self.decisions
        } else {
            &[]
        }
    }

    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Advice as the live stream tells it.
    pub fn live(&self) -> Vec<Advice> {
        let Some(waiting) = self.waiting() else {
            return vec![];
        };
        let effect: Vec<QualityLine> = waiting
            .effect
            .iter()
            .take(1)
            .filter_map(|effect| {
                Some(QualityLine {
                    name: effect.name.clone(),
                    value: effect.change,
                    sd: effect.change_sd?,
                    unit: effect.unit.clone(),
                    limits: [None, None],
                })
            })
            .collect();
        let line = |change: &SetpointChange| Advice {
            decision: waiting.id,
            setpoint: change.setpoint.clone(),
            change: change.value - change.before,
            unit: change.unit.clone(),
            effect: effect.clone(),
            reason: waiting.reason.clone(),
        };
        waiting.changes.iter().map(line).collect()
    }

    pub fn now(&self, mode: Mode) -> CorrectionNow {
        let press = &self.press;
        let setpoints = DIALS.iter().enumerate().map(|(at, dial)| {
            let moved = self.values[at] != dial.recipe;
            let by_hand = at == 4;
            SetpointLine {
                setpoint: dial.name.into(),
                unit: dial.unit.into(),
                value: press.connected.then_some(self.values[at]),
                recipe: Some(dial.recipe),
                changed_by: if moved {
                    Some("moldsight".into())
                } else {
                    by_hand.then(|| "press".into())
                },
                changed_ms: (moved || by_hand).then_some(self.started_ms - 1_800_000),
                movable: dial.may.is_some(),
                low: dial.may.map(|may| may[0]),
                high: dial.may.map(|may| may[1]),
                step: dial.may.map(|may| may[2]),
                per_hour: dial.may.map(|may| may[3]),
                used_hour: (self.values[at] - dial.recipe).abs(),
            }
        });
        CorrectionNow {
            mode,
            arms_to: self.let_go.map(|(_, mode)| mode),
            guard: self.guard(mode),
            rules: if press.present {
                self.rules(mode)
            } else {
                vec![]
            },
            advice: self.waiting().cloned(),
            setpoints: if press.present {
                setpoints.collect()
            } else {
                vec![]
            },
            press: self.link(),
            counts: self.counts.clone(),
        }
    }

    fn link(&self) -> PressLink {
        let press = &self.press;
        let there = press.present && press.connected;
        PressLink {
            protocol: if press.present { "opcua" } else { "none" }.into(),
            state: match (press.present, press.connected) {
                (false, _) => "none",
                (true, false) => "lost",
                (true, true) => "connected",
            }
            .into(),
            address: press
                .present
                .then(|| "opc.tcp://192.168.10.7:4840".to_owned()),
            connected_ms: there.then_some(self.started_ms - 7_260_000),
            age_s: press
                .present
                .then_some(if press.connected { 0.4 } else { 31.0 }),
            cycle: there.then_some(48_210),
            operating_mode: if there {
                press.operating_mode
            } else {
                "unknown"
            }
            .into(),
            released: there.then_some(press.released),
            frozen: there.then_some(press.frozen),
            heartbeat_age_s: there.then_some(0.3),
            refusal: self.refusal.clone().filter(|_| press.present),
        }
    }

    pub fn setup(&self) -> PressSetup {
        let there = self.press.present;
        let writes = DIALS.iter().filter(|dial| dial.may.is_some());
        PressSetup {
            profile: there.then(|| "simulator-e77".into()),
            protocol: if there { "opcua" } else { "none" }.into(),
            address: there.then(|| "opc.tcp://192.168.10.7:4840".into()),
            security: there.then(|| "SignAndEncrypt, Basic256Sha256".into()),
            writes: writes
                .filter(|_| there)
                .map(|dial| PressWrite {
                    setpoint: dial.name.into(),
                    unit: dial.unit.into(),
                    low: Some(dial.takes[0]),
                    high: Some(dial.takes[1]),
                })
                .collect(),
            restores: there,
            heartbeat: there,
            thumbprint_seen: there.then(|| THUMBPRINT.into()),
            thumbprint_pinned: self.pinned.as_ref().map(|(print, ..)| print.clone()),
            pinned_by: self.pinned.as_ref().map(|(_, user, _)| user.clone()),
            pinned_ms: self.pinned.as_ref().map(|(.., ms)| *ms),
        }
    }

    pub fn pin(&mut self, user: &str, thumbprint: &str, now_ms: i64) -> Answer<PressSetup> {
        if !self.press.present {
            return Err(no_press());
        }
        if thumbprint != THUMBPRINT {
            return Err(StationError::Conflict {
                key: "other_certificate",
                reason: format!("the press showed the certificate {THUMBPRINT}"),
            });
        }
        self.pinned = Some((thumbprint.into(), user.into(), now_ms));
        Ok(self.setup())
    }
}
