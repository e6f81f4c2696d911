//! Closing the loop through the API: advice is answered once, in time, by who may, and never unseen.

use appliance_web::view::{
    CorrectionNow, Decision, DecisionPage, DecisionState, Mode, PressSetup, Role, Targets, WhatIf,
};
use serde_json::json;

use crate::rig::{Rig, ask};
use crate::station::closing::THUMBPRINT;

async fn now(rig: &Rig) -> CorrectionNow {
    let reply = rig.by(Role::Viewer, ask("GET", "/api/v1/correction")).await;
    serde_json::from_slice(&reply.body).unwrap()
}

fn confirm(id: u64) -> crate::rig::Ask {
    ask("POST", "/api/v1/correction/confirm").json(&json!({ "id": id }))
}

fn decline(id: u64) -> crate::rig::Ask {
    ask("POST", "/api/v1/correction/decline").json(&json!({ "id": id, "reason": "dryer first" }))
}

/// Lines of the audit, oldest first, as `user action detail`.
fn audit(rig: &Rig) -> Vec<String> {
    let mut lines: Vec<_> = rig
        .memory
        .audit_lines()
        .into_iter()
        .map(|(user, action, detail)| format!("{user} {action} {detail}"))
        .collect();
    lines.reverse();
    lines
}

/// Advice that waits; none is made beside it as long as it does.
async fn waiting(rig: &Rig) -> Decision {
    rig.memory.snapshot();
    now(rig).await.advice.unwrap()
}

#[tokio::test]
async fn confirmed_advice_is_in_force_read_back_and_signed() {
    let rig = Rig::start().await;
    let advice = waiting(&rig).await;
    assert_eq!(advice.state, DecisionState::Waiting);
    assert!(
        advice
            .effect
            .iter()
            .all(|effect| effect.change_sd > Some(0.0))
    );
    let before = now(&rig).await;

    let reply = rig.by(Role::Operator, confirm(advice.id)).await;
    assert_eq!(reply.status, 200);
    let made: Decision = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(made.state, DecisionState::InForce);
    assert_eq!(made.answer.unwrap().user, "token:operator");
    assert_eq!(made.changes[0].read_back, Some(made.changes[0].value));

    let after = now(&rig).await;
    assert_eq!(after.setpoints[0].value, Some(made.changes[0].value));
    assert_eq!(after.counts.writes, before.counts.writes + 1);
    assert_eq!(
        audit(&rig),
        [format!("token:operator confirm correction {}", advice.id)]
    );
    let again = rig.by(Role::Operator, confirm(advice.id)).await;
    assert_eq!((again.status, again.key().as_str()), (409, "advice_gone"));
}

#[tokio::test]
async fn expired_advice_is_refused_and_the_try_is_written_down() {
    let rig = Rig::start().await;
    let advice = waiting(&rig).await;
    rig.memory.closing().age_advice();
    for (ask, action) in [(confirm(advice.id), "confirm"), (decline(advice.id), "")] {
        let reply = rig.by(Role::Operator, ask).await;
        assert_eq!(
            (reply.status, reply.key().as_str()),
            (409, "advice_gone"),
            "{action}"
        );
    }
    let read = rig
        .by(
            Role::Viewer,
            ask("GET", &format!("/api/v1/corrections/{}", advice.id)),
        )
        .await;
    let read: Decision = serde_json::from_slice(&read.body).unwrap();
    assert_eq!(
        (read.state, read.written_ms),
        (DecisionState::Expired, None)
    );
    let lines = audit(&rig);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with("token:operator confirm_refused correction"));
    let unknown = rig.by(Role::Operator, confirm(1 << 40)).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn declined_advice_keeps_the_reason_and_writes_nothing() {
    let rig = Rig::start().await;
    let advice = waiting(&rig).await;
    let reply = rig.by(Role::Operator, decline(advice.id)).await;
    let made: Decision = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(made.state, DecisionState::Declined);
    assert_eq!(made.answer.unwrap().reason.as_deref(), Some("dryer first"));
    assert_eq!(now(&rig).await.counts.writes, 0);
    assert_eq!(
        audit(&rig),
        [format!(
            "token:operator decline correction {}: dryer first",
            advice.id
        )]
    );
}

