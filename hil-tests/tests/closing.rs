//! The loop closed over the wire: firmware protocol, daemon and press as programs of their own. Each test is a claim.

use std::time::{Duration, Instant};

use hil_tests::closing::{
    CYCLE_S, Controller, Plot, Stage, Wire, arm, decisions, guard_says, seen_through,
};
use hil_tests::moldsight::Moldsight;
use serde_json::{Value, json};

/// Longest wait for the first correction: reference shots, trust, and a busy machine, s.
const FIRST_S: u64 = 300;
/// Longest median from the end of a shot to the read back of what it led to, s.
const LONGEST_MEDIAN_S: f64 = 1.0;

fn cycles(n: f64) -> Duration {
    Duration::from_secs_f64(n * CYCLE_S)
}

/// Two cycles, as a limit of a wait in whole seconds; reading and asking take a moment.
fn two_cycles_s() -> u64 {
    (2.0 * CYCLE_S).ceil() as u64 + 1
}

/// Waits for this many decisions that are in force.
fn in_force(moldsight: &Moldsight, count: usize) -> Vec<Value> {
    let most_s = FIRST_S + (1.5 * CYCLE_S * count as f64) as u64;
    moldsight.wait("/api/v1/corrections?limit=100", most_s, |page| {
        let all = page["decisions"].as_array()?;
        let good = all.iter().filter(|d| d["state"] == "in_force");
        let good: Vec<Value> = good.cloned().collect();
        (good.len() >= count).then_some(good)
    })
}

/// A box in mode *correct* that has written at least once.
fn correcting(plot: &Plot, press: &[&str]) -> (Stage, Controller, Moldsight) {
    let stage = Stage::set(plot);
    let press = stage.press(press);
    let moldsight = stage.commission();
    arm(&moldsight, "correct");
    in_force(&moldsight, 1);
    press.says(0, "setpoint hold_pressure");
    (stage, press, moldsight)
}

fn advice(moldsight: &Moldsight, other_than: Option<u64>) -> Value {
    moldsight.wait("/api/v1/correction", FIRST_S, |now| {
        let advice = &now["advice"];
        let id = advice["id"].as_u64()?;
        (advice["state"] == "waiting" && Some(id) != other_than).then(|| advice.clone())
    })
}

fn answer(moldsight: &Moldsight, what: &str, body: &Value) -> u16 {
    let path = format!("/api/v1/correction/{what}");
    moldsight.post(&path, body).expect("an answer").0
}

