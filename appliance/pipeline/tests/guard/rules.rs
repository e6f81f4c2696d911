//! Each rule alone stands between a wish and the press.

use appliance_pipeline::guard::{GuardSettings, Mode, NoRoom, Role, Rule, State, Verdict, Wish};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{Limit, Operating, Setpoint};
use appliance_pipeline::trust::TrustState;

use proptest::prelude::*;

use crate::stage::{RECIPE, Stage, failed, limits, settings, wish, written};

/// From a press in rhythm; nothing is written, and only these rules say why.
fn only(expected: &[Rule], spoil: impl FnOnce(&mut Stage) -> Option<Wish>) {
    let mut stage = Stage::ready();
    let wish = spoil(&mut stage);
    let decision = stage.mold(wish);
    assert_eq!(decision.verdict, Verdict::Nothing);
    assert_eq!(failed(&decision), expected);
}

fn spoiled(rule: Rule, spoil: impl FnOnce(&mut Wish)) {
    let mut bad = wish(30.5e6);
    spoil(&mut bad);
    only(&[rule], |_| Some(bad));
}

#[test]
fn with_every_rule_kept_the_wish_is_written() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    let order = written(&decision);
    assert_eq!(order.change, wish(30.5e6).change);
    assert_eq!(order.before, vec![(Setpoint::HoldPressure, 30e6)]);
    assert_eq!(decision.reasons.len(), Rule::PRESS.len() + Rule::WISH.len());
    assert!(decision.store && decision.clipped.is_none());
}

#[test]
fn not_armed() {
    let mut stage = Stage::fresh(settings(), None);
    stage.read();
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(
        (failed(&decision), decision.state),
        (vec![Rule::Armed], State::Released)
    );
}

#[test]
fn nothing_before_every_known_setpoint_was_read() {
    let memory = Stage::ready().guard.memory();
    let mut stage = Stage::fresh(settings(), Some(&memory));
    stage.signals.setpoints[Setpoint::MoldTemperature] = f64::NAN;
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(
        (failed(&decision), decision.state),
        (vec![Rule::ReadFirst], State::Unread)
    );
}

#[test]
fn trouble_of_the_press_or_the_estimate_leads_to_a_hold() {
    let hold = |rule| [Rule::Steady, rule];
    only(&hold(Rule::PressInAutomatic), |s| {
        s.signals.operating = Operating::Manual;
        Some(wish(30.5e6))
    });
    only(&hold(Rule::PressInAutomatic), |s| {
        s.signals.operating = Operating::SemiAutomatic;
        Some(wish(30.5e6))
    });
    only(&hold(Rule::SignalsFresh), |s| {
        s.signals.age_s = 3.1;
        Some(wish(30.5e6))
    });
    only(&hold(Rule::SignalsFresh), |s| {
        s.signals.age_s = f64::NAN;
        Some(wish(30.5e6))
    });
    only(&hold(Rule::Heartbeat), |s| {
        s.heartbeat_s = None;
        Some(wish(30.5e6))
    });
    only(&hold(Rule::EstimateTrusted), |s| {
        s.trust = TrustState::Watch;
        Some(wish(30.5e6))
    });
}

#[test]
fn a_lost_link() {
    let mut stage = Stage::ready();
    stage.guard.link_lost(stage.now_s);
    let decision = stage.end(Some(wish(30.5e6)));
    assert_eq!(failed(&decision), [Rule::Steady, Rule::LinkUp]);
}

#[test]
fn semi_automatic_where_the_settings_say_so() {
    let mut stage = Stage::with(GuardSettings {
        semi_automatic: true,
        ..settings()
    });
    stage.signals.operating = Operating::SemiAutomatic;
    written(&stage.mold(Some(wish(30.5e6))));
}

#[test]
fn steady_asks_for_good_shots_in_a_row() {
    let mut stage = Stage::ready();
    stage.trust = TrustState::Watch;
    stage.mold(None);
    stage.trust = TrustState::Trusted;
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(failed(&decision), [Rule::Steady]);
    written(&stage.mold(Some(wish(30.5e6))));
}

