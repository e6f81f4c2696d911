//! The desk through a scripted sequence of readings, shots and people; no network.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use appliance_pipeline::guard::{self, Guard, Mode, Order, Shot, Wish};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{Change, Operating, PressSignals, Setpoint, Setpoints};
use appliance_pipeline::trust::TrustState;
use appliance_press::{PressError, Profile};
use appliance_recorder::{Handle, Recorder, Settings};
use appliance_web::view::{self, DecisionState};
use tokio::sync::mpsc::UnboundedReceiver;

use super::desk::Still;
use super::link::Fixed;
use super::{Desk, Injecting, Key, Plan, PressConfig, record};
use crate::error::DaemonError;

const CONFIG: &str = r#"
profile = "press-sim-opcua"
mode = "correct"
good_shots = 1

[limit.hold_pressure]
low_mpa = 30.0
high_mpa = 60.0
step_mpa = 2.0
per_hour_mpa = 20.0
"#;

/// A box, and the press as it would answer.
struct Script {
    desk: Desk,
    orders: UnboundedReceiver<Order>,
    recorder: Recorder,
    _handle: Handle,
    signals: PressSignals,
    key: Arc<Key>,
    injecting: Arc<Injecting>,
}

impl Script {
    fn start(folder: &Path) -> Self {
        let config: PressConfig = toml::from_str(CONFIG).unwrap();
        let profile = Profile::find(&config.profile).unwrap();
        let fixed = Fixed::new(&profile, folder.into());
        let limits = config.limits().unwrap();
        let settings = config.guard(&fixed.abilities, profile.stale_after_s);
        let records = Settings::in_folder(folder.join("records"));
        let (recorder, handle) = Recorder::open(records, Instant::now()).unwrap();
        let (send, orders) = tokio::sync::mpsc::unbounded_channel();
        let guard = |memory: Option<&_>| {
            Guard::new(settings, limits, memory, 0.0).map_err(DaemonError::from)
        };
        let memory = folder.join("guard.json");
        let (key, injecting) = (Arc::new(Key::default()), Arc::new(Injecting::default()));
        let desk = Desk::new(
            fixed,
            (key.clone(), injecting.clone()),
            guard,
            limits,
            memory,
            recorder.book(),
            send,
        )
        .unwrap();
        let signals = PressSignals {
            operating: Operating::Automatic,
            released: Some(true),
            frozen: Some(false),
            setpoints: Setpoints([45e6, 3.0, 1e-5, 2.5e-5, 503.15, 323.15, 15.0]),
            age_s: 0.0,
            ..PressSignals::default()
        };
        Self {
            desk,
            orders,
            recorder,
            _handle: handle,
            signals,
            key,
            injecting,
        }
    }

    fn armed(folder: &Path, mode: Mode) -> Self {
        let script = Self::start(folder);
        script.read();
        assert!(script.desk.arm(mode).is_ok());
        script
    }

    fn read(&self) {
        self.desk.beat();
        self.desk.reading(self.signals.clone(), false);
    }

    /// A good shot that weighs this, after which a higher hold pressure is wished where `wish` is.
    fn shot(&self, number: u64, wish: Option<f64>, kg: f64) {
        let now = self.signals.setpoints;
        let plan = wish.map(|pa| plan(&now, pa));
        let shot = Shot {
            number,
            kind: Kind::Production,
            trust: TrustState::Trusted,
            wish: plan.as_ref().map(|p| p.wish.clone()),
        };
        let found = [("part_weight".to_owned(), kg, 1e-6)];
        self.desk.shot_ended(shot, plan, &now, &found);
    }

    /// The press takes an order, and shows it.
    fn takes(&mut self, order: &Order) {
        self.signals.setpoints = order.change.applied_to(&self.signals.setpoints);
        self.read();
    }

    fn rows(&self) -> Vec<view::Decision> {
        let rows = self.recorder.book().corrections(None, 100).unwrap();
        let shown = |r| record::shown(r, self.desk.waiting()).unwrap();
        rows.iter().map(shown).collect()
    }
}

fn plan(now: &Setpoints, pa: f64) -> Plan {
    let change = Change {
        values: vec![(Setpoint::HoldPressure, pa)],
    };
    let effect = guard::Effect {
        target: "part_weight".into(),
        unit: "kg".into(),
        before: 0.010,
        change: 1e-4,
        sd: 1e-5,
    };
    let shown = view::Effect {
        name: "part_weight".into(),
        unit: "kg".into(),
        before: 0.010,
        before_sd: None,
        after: 0.0101,
        after_sd: None,
        change: 1e-4,
        change_sd: Some(1e-5),
        target: None,
        tolerance: None,
        seen: None,
        seen_sd: None,
        seen_shot: None,
    };
    Plan {
        wanted: change.applied_to(now),
        wish: Wish {
            change,
            effects: vec![effect],
            in_range: true,
        },
        effects: vec![shown],
        reason: "advice.part_weight_low".into(),
    }
}

#[test]
fn confirmed_advice_is_ordered_once_read_back_and_judged_by_the_shot_that_ran_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Advise);
    script.shot(1, Some(46e6), 0.010);
    let row = script.desk.waiting().unwrap();
    assert_eq!(script.rows()[0].state, DecisionState::Waiting);
    assert!(script.rows()[0].expires_ms.is_some());
    assert!(script.orders.try_recv().is_err());
    assert!(script.desk.confirm("kim", row).is_ok());
    let order = script.orders.try_recv().unwrap();
    assert_eq!(script.desk.stands(&order), Still::Stands);
    assert_eq!(script.rows()[0].state, DecisionState::Written);
    // A second key press finds nothing that waits.
    assert_eq!(script.desk.confirm("kim", row), Err(Vec::new()));
    assert!(!script.desk.decline("kim", row, ""));
    // The next shot still ran with the old value: it says nothing about the new one.
    script.shot(2, None, 0.0100);
    script.takes(&order);
    assert_eq!(script.rows()[0].state, DecisionState::InForce);
    assert_eq!(script.rows()[0].effect[0].seen, None);
    script.shot(3, None, 0.01009);
    let effect = &script.rows()[0].effect[0];
    assert_eq!((effect.seen, effect.seen_shot), (Some(0.01009), Some(3)));
    assert!(script.orders.try_recv().is_err());
}

