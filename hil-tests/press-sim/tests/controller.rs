//! The rules of the controller, and when setpoints and events take effect.

use firmware_node::channel::ChannelBank;
use hil_press_sim::controller::{Act, Happening, Operating, PressHandle, Refused};
use hil_press_sim::live::Live;
use hil_press_sim::offline::Offline;
use hil_press_sim::sensor::Sensors;
use hil_press_sim::setpoints::Setpoint;
use hil_press_sim::{Plant, PressSimError, Scenario};
use models_physics::{molds, recipes};
use std::time::{Duration, Instant};

fn press() -> PressHandle {
    let mold = molds::builtin("plate-ps").expect("shipped");
    let recipe = recipes::builtin("plate-ps").expect("shipped");
    PressHandle::new(mold, recipe)
}

fn scenario(more: &str) -> Scenario {
    let text = format!(
        "{more}\n[[channel]]\nname = \"p\"\nsignal = \"sensor\"\nsensor = \"p1\"\nunit = \"Megapascal\"\nmin = 0.0\nmax = 200.0\n"
    );
    let head = "title = \"t\"\nmold = \"plate-ps\"\nseed = 3\n";
    Scenario::from_toml(&format!("{head}{text}"), "here.toml").expect("sound")
}

fn close(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-9
}

#[test]
fn a_write_is_taken_whole_or_not_at_all() {
    let press = press();
    let both = [(Setpoint::HoldPressure, 50.0), (Setpoint::HoldTime, 7.0)];
    press.write(&both).expect("inside every limit");
    assert!(close(press.setpoint(Setpoint::HoldPressure), 50.0));
    assert!(close(press.setpoint(Setpoint::HoldTime), 7.0));
    let bad = [(Setpoint::HoldPressure, 55.0), (Setpoint::HoldTime, 1e4)];
    let (setpoint, why) = press.write(&bad).expect_err("out of range");
    assert_eq!(setpoint, Setpoint::HoldTime);
    assert!(matches!(why, Refused::Range(_)));
    assert!(close(press.setpoint(Setpoint::HoldPressure), 50.0));
    let said: Vec<String> = press.happenings().iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "setpoint hold_pressure 50");
    assert!(
        said[2].starts_with("refused hold_time 10000 range"),
        "{said:?}"
    );
}

#[test]
fn every_refusal_has_its_reason() {
    let press = press();
    let write = |value| {
        press
            .write(&[(Setpoint::HoldPressure, value)])
            .map_err(|(_, why)| why)
    };
    assert!(matches!(write(f64::NAN), Err(Refused::Range(_))));
    assert!(matches!(write(151.0), Err(Refused::Range(_))));
    // 12 MPa in the first stage would leave less than nothing in the second.
    assert!(matches!(write(12.0), Err(Refused::Recipe(_))));
    let undo = [
        (
            Act::Release(false),
            Act::Release(true),
            Refused::NotReleased,
        ),
        (Act::Freeze(true), Act::Freeze(false), Refused::Frozen),
        (
            Act::Run(Operating::Manual),
            Act::Run(Operating::Automatic),
            Refused::Mode(Operating::Manual),
        ),
    ];
    for (act, undo, reason) in undo {
        press.act(act).expect("no edit");
        assert_eq!(write(50.0), Err(reason));
        press.act(undo).expect("no edit");
    }
    press
        .act(Act::Run(Operating::SemiAutomatic))
        .expect("no edit");
    assert_eq!(write(50.0), Ok(()));
}

#[test]
fn a_heartbeat_that_stops_brings_the_recipe_back_with_the_operators_edits() {
    let press = press();
    press.restore_after(Duration::from_secs(5));
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    press.write(&[(Setpoint::HoldTime, 7.0)]).expect("inside");
    press
        .act(Act::Edit(Setpoint::HoldPressure, 2.5))
        .expect("the press can run it");
    // Nobody ever beat: the controller does not know of a box.
    press.watch(at(100));
    assert!(close(press.setpoint(Setpoint::HoldTime), 7.0));
    for (second, value) in [(100, 1), (104, 2), (108, 3)] {
        press.beat(value, at(second));
        press.watch(at(second + 4));
    }
    press.beat(3, at(112)); // the same value is no beat
    assert!(close(press.setpoint(Setpoint::HoldTime), 7.0));
    press.watch(at(114));
    assert!(close(press.setpoint(Setpoint::HoldTime), 6.0));
    assert!(close(press.setpoint(Setpoint::HoldPressure), 47.5));
    assert_eq!(press.happenings().last(), Some(&Happening::Baseline));
    press.watch(at(200));
    assert!(press.happenings().is_empty(), "once is enough");
}