#[test]
fn an_operator_edit() {
    only(&[Rule::NoOperatorEdit], |s| {
        s.signals.setpoints[Setpoint::CoolingTime] = 16.0;
        Some(wish(30.5e6))
    });
}

#[test]
fn released_and_frozen_and_their_silence() {
    for said in [Some(false), None] {
        only(&[Rule::SetpointsReleased], |s| {
            s.signals.released = said;
            Some(wish(30.5e6))
        });
    }
    for said in [Some(true), None] {
        only(&[Rule::NotFrozen], |s| {
            s.signals.frozen = said;
            Some(wish(30.5e6))
        });
    }
    let mut stage = Stage::with(GuardSettings {
        says_released: false,
        says_frozen: false,
        ..settings()
    });
    (stage.signals.released, stage.signals.frozen) = (None, None);
    written(&stage.mold(Some(wish(30.5e6))));
}

#[test]
fn a_setpoint_no_longer_known() {
    only(&[Rule::SetpointsKnown], |s| {
        s.signals.setpoints[Setpoint::MeltTemperature] = f64::NAN;
        Some(wish(30.5e6))
    });
}

#[test]
fn purge_and_start_up_shots() {
    for kind in [Kind::Purge, Kind::StartUp, Kind::Idle, Kind::Broken] {
        only(&[Rule::ProductionShot], |s| {
            s.kind = kind;
            Some(wish(30.5e6))
        });
    }
}

#[test]
fn the_last_write_must_read_back_first() {
    let mut stage = Stage::with(GuardSettings {
        read_back_s: 60.0,
        ..settings()
    });
    written(&stage.mold(Some(wish(30.5e6))));
    assert_eq!(failed(&stage.mold(Some(wish(31e6)))), [Rule::ReadBack]);
}

#[test]
fn one_write_a_shot() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    stage.take(&decision);
    assert_eq!(stage.read().state, State::Ready);
    // The end of the same shot, told twice.
    stage.shot -= 1;
    assert_eq!(
        failed(&stage.end(Some(wish(31e6)))),
        [Rule::OneWritePerShot]
    );
    written(&stage.mold(Some(wish(31e6))));
}

#[test]
fn an_old_wish() {
    let mut stage = Stage::ready();
    stage.signals.frozen = Some(true);
    stage.mold(Some(wish(30.5e6)));
    for _ in 0..61 {
        stage.read();
    }
    stage.signals.frozen = Some(false);
    assert_eq!(failed(&stage.read()), [Rule::WishRecent]);
}

#[test]
fn a_wish_waits_for_the_press_within_its_shot() {
    let mut stage = Stage::ready();
    stage.signals.frozen = Some(true);
    stage.mold(Some(wish(30.5e6)));
    stage.signals.frozen = Some(false);
    written(&stage.read());
}

#[test]
fn a_wish_that_is_no_change() {
    spoiled(Rule::WellFormed, |w| {
        w.change.values.push((Setpoint::HoldPressure, 30.6e6))
    });
    spoiled(Rule::WellFormed, |w| {
        w.change.values.insert(0, (Setpoint::HoldTime, 4.1))
    });
    let mut nothing = wish(30.5e6);
    nothing.change.values.clear();
    only(&[Rule::WellFormed, Rule::Noticeable], |_| Some(nothing));
}

#[test]
fn a_setpoint_that_may_not_be_moved() {
    spoiled(Rule::MayMove, |w| {
        w.change.values.push((Setpoint::MeltTemperature, 501.0))
    });
}