#[test]
fn advice_that_is_declined_or_overtaken_by_the_next_shot_is_never_ordered() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Advise);
    script.shot(1, Some(46e6), 0.010);
    let first = script.desk.waiting().unwrap();
    assert!(script.desk.decline("kim", first, "the dryer first"));
    script.shot(2, Some(46e6), 0.010);
    let second = script.desk.waiting().unwrap();
    script.shot(3, None, 0.010);
    assert_eq!(script.desk.confirm("kim", second), Err(Vec::new()));
    let states: Vec<_> = script.rows().iter().map(|r| r.state).collect();
    assert_eq!(states, [DecisionState::Expired, DecisionState::Declined]);
    assert!(script.orders.try_recv().is_err());
}

#[test]
fn a_write_left_open_by_a_pulled_plug_is_read_back_after_the_restart_and_nothing_else_is_ordered() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Correct);
    script.shot(1, Some(46e6), 0.010);
    let order = script.orders.try_recv().unwrap();
    let left = order.change.applied_to(&script.signals.setpoints);
    drop(script);
    let mut script = Script::start(folder.path());
    script.signals.setpoints = left;
    script.read();
    assert_eq!(script.rows()[0].state, DecisionState::InForce);
    assert_eq!(script.desk.now().guard.state, "holding");
    assert!(script.orders.try_recv().is_err());
}

#[test]
fn an_order_that_was_overtaken_by_the_one_key_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Correct);
    script.shot(1, Some(46e6), 0.010);
    let order = script.orders.try_recv().unwrap();
    script.desk.take_off();
    assert_eq!(script.desk.stands(&order), Still::Withdrawn);
    script.desk.withdrawn(&order);
    assert_eq!(script.rows()[0].state, DecisionState::Refused);
    script.read();
    script.shot(2, Some(46e6), 0.010);
    assert!(script.orders.try_recv().is_err());
}

#[test]
fn an_order_that_was_overtaken_by_the_next_injection_is_not_sent_and_the_box_stays_on_the_press() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Correct);
    script.injecting.began(1);
    script.shot(1, Some(46e6), 0.010);
    let order = script.orders.try_recv().unwrap();
    assert_eq!(script.desk.stands(&order), Still::Stands);
    script.injecting.began(2);
    assert_eq!(script.desk.stands(&order), Still::TooLate);
    script.desk.too_late(&order);
    assert_eq!(script.rows()[0].state, DecisionState::Refused);
    assert_eq!(script.desk.now().guard.state, "ready");
    // A shot whose end is told while the next one injects is not corrected.
    script.injecting.began(4);
    script.shot(3, Some(47e6), 0.010);
    assert!(script.orders.try_recv().is_err());
}

#[test]
fn the_key_at_the_press_takes_the_box_off_and_keeps_it_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Correct);
    script.desk.look_at_key();
    script.shot(1, Some(46e6), 0.010);
    let order = script.orders.try_recv().unwrap();
    script.key.turn(false);
    // An order on its way goes nowhere.
    assert_eq!(script.desk.stands(&order), Still::Withdrawn);
    script.desk.look_at_key();
    assert_eq!(script.desk.now().guard.reason, "guard.by.taken_off");
    let refused = script.desk.arm(Mode::Correct).unwrap_err();
    assert_eq!(refused[0].rule, "key_on");
    // The task drops the order; only then can anybody arm.
    script.desk.withdrawn(&order);
    script.read();
    script.key.turn(true);
    assert_eq!(script.desk.now().guard.state, "released");
    assert!(script.desk.arm(Mode::Correct).is_ok());
    let audit = script.recorder.book().audit_page(None, 10).unwrap();
    assert_eq!(audit.iter().filter(|a| a.action == "off").count(), 1);
}

#[test]
fn the_page_names_what_stands_in_the_way_and_not_only_the_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::armed(folder.path(), Mode::Correct);
    let reason = |s: &Script| s.desk.now().guard.reason;
    assert_eq!(reason(&script), "guard.not.estimate_trusted");
    script.shot(1, None, 0.010);
    assert_eq!(reason(&script), "guard.by.steadied");
    script.signals.released = Some(false);
    script.read();
    assert_eq!(reason(&script), "guard.not.setpoints_released");
    script.signals.released = Some(true);
    script.signals.operating = Operating::Manual;
    script.read();
    assert_eq!(reason(&script), "guard.not.press_in_automatic");
    script.signals.operating = Operating::Automatic;
    script.read();
    assert_eq!(reason(&script), "guard.not.steady");
    script.desk.reading(script.signals.clone(), true);
    assert_eq!(reason(&script), "guard.not.signals_fresh");
    assert!(script.orders.try_recv().is_err());
}

#[test]
fn a_press_that_was_there_stays_lost_until_it_answers_again() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::armed(folder.path(), Mode::Correct);
    for _ in 0..2 {
        script.desk.lost(&PressError::NotRead);
        assert_eq!(script.desk.now().press.state, "lost");
    }
    script.read();
    assert_eq!(script.desk.now().press.state, "connected");
}
