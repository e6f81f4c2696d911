//! Each arrow of the drawing.

use appliance_pipeline::guard::{
    Arrow, GuardSettings, Memory, Mode, OrderKind, Outcome, Role, Rule, State, Verdict,
};
use appliance_pipeline::ports::Setpoint;
use appliance_pipeline::trust::TrustState;

use crate::stage::{Stage, failed, limits, settings, wish, written};

fn advising() -> Stage {
    Stage::with(GuardSettings {
        mode: Mode::Advise,
        ..settings()
    })
}

/// After the restart of the process, with what it stored.
fn restarted(before: &Stage) -> Stage {
    let text = serde_json::to_string(&before.guard.memory()).unwrap();
    let memory: Memory = serde_json::from_str(&text).unwrap();
    let mut stage = Stage::fresh(settings(), Some(&memory));
    stage.signals.setpoints = before.signals.setpoints;
    stage.shot = before.shot;
    stage
}

#[test]
fn started_in_observe() {
    let mut stage = Stage::fresh(
        GuardSettings {
            mode: Mode::Observe,
            ..settings()
        },
        None,
    );
    assert_eq!(stage.guard.state(), State::Unread);
    let decision = stage.read();
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Observing, &[Arrow::ReadObserving][..])
    );
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(
        (failed(&decision), stage.guard.advice()),
        (vec![Rule::Armed], None)
    );
}

#[test]
fn started_for_the_first_time_it_waits_for_an_engineer() {
    let mut stage = Stage::fresh(settings(), None);
    let decision = stage.read();
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Released, &[Arrow::ReadUnarmed][..])
    );
}

#[test]
fn a_correction_is_written_read_back_and_judged() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Written, &[Arrow::Wrote][..])
    );
    // Not there yet.
    assert_eq!(stage.read().state, State::Written);
    let order = stage.take(&decision);
    let decision = stage.read();
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Ready, &[Arrow::ReadBack][..])
    );
    let read_back = decision.read_back.unwrap();
    assert!(read_back.good && read_back.id == order.id);
    assert_eq!(read_back.values, [(Setpoint::HoldPressure, 30.5e6, 30.5e6)]);
    let values = [("part_weight".to_string(), 0.02008)];
    assert_eq!(Outcome::of(&order, order.shot, &values), None);
    let outcome = Outcome::of(&order, order.shot + 1, &values).unwrap();
    assert!(
        (outcome.effects[0].seen - 0.00008).abs() < 1e-12
            && (outcome.effects[0].z + 1.0).abs() < 1e-9
    );
}

#[test]
fn a_write_that_does_not_arrive_releases_the_press_without_a_restore() {
    let mut stage = Stage::ready();
    stage.mold(Some(wish(30.5e6)));
    stage.now_s += 10.0;
    let decision = stage.read();
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Released, &[Arrow::NotReadBack][..])
    );
    assert!(!decision.read_back.unwrap().good && decision.verdict == Verdict::Nothing);
}

#[test]
fn a_refused_write_is_not_tried_again() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    let id = written(&decision).id;
    let decision = stage
        .guard
        .write_refused(stage.now_s, id, "Bad_UserAccessDenied");
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Released, &[Arrow::WriteRefused][..])
    );
    assert_eq!(
        decision.read_back.unwrap().refused.unwrap(),
        "Bad_UserAccessDenied"
    );
    assert_eq!(stage.mold(Some(wish(30.5e6))).verdict, Verdict::Nothing);
}

#[test]
fn an_order_overtaken_by_the_next_injection_is_not_sent_and_the_box_stays_on_the_press() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    let id = written(&decision).id;
    stage.now_s += 2.0;
    stage.guard.injects(stage.now_s, stage.shot + 1);
    let decision = stage.guard.not_sent(stage.now_s, id, "too late");
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Ready, &[Arrow::NotSent][..])
    );
    assert_eq!(decision.read_back.unwrap().refused.unwrap(), "too late");
    // The next shot asks again.
    written(&stage.mold(Some(wish(30.5e6))));
}

#[test]
fn advice_is_confirmed_once() {
    let mut stage = advising();
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Waiting, &[Arrow::Advised][..])
    );
    let id = stage.guard.advice().unwrap().id();
    assert_eq!(
        failed(&stage.guard.confirm(stage.now_s, id + 1)),
        [Rule::AdviceWaits]
    );
    let decision = stage.guard.confirm(stage.now_s, id);
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Written, &[Arrow::Confirmed][..])
    );
    assert_eq!(written(&decision).id, id);
    assert_eq!(
        stage.guard.confirm(stage.now_s, id).verdict,
        Verdict::Nothing
    );
}