#[test]
fn absolute_limits_also_from_outside() {
    let mut stage = Stage::fresh(settings(), None);
    stage.signals.setpoints[Setpoint::HoldPressure] = 35e6;
    stage.read();
    stage.mold(None);
    stage.guard.arm(stage.now_s, Mode::Correct, Role::Engineer);
    // Toward its limits, but not yet within them.
    let decision = stage.mold(Some(wish(34.5e6)));
    assert_eq!(failed(&decision), [Rule::AbsoluteLimits]);
    let check = decision.failed().next().unwrap();
    assert_eq!(
        (check.setpoint, check.value, check.bound),
        (Some(Setpoint::HoldPressure), 34.5e6, 33e6)
    );
}

#[test]
fn step_limit_of_advice_when_the_press_flickers() {
    let mut stage = Stage::with(GuardSettings {
        mode: Mode::Advise,
        ..settings()
    });
    let Verdict::Advise(advice) = stage.mold(Some(wish(31e6))).verdict else {
        panic!("no advice")
    };
    stage.signals.setpoints[Setpoint::HoldPressure] -= 2e4;
    let decision = stage
        .guard
        .read(stage.now_s, &stage.signals, stage.heartbeat_s);
    assert_eq!(failed(&decision), [Rule::StepLimit]);
    let decision = stage.guard.confirm(stage.now_s, advice.id());
    assert_eq!(
        (decision.verdict, decision.state),
        (Verdict::Nothing, State::Ready)
    );
}

#[test]
fn a_wish_is_shortened_as_a_whole_to_step_and_hour() {
    let mut stage = Stage::ready();
    let mut moved = 0.0;
    let mut by = Vec::new();
    for _ in 0..4 {
        let now = stage.signals.setpoints[Setpoint::HoldPressure];
        let sign = if now > 31e6 { -1.0 } else { 1.0 };
        let mut far = wish(now + sign * 2e6);
        far.change.values.push((Setpoint::HoldTime, 4.1));
        let decision = stage.mold(Some(far));
        let Verdict::Write(order) = &decision.verdict else {
            assert_eq!(failed(&decision), [Rule::Noticeable, Rule::LargerThanDoubt]);
            break;
        };
        let clipped = decision.clipped.unwrap();
        by.push(clipped.by);
        let step = (order.change.values[0].1 - now).abs();
        moved += step;
        assert!(step <= 1e6 && (order.effects[0].change - 0.0001 * clipped.share).abs() < 1e-12);
        stage.take(&decision);
        stage.read();
    }
    assert_eq!(by, [Rule::StepLimit, Rule::StepLimit, Rule::HourlyMovement]);
    assert!(moved <= 2.5e6 && moved > 2.49e6);
    // An hour later there is room again.
    stage.now_s += 3600.0;
    stage.read();
    for _ in 0..3 {
        stage.guard.arm(stage.now_s, Mode::Correct, Role::Engineer);
        stage.mold(None);
    }
    written(&stage.mold(Some(wish(30.6e6))));
}

#[test]
fn hourly_movement_of_advice_when_the_press_flickers() {
    let mut settings = settings();
    settings.mode = Mode::Advise;
    let mut stage = Stage::with(settings);
    for hold_pa in [30.9e6, 31.8e6] {
        let decision = stage.mold(Some(wish(hold_pa)));
        let Verdict::Advise(advice) = decision.verdict else {
            panic!("no advice")
        };
        let decision = stage.guard.confirm(stage.now_s, advice.id());
        stage.take(&decision);
        stage.read();
    }
    assert!(matches!(
        stage.mold(Some(wish(33e6))).verdict,
        Verdict::Advise(_)
    ));
    stage.signals.setpoints[Setpoint::HoldPressure] -= 2e4;
    assert_eq!(failed(&stage.read()), [Rule::HourlyMovement]);
}