#[tokio::test]
async fn nothing_is_confirmed_that_the_audit_cannot_hold() {
    let rig = Rig::start().await;
    let advice = waiting(&rig).await;
    rig.memory
        .audit_broken
        .store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(rig.by(Role::Operator, confirm(advice.id)).await.status, 503);
    assert_eq!(now(&rig).await.counts.writes, 0);
    // The one key works all the same.
    let off = rig
        .by(Role::Operator, ask("POST", "/api/v1/correction/off"))
        .await;
    assert_eq!(off.status, 503);
    assert_eq!(now(&rig).await.mode, Mode::Observe);
}

#[tokio::test]
async fn what_the_press_or_a_rule_refuses_is_shown_with_its_reason() {
    let rig = Rig::start().await;
    let advice = waiting(&rig).await;
    rig.memory.closing().press.refuses = Some("BadOutOfRange");
    let reply = rig.by(Role::Operator, confirm(advice.id)).await;
    let made: Decision = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        (made.state, made.refusal.as_deref()),
        (DecisionState::Refused, Some("BadOutOfRange"))
    );
    assert_eq!(
        now(&rig).await.press.refusal.unwrap().reason,
        "BadOutOfRange"
    );

    rig.memory.closing().press.operating_mode = "manual";
    let guard = now(&rig).await.guard;
    assert_eq!(
        (guard.state.as_str(), guard.reason.as_str()),
        ("holding", "guard.not.press_in_automatic")
    );
}

#[tokio::test]
async fn the_one_key_takes_it_all_off_until_an_engineer_arms_it_again() {
    let rig = Rig::start().await;
    let advice = waiting(&rig).await;
    let off = ask("POST", "/api/v1/correction/off");
    assert_eq!(rig.by(Role::Operator, off).await.status, 204);
    let stands = now(&rig).await;
    assert_eq!(
        (stands.mode, stands.guard.state.as_str()),
        (Mode::Observe, "released")
    );
    assert!(stands.advice.is_none());
    assert_eq!(rig.by(Role::Operator, confirm(advice.id)).await.status, 409);
    let arm = ask("POST", "/api/v1/correction/arm");
    assert_eq!(rig.by(Role::Engineer, arm.clone()).await.status, 204);
    assert_eq!(now(&rig).await.mode, Mode::Advise);
    assert_eq!(rig.by(Role::Engineer, arm).await.status, 409);
    assert!(audit(&rig).contains(&"token:engineer arm ".to_owned()));
}

#[tokio::test]
async fn an_edit_at_the_press_stops_everything_until_a_person_accepts_it() {
    let rig = Rig::start().await;
    let accept = ask("POST", "/api/v1/correction/accept");
    let none = rig.by(Role::Operator, accept.clone()).await;
    assert_eq!((none.status, none.key().as_str()), (409, "no_edit"));
    rig.memory.closing().press.edited = true;
    let guard = now(&rig).await.guard;
    assert_eq!(
        (guard.state.as_str(), guard.subject.as_deref()),
        ("edited", Some("hold_time"))
    );
    assert_eq!(rig.by(Role::Operator, accept).await.status, 204);
    assert_ne!(now(&rig).await.guard.state, "edited");
}