#[test]
fn advice_is_declined_or_expires() {
    let mut stage = advising();
    stage.mold(Some(wish(30.5e6)));
    let id = stage.guard.advice().unwrap().id();
    let decision = stage.guard.decline(stage.now_s, id);
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Ready, &[Arrow::Declined][..])
    );
    stage.mold(Some(wish(30.5e6)));
    assert_eq!(stage.mold(None).arrows, [Arrow::Expired]);
    // By a rule, and it does not come back.
    stage.mold(Some(wish(30.5e6)));
    stage.signals.frozen = Some(true);
    assert_eq!(stage.read().arrows, [Arrow::Expired]);
    stage.signals.frozen = Some(false);
    stage.read();
    assert_eq!(stage.guard.advice(), None);
    // By an edit.
    stage.mold(Some(wish(30.5e6)));
    stage.signals.setpoints[Setpoint::HoldTime] = 4.5;
    assert_eq!(stage.read().state, State::Edited);
    assert_eq!(stage.guard.advice(), None);
}

#[test]
fn an_edit_becomes_the_recipe_when_a_person_accepts_it() {
    let mut stage = Stage::ready();
    stage.signals.setpoints[Setpoint::HoldTime] = 4.5;
    assert_eq!(stage.read().arrows, [Arrow::OperatorEdit]);
    assert_eq!(stage.guard.baseline()[Setpoint::HoldTime], 4.5);
    let decision = stage.guard.accept_edit(stage.now_s);
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Holding, &[Arrow::EditAccepted][..])
    );
    stage.mold(None);
    let decision = stage.mold(Some(wish(30.5e6)));
    assert_eq!(decision.arrows, [Arrow::Steadied, Arrow::Wrote]);
}

#[test]
fn an_edit_counts_as_accepted_after_untouched_shots() {
    let mut stage = Stage::ready();
    stage.signals.setpoints[Setpoint::HoldTime] = 4.5;
    stage.read();
    stage.mold(None);
    stage.signals.setpoints[Setpoint::HoldTime] = 4.6;
    stage.mold(None);
    assert_eq!(stage.mold(None).arrows, [Arrow::Untouched]);
    let mut stage = Stage::with(GuardSettings {
        untouched_shots: None,
        ..settings()
    });
    stage.signals.setpoints[Setpoint::HoldTime] = 4.5;
    for _ in 0..9 {
        assert_eq!(stage.mold(Some(wish(30.5e6))).state, State::Edited);
    }
}

#[test]
fn a_hold_that_lasts_too_long_releases_the_press_and_restores_the_recipe() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    stage.take(&decision);
    stage.read();
    stage.trust = TrustState::NotTrusted;
    assert_eq!(stage.mold(None).arrows, [Arrow::Held]);
    for _ in 0..5 {
        stage.mold(None);
    }
    stage.now_s += 20.0;
    let decision = stage.read();
    assert_eq!(decision.arrows, [Arrow::TimedOut, Arrow::Restored]);
    let order = written(&decision);
    assert_eq!(
        (order.kind, &order.change.values[..]),
        (OrderKind::Restore, &[(Setpoint::HoldPressure, 30e6)][..])
    );
    stage.take(&decision);
    let decision = stage.read();
    assert_eq!(
        (decision.state, decision.read_back.unwrap().good),
        (State::Released, true)
    );
    assert_eq!(stage.mold(Some(wish(30.5e6))).verdict, Verdict::Nothing);
}

#[test]
fn the_key_restores_once_after_the_read_back_and_the_shot() {
    let mut stage = Stage::ready();
    let decision = stage.mold(Some(wish(30.5e6)));
    let off = stage.guard.take_off(stage.now_s);
    assert_eq!(
        (off.state, &off.arrows[..], off.verdict),
        (State::Released, &[Arrow::TakenOff][..], Verdict::Nothing)
    );
    stage.take(&decision);
    // Read back, but in the same shot.
    let decision = stage.read();
    assert_eq!(
        (&decision.arrows[..], decision.verdict),
        (&[Arrow::ReadBack][..], Verdict::Nothing)
    );
    let decision = stage.mold(Some(wish(31e6)));
    assert_eq!(decision.arrows, [Arrow::Restored]);
    stage.take(&decision);
    for _ in 0..4 {
        assert_eq!(stage.mold(Some(wish(31e6))).verdict, Verdict::Nothing);
    }
    let decision = stage.guard.arm(stage.now_s, Mode::Correct, Role::Engineer);
    assert_eq!(decision.arrows, [Arrow::Armed]);
    written(&stage.mold(Some(wish(30.5e6))));
}