#[test]
fn a_correction_that_would_come_too_late_for_the_next_injection() {
    // The end of a shot is told when the next one injects already.
    let mut stage = Stage::ready();
    stage.guard.injects(stage.now_s, stage.shot + 2);
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(failed(&decision), [Rule::BeforeInjection]);
    // It would be read back later than the press ever waited.
    let mut stage = Stage::ready();
    stage.guard.injects(stage.now_s + 0.3, stage.shot + 1);
    assert_eq!(
        failed(&stage.mold(Some(wish(30.5e6)))),
        [Rule::BeforeInjection]
    );
    // A person who confirms decides when.
    let mut stage = Stage::with(GuardSettings {
        mode: Mode::Advise,
        ..settings()
    });
    let Verdict::Advise(advice) = stage.mold(Some(wish(30.5e6))).verdict else {
        panic!("no advice")
    };
    stage.guard.injects(stage.now_s, stage.shot + 1);
    written(&stage.guard.confirm(stage.now_s, advice.id()));
}

#[test]
fn a_change_too_small_to_read_back() {
    spoiled(Rule::Noticeable, |w| w.change.values[0].1 = RECIPE[0] + 2e4);
}

#[test]
fn predictions_out_of_range_without_band_or_within_their_doubt() {
    spoiled(Rule::PredictionInRange, |w| w.in_range = false);
    spoiled(Rule::PredictionHasBand, |w| w.effects[0].before = f64::NAN);
    spoiled(Rule::LargerThanDoubt, |w| w.effects[0].sd = 0.0001);
    only(&[Rule::PredictionHasBand, Rule::LargerThanDoubt], |_| {
        let mut w = wish(30.5e6);
        w.effects[0].sd = f64::NAN;
        Some(w)
    });
    only(&[Rule::PredictionHasBand, Rule::LargerThanDoubt], |_| {
        let mut w = wish(30.5e6);
        w.effects.clear();
        Some(w)
    });
}

#[test]
fn only_an_engineer_arms_and_only_what_the_settings_allow() {
    let mut stage = Stage::fresh(
        GuardSettings {
            mode: Mode::Advise,
            ..settings()
        },
        None,
    );
    stage.mold(None);
    let decision = stage.guard.arm(stage.now_s, Mode::Advise, Role::Operator);
    assert_eq!(failed(&decision), [Rule::Armed, Rule::EngineerArms]);
    for mode in [Mode::Correct, Mode::Observe] {
        let decision = stage.guard.arm(stage.now_s, mode, Role::Engineer);
        assert_eq!(failed(&decision), [Rule::Armed, Rule::ModeAllowed]);
    }
    let decision = stage.guard.arm(stage.now_s, Mode::Advise, Role::Engineer);
    assert_eq!(decision.state, State::Ready);
}

