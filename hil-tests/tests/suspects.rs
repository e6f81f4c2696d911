//! A press that does not mold what the box was set up for: the box says so and names the likely cause.
#![allow(clippy::unwrap_used)]

use appliance_pipeline::suspect::Suspect;
use appliance_pipeline::trust::Reason;
use hil_press_sim::Scenario;
use hil_tests::accuracy::{Score, series, series_of};

const USED: [&str; 2] = ["nozzle", "p1"];
/// Place of P1 in the mold's list of sensors.
const P1: usize = 1;

fn told(scores: &[Score], of: impl Fn(Reason) -> bool) -> bool {
    scores.iter().any(|s| s.alarm && of(s.reason))
}

fn disturbed(changes: &[(&str, f64)]) -> Scenario {
    let mut scenario = Scenario::open("matched").unwrap();
    for (latent, factor) in changes {
        scenario.disturbance.insert((*latent).to_owned(), *factor);
    }
    scenario
}

#[test]
fn the_right_card_mold_and_sensor_raise_no_alarm_and_give_mass_and_clamp_force() {
    let scores = series("matched", 11, 4, &USED);
    for s in &scores {
        println!("{s:?}");
        assert!(!s.alarm && s.mass_error.abs() < 1e-3, "{s:?}");
        assert!((s.flash[0] / s.flash[1] - 1.0).abs() < 0.05, "{s:?}");
    }
}

#[test]
fn another_material_is_named() {
    let scenario = disturbed(&[("viscosity", 0.6), ("tau_star", 0.6), ("conductivity", 1.3)]);
    let scores = series_of(&scenario, 11, 3, &USED);
    let material = |r| matches!(r, Reason::Suspect(Suspect::Material(_)));
    assert!(told(&scores, material), "{scores:?}");
}

#[test]
fn a_sensor_plugged_in_at_another_place_is_named() {
    let mut scenario = Scenario::open("matched").unwrap();
    let channel = scenario
        .channels
        .iter_mut()
        .find(|c| c.name == "cavity pressure p1");
    channel.unwrap().sensor = Some("p3".into());
    let scores = series_of(&scenario, 11, 3, &USED);
    let sensor = |r| {
        matches!(
            r,
            Reason::Suspect(Suspect::Sensor(P1)) | Reason::SensorSilent(P1)
        )
    };
    assert!(told(&scores, sensor), "{scores:?}");
}