/// Nothing is written after a line of the press, for two cycles.
fn no_further_write(press: &Controller, from: usize) {
    std::thread::sleep(cycles(2.0));
    assert_eq!(press.writes(from), Vec::<String>::new());
}

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn a_thicker_lot_is_advised_on_and_nothing_is_written_until_a_person_agrees() {
    // GIVEN a box in mode advise, and a lot that is a fifth thicker once it knows the mold
    let plot = Plot {
        // Six shots of reference, and room for some that a box beside others does not count; a reference with thick shots in it has nothing to correct.
        thick_lot_at: Some(12),
        target_kg: None,
        step_mpa: 1.5,
        ..Plot::default()
    };
    let stage = Stage::set(&plot);
    let press = stage.press(&[]);
    let moldsight = stage.commission();
    arm(&moldsight, "advise");
    // THEN advice comes with its expected effect and its doubt
    let first = advice(&moldsight, None);
    let weight = |d: &Value| {
        let effects = d["effect"].as_array().expect("effects").clone();
        let found = effects.into_iter().find(|e| e["name"] == "part_weight");
        found.expect("a part weight")
    };
    let expected = weight(&first);
    assert!(expected["change"].as_f64().is_some_and(|c| c != 0.0));
    assert!(expected["change_sd"].as_f64().is_some_and(|sd| sd > 0.0));
    // WHEN a person declines, the press is left alone
    let id = first["id"].as_u64().expect("a number");
    let no = json!({ "id": id, "reason": "first the dryer" });
    assert_eq!(answer(&moldsight, "decline", &no), 200);
    assert_eq!(answer(&moldsight, "confirm", &json!({ "id": id })), 409);
    let second = advice(&moldsight, Some(id));
    assert_eq!(press.writes(0), Vec::<String>::new());
    let declined = moldsight.get(&format!("/api/v1/corrections/{id}"));
    assert_eq!(declined.expect("a decision")["state"], "declined");
    // WHEN a person agrees, the press takes it, it is read back, and what came of it is seen
    let id = second["id"].as_u64().expect("a number");
    assert_eq!(answer(&moldsight, "confirm", &json!({ "id": id })), 200);
    let line = press.says(0, "setpoint hold_pressure");
    let wrote: f64 = line
        .rsplit(' ')
        .next()
        .and_then(|v| v.parse().ok())
        .expect("a value");
    let done = seen_through(&moldsight, id, 60);
    let change = &done["changes"][0];
    let (value, back) = (change["value"].as_f64(), change["read_back"].as_f64());
    assert!((value.expect("a value") / 1e6 - wrote).abs() < 1e-6);
    assert!((back.expect("a value") / 1e6 - wrote).abs() < 1e-6);
    assert_eq!(done["answer"]["confirmed"], true);
    // AND it cannot be confirmed twice
    assert_eq!(answer(&moldsight, "confirm", &json!({ "id": id })), 409);
    let effect = weight(&done);
    println!(
        "advice after the lot: {wrote} MPa; {} kg expected, {} kg seen (shot {})",
        effect["after"], effect["seen"], effect["seen_shot"]
    );
}

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn a_correction_is_written_and_read_back_before_the_next_injection() {
    let count = if std::env::var_os("MOLDSIGHT_PROVE").is_some() {
        20
    } else {
        5
    };
    let (_stage, press, moldsight) = correcting(&Plot::default(), &[]);
    let written = in_force(&moldsight, count);
    assert!(press.writes(0).len() >= count);
    std::thread::sleep(cycles(1.5));
    let shots = moldsight.get("/api/v1/shots?limit=200").expect("shots");
    let shots = shots["shots"].as_array().expect("a list");
    let mut late_s: Vec<f64> = Vec::new();
    for decision in &written {
        let number = decision["shot"].as_u64().expect("a shot");
        let back = decision["read_back_ms"].as_f64().expect("a time");
        let shot = moldsight.get(&format!("/api/v1/shots/{number}?points=2000"));
        let shot = shot.expect("the shot");
        let curve = shot["curves"][0]["time_s"].as_array().expect("times");
        let length_s = curve.last().and_then(Value::as_f64).expect("a time");
        let ended = shot["row"]["started_ms"].as_f64().expect("a time") + 1e3 * length_s;
        late_s.push((back - ended) * 1e-3);
        let next = shots
            .iter()
            .find(|s| s["shot"].as_u64() == Some(number + 1));
        if let Some(next) = next {
            let begins = next["started_ms"].as_f64().expect("a time");
            assert!(back < begins, "read back {} ms too late", back - begins);
        }
    }
    late_s.sort_by(f64::total_cmp);
    let median = late_s[late_s.len() / 2];
    println!(
        "end of the shot to read back over encrypted OPC UA: median {median:.2} s of {} writes, at most {:.2} s",
        late_s.len(),
        late_s[late_s.len() - 1]
    );
    assert!(median < LONGEST_MEDIAN_S, "{late_s:?}");
}

