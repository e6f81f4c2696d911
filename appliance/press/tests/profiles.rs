//! Profiles: those that ship are good, those that cannot be meant are refused by their key.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use appliance_pipeline::ports::Setpoint;
use appliance_press::{PressError, Profile};
use std::path::Path;

fn shipped(name: &str) -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("profiles")
            .join(name),
    )
    .unwrap()
}

#[test]
fn every_shipped_profile_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        Profile::load(&file.unwrap().path()).unwrap();
        count += 1;
    }
    assert!(count >= 4);
}

#[test]
fn the_reading_profile_writes_nothing() {
    let profile = Profile::parse(&shipped("e77-reading.toml"), Path::new("e77")).unwrap();
    let abilities = profile.abilities();
    assert!(
        Setpoint::ALL
            .into_iter()
            .all(|s| abilities.writable(s).is_none())
    );
    assert!(!abilities.restore && abilities.heartbeat.is_none());
}

#[test]
fn a_profile_that_cannot_be_meant_is_refused_by_its_key() {
    for (file, old, new, key) in [
        (
            "press-sim-opcua.toml",
            "restore = true",
            "restroe = true",
            "line 3",
        ),
        (
            "press-sim-opcua.toml",
            "unit = \"MPa\"",
            "unit = \"s\"",
            "setpoint.hold_pressure.unit",
        ),
        (
            "press-sim-opcua.toml",
            "unit = \"MPa\"",
            "unit = \"psi\"",
            "line ",
        ),
        (
            "press-sim-opcua.toml",
            "low = 0.0",
            "low = 900.0",
            "setpoint.hold_pressure.high",
        ),
        (
            "press-sim-opcua.toml",
            "low = 0.0\n",
            "",
            "setpoint.hold_pressure.low",
        ),
        (
            "press-sim-opcua.toml",
            "low = 0.0",
            "scale = 0.0\nlow = 0.0",
            "setpoint.hold_pressure.scale",
        ),
        (
            "press-sim-opcua.toml",
            "[setpoint.hold_pressure]",
            "[setpoint.pack_pressure]",
            "setpoint.pack_pressure",
        ),
        (
            "press-sim-opcua.toml",
            "s=hold_pressure",
            "hold_pressure",
            "line ",
        ),
        (
            "press-sim-opcua.toml",
            "mode = \"None\"",
            "mode = \"Sign\"",
            "opcua.mode",
        ),
        (
            "press-sim-opcua.toml",
            "mode = \"None\"",
            "mode = \"None\"\nuser = \"box\"\npassword_file = \"p\"",
            "opcua.user",
        ),
        (
            "press-sim-opcua.toml",
            "opc.tcp://",
            "http://",
            "opcua.endpoint",
        ),
        (
            "press-sim-opcua.toml",
            "namespace = \"urn:moldsight:press-sim\"\n",
            "",
            "setpoint.",
        ),
        (
            "press-sim-opcua.toml",
            "period_s = 1.0",
            "period_s = 0.0",
            "heartbeat.period_s",
        ),
        (
            "press-sim-opcua.toml",
            "automatic = [\"Automatic\"]\n",
            "",
            "signal.operating_mode.automatic",
        ),
        (
            "press-sim-opcua.toml",
            "stale_after_s = 180.0",
            "stale_after_s = nan",
            "stale_after_s",
        ),
        ("press-sim-opcua.toml", "[opcua]", "[opc]", "opcua"),
        (
            "press-sim-modbus.toml",
            "host = \"127.0.0.1:5502\"\n",
            "",
            "modbus.host",
        ),
        (
            "press-sim-modbus.toml",
            "table = \"holding\", address = 0",
            "table = \"input\", address = 0",
            "setpoint.hold_pressure.at",
        ),
        (
            "press-sim-modbus.toml",
            "type = \"uint16\"\nautomatic",
            "automatic",
            "signal.operating_mode.type",
        ),
    ] {
        let text = shipped(file);
        assert!(text.contains(old), "{file} has no {old}");
        match Profile::parse(&text.replacen(old, new, 1), Path::new(file)) {
            Err(PressError::Profile {
                path,
                key: found,
                reason,
            }) => {
                assert!(
                    path == Path::new(file) && found.starts_with(key),
                    "{old} -> {new}: {found}: {reason}"
                );
            }
            other => panic!("{old} -> {new}: {other:?}"),
        }
    }
}