#[test]
fn no_restore_when_a_value_is_no_longer_ours_or_the_profile_says_no() {
    let corrected = |settings| {
        let mut stage = Stage::with(settings);
        let decision = stage.mold(Some(wish(30.5e6)));
        stage.take(&decision);
        stage.read();
        stage
    };
    let mut stage = corrected(settings());
    let off = stage.guard.take_off(stage.now_s);
    assert_eq!(
        (off.verdict, off.state),
        (Verdict::Nothing, State::Released)
    );
    stage.signals.setpoints[Setpoint::HoldTime] = 4.5;
    assert_eq!(stage.read().arrows, [Arrow::NotRestored]);
    assert_eq!(stage.mold(None).verdict, Verdict::Nothing);

    let mut stage = corrected(GuardSettings {
        restore: false,
        ..settings()
    });
    stage.guard.take_off(stage.now_s);
    assert_eq!(stage.mold(None).verdict, Verdict::Nothing);
}

#[test]
fn observe_ends_everything_without_a_restore() {
    let mut stage = advising();
    stage.mold(Some(wish(30.5e6)));
    let decision = stage.guard.observe(stage.now_s);
    assert_eq!(
        (decision.state, &decision.arrows[..]),
        (State::Observing, &[Arrow::Observed][..])
    );
    assert_eq!(stage.guard.advice(), None);
    assert_eq!(stage.mold(Some(wish(30.5e6))).verdict, Verdict::Nothing);
}

#[test]
fn a_link_that_comes_back_needs_good_shots() {
    let mut stage = Stage::ready();
    assert_eq!(stage.guard.link_lost(stage.now_s).arrows, [Arrow::Held]);
    assert_eq!(stage.read().state, State::Holding);
    stage.mold(None);
    assert_eq!(
        stage.mold(Some(wish(30.5e6))).arrows,
        [Arrow::Steadied, Arrow::Wrote]
    );
}

#[test]
fn after_a_restart_it_reads_back_first() {
    let mut before = Stage::ready();
    let decision = before.mold(Some(wish(30.5e6)));
    before.take(&decision);
    let mut stage = restarted(&before);
    assert_eq!(stage.guard.tick(0.1).state, State::Unread);
    let decision = stage.read();
    assert_eq!(decision.arrows, [Arrow::ReadAsLeft, Arrow::ReadBack]);
    assert_eq!(decision.state, State::Holding);
    stage.mold(None);
    written(&stage.mold(Some(wish(31e6))));
}

#[test]
fn after_a_restart_other_values_wait_for_a_person() {
    let before = Stage::ready();
    let mut stage = restarted(&before);
    stage.signals.setpoints[Setpoint::HoldTime] = 4.5;
    assert_eq!(stage.read().arrows, [Arrow::ReadOtherwise]);
    for _ in 0..9 {
        assert_eq!(stage.mold(Some(wish(30.5e6))).state, State::Edited);
    }
    stage.guard.accept_edit(stage.now_s);
    stage.mold(None);
    written(&stage.mold(Some(wish(30.5e6))));
}

#[test]
fn a_mode_lowered_by_the_settings_is_to_be_stored() {
    let mut stage = Stage::ready();
    let lower = GuardSettings {
        mode: Mode::Advise,
        ..settings()
    };
    let decision = stage.guard.configure(stage.now_s, lower, limits()).unwrap();
    assert!(decision.store && stage.guard.memory().mode == Mode::Advise);
}

#[test]
fn the_key_before_the_first_reading_holds_after_it() {
    let mut stage = restarted(&Stage::ready());
    stage.guard.take_off(0.1);
    assert_eq!(stage.read().arrows, [Arrow::ReadUnarmed]);
}

#[test]
fn movement_of_the_hour_survives_a_restart_and_time_off_does_not_count() {
    let mut before = Stage::ready();
    let decision = before.mold(Some(wish(31e6)));
    before.take(&decision);
    let memory = restarted(&before).guard.memory();
    assert_eq!(
        (
            memory.moves.len(),
            memory.moves[0].by,
            memory.moves[0].age_s
        ),
        (1, 1e6, 0.0)
    );
    assert!(memory.armed && memory.pending.is_some() && memory.last_write_shot == Some(2));
}