#[test]
fn events_of_a_scenario_happen_before_their_shot() {
    let scenario = scenario(
        "[controller]\nlimits = { hold_pressure = [30.0, 60.0] }\n\
         [[event]]\nshot = 2\nkind = \"operator_edit\"\nsetpoint = \"hold_pressure\"\nby = 5.0\n\
         [[event]]\nshot = 2\nkind = \"revoke\"\n\
         [[event]]\nshot = 3\nkind = \"hang\"",
    );
    let mut press = Offline::new(&scenario, 1, 200.0).expect("a press");
    let handle = press.handle();
    assert_eq!(handle.range(Setpoint::HoldPressure).high, 60.0);
    let hold = |press: &mut Offline| {
        let cycle = press.cycle().expect("a cycle");
        cycle.cycle_data.expect("a shot").maximum_hold_pressure_mpa
    };
    let first = hold(&mut press);
    assert!(!handle.view().released);
    assert_eq!(handle.view().cycles, 1);
    let second = hold(&mut press);
    assert!((second - first - 5.0).abs() < 0.5, "{first} {second}");
    assert!(matches!(press.cycle(), Err(PressSimError::Stands)));
    handle.wake();
    assert!(press.cycle().is_ok());
}

#[test]
fn what_is_planned_for_a_shot_that_is_already_next_happens_at_once() {
    let press = press();
    press.reach(4).expect("nothing was planned");
    press.plan(4, Act::Release(false)).expect("no edit");
    press.plan(5, Act::Freeze(true)).expect("no edit");
    assert_eq!((press.view().released, press.view().frozen), (false, false));
    press.reach(5).expect("no edit");
    assert!(press.view().frozen);
}

/// Plays a press without waiting for real time; `act` is called once, at `t` seconds after the start.
fn play(more: &str, at: f64, act: impl FnOnce(&PressHandle), shots: u64) -> (Vec<f64>, Live) {
    let scenario = scenario(more);
    let rate_hz = 200;
    let step_s = 1.0 / f64::from(rate_hz);
    let sensors = Sensors::new(&scenario.channels, Some(&scenario), 1, step_s);
    let plant = Plant::new(scenario, 1).expect("a press");
    let mut live = Live::start(plant, sensors, rate_hz, None).expect("a first shot");
    let handle = live.handle().expect("a press");
    let (mut act, mut holds, mut step) = (Some(act), Vec::new(), 0_u32);
    let until = Instant::now() + Duration::from_secs(120);
    while (holds.len() as u64) < shots && Instant::now() < until {
        let now_s = f64::from(step) * step_s;
        if now_s >= at
            && let Some(act) = act.take()
        {
            act(&handle);
        }
        live.advance(now_s);
        live.read(&mut []);
        if let Some(error) = live.take_failure() {
            panic!("{error}");
        }
        let view = handle.view();
        if let Some(cycle) = view.cycle
            && view.cycles > holds.len() as u64
        {
            holds.push(cycle.maximum_hold_pressure_mpa);
        }
        if handle.hung() && f64::from(step) * step_s > 120.0 {
            break;
        }
        step += 1;
    }
    (holds, live)
}

fn raise(press: &PressHandle) {
    press
        .write(&[(Setpoint::HoldPressure, 55.0)])
        .expect("inside");
}

#[test]
fn a_setpoint_waits_for_the_next_injection() {
    let (plain, _) = play("", 1e9, raise, 1);
    // While the mold closes: this shot has it.
    let (closing, _) = play("", 1.0, raise, 1);
    assert!(
        (closing[0] - plain[0] - 10.0).abs() < 1.0,
        "{plain:?} {closing:?}"
    );
    // In the middle of hold: the running shot is what it was, the next has it.
    let (running, _) = play("", 4.0, raise, 2);
    assert_eq!(running[0], plain[0]);
    assert!(
        (running[1] - plain[0] - 10.0).abs() < 1.0,
        "{plain:?} {running:?}"
    );
    // After the next shot was solved ahead, while the mold opens.
    let (late, _) = play("", 25.0, raise, 2);
    assert_eq!(late[0], plain[0]);
    assert!(
        (late[1] - plain[0] - 10.0).abs() < 1.0,
        "{plain:?} {late:?}"
    );
}

#[test]
fn a_press_that_hangs_counts_no_cycle_and_still_answers() {
    let (holds, live) = play("[[event]]\nshot = 2\nkind = \"hang\"", 1e9, raise, 3);
    assert_eq!((holds.len(), live.finished), (1, 0));
    let handle = live.handle().expect("a press");
    assert!(handle.write(&[(Setpoint::HoldTime, 7.0)]).is_ok());
}
