//! Scenarios are strict: what is wrong is named with file, key and reason.

use hil_press_sim::{PressSimError, Scenario};

const GOOD: &str = r#"
title = "t"
mold = "plate-ps"
seed = 3

[[channel]]
name = "p"
signal = "sensor"
sensor = "p1"
unit = "Megapascal"
min = 0.0
max = 100.0
"#;

fn refused(text: &str) -> String {
    Scenario::from_toml(text, "here.toml")
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn every_shipped_scenario_opens() {
    for name in Scenario::names() {
        Scenario::open(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    assert!(matches!(
        Scenario::open("demoo"),
        Err(PressSimError::UnknownScenario { .. })
    ));
}

#[test]
fn what_is_wrong_is_named_with_file_key_and_reason() {
    Scenario::from_toml(GOOD, "here.toml").expect("sound");
    let cases = [
        ("seed = 3", "seed = 3\nsed = 4", "sed"),
        ("seed = 3", "seed = -3", "seed"),
        ("plate-ps", "plate-pp", "plate-pp"),
        ("plate-ps", "strip-ps", "no press"),
        ("\"p1\"", "\"p9\"", "channel[0].sensor"),
        ("Megapascal", "Volt", "channel[0].unit"),
        ("max = 100.0", "max = -1.0", "channel[0].max"),
        (
            "max = 100.0",
            "max = 100.0\nlag_s = -1.0",
            "channel[0].lag_s",
        ),
        ("seed = 3", "seed = 3\nrate_hz = 3000", "rate_hz"),
        ("seed = 3", "seed = 3\nnode = \"12\"", "node"),
        (
            "seed = 3",
            "seed = 3\n[disturbance]\nviscosty = 1.1",
            "viscosty",
        ),
        (
            "seed = 3",
            "seed = 3\n[disturbance]\nviscosity = 0.0",
            "disturbance.viscosity",
        ),
        (
            "seed = 3",
            "seed = 3\n[cycle]\nclose_s = 0.0",
            "cycle.close_s",
        ),
        (
            "seed = 3",
            "seed = 3\n[[drift]]\nlatent = \"gap\"\nswing_period_s = 0.0",
            "drift[0].swing_period_s",
        ),
        (
            "seed = 3",
            "seed = 3\n[[drift]]\nlatent = \"gap\"\nfrom_shot = 4\nuntil_shot = 3",
            "drift[0].until_shot",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 0\nkind = \"purge\"\ncount = 1",
            "event[0].shot",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 1\nkind = \"purge\"",
            "event[0].count",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 1\nkind = \"silent\"\nchannel = \"q\"",
            "event[0].channel",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 1\nkind = \"idle\"\nidle_s = 5.0\ncount = 2",
            "event[0].count",
        ),
        (
            "seed = 3",
            "seed = 3\n[controller]\nheartbeat_s = 0.0",
            "controller.heartbeat_s",
        ),
        (
            "seed = 3",
            "seed = 3\n[controller]\nlimits = { pack_pressure = [1.0, 2.0] }",
            "controller.limits.pack_pressure",
        ),
        (
            "seed = 3",
            "seed = 3\n[controller]\nlimits = { hold_time = [2.0, 1.0] }",
            "controller.limits.hold_time",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 2\nkind = \"operator_edit\"\nsetpoint = \"hold_time\"",
            "event[0].by",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 2\nkind = \"operator_edit\"\nsetpoint = \"pack\"\nby = 1.0",
            "event[0].setpoint",
        ),
        (
            "seed = 3",
            "seed = 3\n[[event]]\nshot = 2\nkind = \"revoke\"\nby = 1.0",
            "event[0].by",
        ),
    ];
    for (from, to, names) in cases {
        let message = refused(&GOOD.replacen(from, to, 1));
        let from_file = message.contains("here.toml") || names == "plate-pp";
        assert!(message.contains(names) && from_file, "{to}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert!(refused("title = ").contains("here.toml: line 1"));
}