/// A fault of the press: its option, what the press prints, and what the guard says then.
const FAULTS: [(&str, &str, &str, &str); 5] = [
    (
        "--manual-after",
        "mode Manual",
        "holding",
        "guard.not.press_in_automatic",
    ),
    (
        "--revoke-after",
        "revoked",
        "ready",
        "guard.not.setpoints_released",
    ),
    ("--freeze-after", "frozen", "ready", "guard.not.not_frozen"),
    (
        "--silent-after",
        "hang",
        "holding",
        "guard.not.signals_fresh",
    ),
    (
        "--operator-edit-at",
        "operator hold_pressure",
        "edited",
        "guard.by.operator_edit",
    ),
];

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn whatever_goes_wrong_at_the_press_nothing_more_is_written_and_the_reason_is_named() {
    let (stage, mut press, moldsight) = correcting(&Plot::default(), &[]);
    for (option, prints, state, reason) in FAULTS {
        // WHEN the press is switched off and on, its recipe is back: nothing is written until a person accepts that
        drop(press);
        guard_says(&moldsight, two_cycles_s(), "holding", "guard.not.link_up");
        // A press that comes back needs shots without a hole before anything is written.
        press = stage.press(&[option, "6"]);
        guard_says(&moldsight, 30, "edited", "guard.by.operator_edit");
        assert_eq!(press.writes(0), Vec::<String>::new(), "{option}");
        assert_eq!(answer(&moldsight, "accept", &json!({})), 204);
        // AND after good shots the box corrects again, until the fault
        press.says(0, "setpoint hold_pressure");
        let line = press.says(0, prints);
        let from = press.mark();
        let named_s = guard_says(&moldsight, two_cycles_s(), state, reason);
        println!("{option}: `{line}`, {state} because of {reason} after {named_s:.1} s");
        no_further_write(&press, from);
        guard_says(&moldsight, 1, state, reason);
    }
    // AND once the last of them is accepted, the box goes on
    let from = press.mark();
    assert_eq!(answer(&moldsight, "accept", &json!({})), 204);
    press.says(from, "setpoint hold_pressure");
}

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn a_box_that_is_killed_leaves_the_last_confirmed_values_and_reads_before_it_writes() {
    let (stage, press, moldsight) = correcting(&Plot::default(), &[]);
    let last = press.writes(0);
    moldsight.kill();
    let from = press.mark();
    std::thread::sleep(cycles(1.0));
    // THEN the press runs on with what was confirmed
    let moldsight = stage.start_box().expect("the box comes back");
    guard_says(&moldsight, 30, "holding", "guard.not.estimate_trusted");
    let now = moldsight.get("/api/v1/correction").expect("how it stands");
    let hold = now["setpoints"].as_array().expect("setpoints").iter();
    let hold = hold
        .filter(|s| s["setpoint"] == "hold_pressure")
        .find_map(|s| s["value"].as_f64());
    let mpa: f64 = last
        .last()
        .and_then(|l| l.rsplit(' ').next()?.parse().ok())
        .expect("a value");
    assert!((hold.expect("a value") / 1e6 - mpa).abs() < 1e-6);
    // AND nothing is written before good shots
    no_further_write(&press, from);
    let open = decisions(&moldsight);
    assert!(open.iter().all(|d| d["state"] != "written"), "{open:?}");
    if std::env::var_os("MOLDSIGHT_PROVE").is_some() {
        press.says(from, "setpoint hold_pressure");
    }
}

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn a_press_with_a_heartbeat_takes_its_recipe_back_when_the_box_is_killed() {
    let (stage, press, moldsight) = correcting(&Plot::default(), &["--heartbeat-s", "4"]);
    moldsight.kill();
    let from = press.mark();
    let began = Instant::now();
    press.says(from, "baseline");
    println!(
        "recipe back {:.1} s after the kill",
        began.elapsed().as_secs_f64()
    );
    // WHEN the box comes back, it finds other values than it left, and a person has to accept them
    let moldsight = stage.start_box().expect("the box comes back");
    guard_says(&moldsight, 30, "edited", "guard.by.read_otherwise");
    no_further_write(&press, from);
    assert_eq!(answer(&moldsight, "accept", &json!({})), 204);
    guard_says(&moldsight, 5, "holding", "guard.not.estimate_trusted");
}

/// The one key, then two cycles: what the press was told to do afterwards.
fn off(press: &Controller, moldsight: &Moldsight) -> Vec<String> {
    let from = press.mark();
    let began = Instant::now();
    assert_eq!(answer(moldsight, "off", &json!({})), 204);
    guard_says(moldsight, 2, "released", "guard.by.taken_off");
    println!("off the press after {:.2} s", began.elapsed().as_secs_f64());
    std::thread::sleep(cycles(2.5));
    press.writes(from)
}

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn one_key_takes_the_box_off_the_press_and_nothing_is_written_afterwards() {
    let (_stage, press, moldsight) = correcting(&Plot::default(), &[]);
    assert_eq!(off(&press, &moldsight), Vec::<String>::new());
}

#[test]
#[ignore = "minutes in real time: make closing-prove"]
fn over_modbus_the_same_and_the_recipe_is_written_back_where_the_profile_allows_it() {
    let plot = Plot {
        wire: Wire::Modbus,
        restores: true,
        ..Plot::default()
    };
    let (_stage, press, moldsight) = correcting(&plot, &[]);
    let id = in_force(&moldsight, 1)[0]["id"].as_u64().expect("a number");
    let done = seen_through(&moldsight, id, 60);
    println!(
        "over Modbus: {} kg expected, {} kg seen",
        done["effect"][0]["after"], done["effect"][0]["seen"]
    );
    let after = off(&press, &moldsight);
    assert_eq!(after, ["hold_pressure 45"]);
}