#[test]
fn nonsense_in_the_settings_is_refused_with_key_and_reason() {
    type Spoil = fn(&mut GuardSettings);
    let spoil: [(&str, Spoil); 10] = [
        ("`fresh_s` is 0;", |s| s.fresh_s = 0.0),
        ("`wish_s` is NaN;", |s| s.wish_s = f64::NAN),
        ("`read_back_s` is -1;", |s| s.read_back_s = -1.0),
        ("`hold_s` is inf;", |s| s.hold_s = f64::INFINITY),
        ("`heartbeat_s` is 0;", |s| s.heartbeat_s = Some(0.0)),
        ("`surer_than` is NaN;", |s| s.surer_than = Some(f64::NAN)),
        ("`good_shots` is 0;", |s| s.good_shots = 0),
        ("`untouched_shots` is 0;", |s| s.untouched_shots = Some(0)),
        ("`hold_time.tolerance` is 0;", |s| s.tolerance[1] = 0.0),
        (
            "`hold_time.step` is 0.2; it must be above the tolerance 0.3",
            |s| s.tolerance[1] = 0.3,
        ),
    ];
    for (message, spoil) in spoil {
        let mut settings = settings();
        spoil(&mut settings);
        let error = settings.check(&limits()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let mut bad = limits();
    bad[0].as_mut().unwrap().low = 34e6;
    let error = settings().check(&bad).unwrap_err().to_string();
    assert!(
        error.contains("`hold_pressure.low` is 34000000; it must be below high"),
        "{error}"
    );
    bad[0].as_mut().unwrap().per_hour = f64::NAN;
    let error = settings().check(&bad).unwrap_err().to_string();
    assert!(error.contains("`hold_pressure.per_hour` is NaN"), "{error}");
}

proptest! {
    /// Whatever stands in the settings: what passes the check is finite and above zero.
    #[test]
    fn settings_that_pass_make_sense(numbers in proptest::collection::vec(prop_oneof![any::<f64>(), 0.1..100.0, Just(f64::NAN)], 8), shots in 0u32..3) {
        let mut settings = settings();
        (settings.fresh_s, settings.wish_s, settings.read_back_s) = (numbers[0], numbers[1], numbers[2]);
        (settings.hold_s, settings.heartbeat_s) = (numbers[3], Some(numbers[4]));
        (settings.surer_than, settings.tolerance[6]) = (Some(numbers[5]), numbers[6]);
        settings.good_shots = shots;
        let mut limits = limits();
        limits[1].as_mut().unwrap().per_hour = numbers[7];
        let sane = |n: f64| n > 0.0 && n < f64::INFINITY;
        let all = numbers.iter().enumerate().all(|(i, n)| sane(*n) || i == 5 && *n == 0.0);
        prop_assert_eq!(settings.check(&limits).is_ok(), all && shots > 0);
    }
}

#[test]
fn keys_are_told_apart() {
    let mut keys: Vec<&str> = Rule::PRESS
        .iter()
        .chain(&Rule::WISH)
        .map(|r| r.key())
        .collect();
    keys.extend([
        Rule::EngineerArms.key(),
        Rule::ModeAllowed.key(),
        Rule::AdviceWaits.key(),
    ]);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 29);
}

/// May move transfer by half a cubic centimetre a shot, between 28 and 31.
fn steering(settings: GuardSettings) -> Stage {
    let mut limits = limits();
    limits[Setpoint::TransferVolume as usize] = Some(Limit {
        low: 28e-6,
        high: 31e-6,
        step: 0.5e-6,
        per_hour: 2e-6,
    });
    let mut stage = Stage::with(settings.clone());
    stage
        .guard
        .configure(stage.now_s, settings, limits)
        .unwrap();
    stage.read();
    stage
}

#[test]
fn a_signal_has_room_from_a_step_below_the_press_up_to_it() {
    let mut stage = steering(settings());
    let room = stage.guard.room().unwrap();
    assert_eq!((room.reference, room.high), (30e-6, 30e-6));
    assert!((room.low - 29.5e-6).abs() < 1e-12);
    // A press that transfers close to the lower limit leaves less.
    stage.signals.setpoints[Setpoint::TransferVolume] = 28.2e-6;
    stage.read();
    stage.guard.accept_edit(stage.now_s);
    stage.mold(None);
    stage.mold(None);
    let room = stage.guard.room().unwrap();
    assert_eq!((room.low, room.high), (28e-6, 28.2e-6));
}

#[test]
fn without_mode_reference_or_any_rule_a_signal_has_no_room() {
    let mut stage = steering(GuardSettings {
        mode: Mode::Advise,
        ..settings()
    });
    assert_eq!(stage.guard.room(), Err(NoRoom::Mode));
    assert_eq!(Stage::ready().guard.room(), Err(NoRoom::NoReference));
    stage = steering(settings());
    stage.guard.take_off(stage.now_s);
    assert_eq!(stage.guard.room(), Err(NoRoom::Rule(Rule::Armed)));
    stage = steering(settings());
    stage.trust = TrustState::Watch;
    stage.mold(None);
    assert_eq!(stage.guard.room(), Err(NoRoom::Rule(Rule::Steady)));
    stage = steering(settings());
    stage.signals.setpoints[Setpoint::CoolingTime] = 16.0;
    stage.read();
    assert_eq!(stage.guard.room(), Err(NoRoom::Rule(Rule::NoOperatorEdit)));
    stage = steering(settings());
    stage.mold(Some(wish(30.5e6)));
    assert_eq!(stage.guard.room(), Err(NoRoom::Rule(Rule::ReadBack)));
}