#[tokio::test]
async fn decisions_come_in_pages_newest_first() {
    let rig = Rig::start().await;
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/corrections?limit=10{before}");
        let reply = rig.by(Role::Viewer, ask("GET", &path)).await;
        let page: DecisionPage = serde_json::from_slice(&reply.body).unwrap();
        seen.extend(page.decisions.iter().map(|one| one.id));
        match page.next {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert!(
        seen.len() >= 36 && seen.is_sorted_by(|a, b| a == &(b + 1)),
        "{seen:?}"
    );
    assert_eq!(seen.last(), Some(&1));
}

#[tokio::test]
async fn what_if_predicts_beside_the_last_shot_and_says_when_it_is_out_of_range() {
    let rig = Rig::start().await;
    let what_if = |changes: serde_json::Value| {
        ask("POST", "/api/v1/what-if").json(&json!({ "changes": changes }))
    };
    let reply = rig
        .by(Role::Viewer, what_if(json!({"hold_pressure": 44e6})))
        .await;
    let found: WhatIf = serde_json::from_slice(&reply.body).unwrap();
    assert!(found.in_range && found.outside.is_empty());
    assert_eq!(found.risks.len(), 5);
    assert!(
        found.quality[0].change > 0.0,
        "more hold pressure, more weight"
    );
    for curve in &found.curves {
        let points = curve.time_s.len();
        assert!(points <= 300 && points > 100);
        assert_eq!(
            [curve.reference.len(), curve.value.len(), curve.sd.len()],
            [points; 3]
        );
    }
    let reply = rig
        .by(Role::Viewer, what_if(json!({"melt_temperature": 530.0})))
        .await;
    let found: WhatIf = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        (found.in_range, found.outside),
        (false, vec!["melt_temperature".to_owned()])
    );
    for nonsense in [
        json!({"hold_pressure": 900e6}),
        json!({"clamp_force": 1.0}),
        json!({"hold_pressure": "high"}),
    ] {
        let reply = rig.by(Role::Viewer, what_if(nonsense.clone())).await;
        assert_eq!(reply.status, 422, "{nonsense}");
    }
    assert!(audit(&rig).is_empty(), "asking changes nothing");
}

#[tokio::test]
async fn the_press_is_pinned_to_the_certificate_it_showed_and_no_other() {
    let rig = Rig::start().await;
    let pin = |print: &str| ask("POST", "/api/v1/press/pin").json(&json!({ "thumbprint": print }));
    let other = rig.by(Role::Engineer, pin(&"0".repeat(40))).await;
    assert_eq!(
        (other.status, other.key().as_str()),
        (409, "other_certificate")
    );
    assert_eq!(rig.by(Role::Engineer, pin("3f5a")).await.status, 422);
    let reply = rig
        .by(Role::Engineer, pin(&THUMBPRINT.to_uppercase()))
        .await;
    let press: PressSetup = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(press.thumbprint_pinned.as_deref(), Some(THUMBPRINT));
    assert_eq!(press.pinned_by.as_deref(), Some("token:engineer"));
    assert!(audit(&rig).contains(&format!("token:engineer press_pin {THUMBPRINT}")));
}

#[tokio::test]
async fn targets_are_replaced_as_a_whole_or_not_at_all() {
    let rig = Rig::start().await;
    let put = |targets: serde_json::Value| {
        ask("PUT", "/api/v1/targets").json(&json!({ "targets": targets }))
    };
    let weight = |value: serde_json::Value, tolerance: f64| json!({"quantity": "part_weight", "unit": "kg", "value": value, "tolerance": tolerance, "enabled": true});
    let good = put(json!([weight(json!("reference"), 1e-5)]));
    let reply = rig.by(Role::Engineer, good).await;
    let kept: Targets = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(kept.targets.len(), 1);
    for bad in [
        json!([weight(json!(0.0116), 0.0)]),
        json!([weight(json!("lightest"), 1e-5)]),
        json!([weight(json!(0.0116), 1e-5), weight(json!(0.0117), 1e-5)]),
        json!([{"quantity": "taste", "unit": "1", "value": 1.0, "tolerance": 1.0, "enabled": true}]),
    ] {
        assert_eq!(
            rig.by(Role::Engineer, put(bad.clone())).await.status,
            422,
            "{bad}"
        );
    }
    let read = rig.by(Role::Viewer, ask("GET", "/api/v1/targets")).await;
    assert_eq!(serde_json::from_slice::<Targets>(&read.body).unwrap(), kept);
    assert_eq!(audit(&rig).len(), 1);
}

#[tokio::test]
async fn without_a_press_everything_says_so() {
    let rig = Rig::start().await;
    rig.memory.closing().press.present = false;
    let stands = now(&rig).await;
    assert_eq!(
        (stands.guard.state.as_str(), stands.press.state.as_str()),
        ("none", "none")
    );
    assert!(stands.setpoints.is_empty());
    let correct = ask("PUT", "/api/v1/mode").json(&json!({"mode": "correct"}));
    let reply = rig.by(Role::Engineer, correct).await;
    assert_eq!((reply.status, reply.key().as_str()), (409, "no_press_port"));
    let off = ask("POST", "/api/v1/correction/off");
    assert_eq!(rig.by(Role::Operator, off).await.status, 204);
}
