//! Sensors that fall silent and codes that stand at a rail: the estimate goes on, or the box says why not.

use hil_tests::moldsight::{Moldsight, reading};
use hil_tests::press::{Press, config};
use serde_json::Value;

/// The demo's press whose sensors fail one after the other.
const EVENTS: &str = r#"
[[event]]
shot = 2
kind = "silent"
channel = "cavity pressure p1"
after_s = 0.3

[[event]]
shot = 3
kind = "recover"
channel = "cavity pressure p1"

[[event]]
shot = 3
kind = "over_range"
channel = "nozzle pressure"
after_s = 1.0

[[event]]
shot = 4
kind = "recover"
channel = "nozzle pressure"
"#;

fn problem(health: &Value, key: &str, subject: &str) -> bool {
    let problems = health["problems"].as_array();
    problems.is_some_and(|all| {
        let key = format!("problem.{key}");
        all.iter()
            .any(|p| p["key"] == key && p["subject"] == subject)
    })
}

fn wait_problem(moldsight: &Moldsight, key: &str, subject: &str, there: bool) {
    moldsight.wait("/api/v1/health", 90, |health| {
        (problem(health, key, subject) == there).then_some(())
    });
}

#[test]
fn a_silent_sensor_is_replaced_and_a_railed_one_is_never_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("failing.toml");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/press-sim/scenarios/demo.toml");
    let text = std::fs::read_to_string(demo).expect("the demo's scenario");
    std::fs::write(&scenario, text + EVENTS).expect("a file");
    let _press = Press::scenario(folder.path(), scenario.to_str().expect("text"));
    let file = config(folder.path(), "demo", |text| text);
    let moldsight = Moldsight::start(&file).expect("the box comes up");

    // WHEN the cavity sensor falls silent in the middle of a shot
    wait_problem(&moldsight, "sensor_silent", "cavity pressure p1", true);
    // THEN its place is estimated, and so is every other
    moldsight.wait("/api/v1/live/latest", 5, |live| {
        let (p1, p3) = (reading(live, "p1")?, reading(live, "p3")?);
        let estimated = [p1, p3]
            .iter()
            .all(|r| r["estimate"].is_f64() && r["sd"].is_f64());
        (p1["measured"].is_null() && estimated && p3["missing"].is_null()).then_some(())
    });
    // AND the problem ends with the silence
    wait_problem(&moldsight, "sensor_silent", "cavity pressure p1", false);

    // WHEN the converter of the nozzle sensor stands at its rail
    wait_problem(&moldsight, "sensor_saturated", "nozzle pressure", true);
    // THEN the code is taken for no pressure: without the sensor that drives the model there is no estimate, and the box says so
    moldsight.wait("/api/v1/live/latest", 5, |live| {
        let (nozzle, p3) = (reading(live, "nozzle")?, reading(live, "p3")?);
        let said = p3["missing"] == "missing.sensor_silent" && p3["estimate"].is_null();
        (nozzle["measured"].is_null() && said).then_some(())
    });
    // AND once the shot is over its part is not judged
    moldsight.wait("/api/v1/live/latest", 60, |live| {
        let trust = &live["trust"];
        (trust["reason"] == "trust.sensor_silent" && trust["subject"] == "nozzle").then_some(())
    });
    // AND with the sensor the estimates are back
    wait_problem(&moldsight, "sensor_saturated", "nozzle pressure", false);
    moldsight.wait("/api/v1/live/latest", 60, |live| {
        let p3 = reading(live, "p3")?;
        (p3["missing"].is_null() && p3["estimate"].as_f64()? > 5e6).then_some(())
    });
    assert!(moldsight.stop());
}
