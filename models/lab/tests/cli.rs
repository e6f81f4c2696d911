//! The program as its users meet it: what it writes, what it refuses and how.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn moldlab(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_moldlab"))
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_measured_shot_gives_every_sensor_on_the_same_times() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("shot");
    let drive = "models/measured/ps_shot_05.csv";
    let done = moldlab(&[
        "simulate",
        "--mold",
        "models/molds/strip-ps.toml",
        "--drive",
        drive,
        "--at",
        "p1",
        "--out",
        folder.to_str().unwrap(),
    ]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let sensors = text(&folder.join("sensors.csv"));
    let mut lines = sensors.lines();
    assert_eq!(lines.next(), Some("time_s,p1_pa,p2_pa,p3_pa"));
    let measured = text(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(drive),
    );
    assert_eq!(lines.count(), measured.lines().count() - 1);
    for file in [
        "sensors.parquet",
        "summary.json",
        "pressures.svg",
        "temperature.svg",
        "front.svg",
    ] {
        assert!(folder.join(file).metadata().unwrap().len() > 200, "{file}");
    }
    assert!(!folder.join("sensors.partial").exists());
}

#[test]
fn bad_waveforms_are_refused_by_file_and_reason_and_nothing_is_written() {
    let out = tempfile::tempdir().unwrap();
    let csv = out.path().join("wave.csv");
    let never = out.path().join("never");
    for (body, word) in [
        ("time_s,p1_pa\n0,1e5\n0.01,nan\n0.02,2e5\n", "wave.csv"),
        ("time_s,p1_pa\n0,1e5\n0.02,1e5\n0.01,2e5\n", "wave.csv"),
        ("time_s,p2_pa\n0,1e5\n0.01,1e5\n", "p1"),
        ("", "wave.csv"),
    ] {
        std::fs::write(&csv, body).unwrap();
        let done = moldlab(&[
            "simulate",
            "--mold",
            "strip-ps",
            "--drive",
            csv.to_str().unwrap(),
            "--at",
            "p1",
            "--out",
            never.to_str().unwrap(),
        ]);
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{message}");
        assert!(
            message.contains(word) && message.lines().count() == 1,
            "{message}"
        );
        assert!(!never.exists());
    }
}

#[test]
fn bad_molds_are_refused_by_file_and_key() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("bad.toml");
    let good = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../molds/plate-ps.toml"));
    for (old, new, key) in [
        ("gap_mm = 2.5", "gap_mm = -2.5", "gap_mm"),
        ("\"ps_styron678e\"", "\"unobtainium\"", "material"),
        ("at_mm = 60.0", "at_mm = 600.0", "at_mm"),
        ("from = \"step\"", "from = \"nowhere\"", "plate_end"),
        (
            "htc_w_per_m2_k = 1250.0",
            "htc_w_per_m2_k = 1250.0\ncolour = 3",
            "colour",
        ),
    ] {
        assert!(good.contains(old), "{old}");
        std::fs::write(&path, good.replacen(old, new, 1)).unwrap();
        let done = moldlab(&[
            "simulate",
            "--mold",
            path.to_str().unwrap(),
            "--recipe",
            "plate-ps",
        ]);
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{message}");
        assert!(
            message.contains("bad.toml") && message.contains(key),
            "{message}"
        );
    }
}

#[test]
fn a_sweep_resumes_and_a_calibration_never_overwrites() {
    let out = tempfile::tempdir().unwrap();
    let recipes = out.path().join("recipes");
    std::fs::create_dir(&recipes).unwrap();
    let recipe =
        text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../molds/recipes/plate-ps.toml"));
    for hold in ["35.0", "45.0"] {
        std::fs::write(
            recipes.join(format!("hold-{hold}.toml")),
            recipe.replacen("pressure_mpa = 45.0", &format!("pressure_mpa = {hold}"), 1),
        )
        .unwrap();
    }
    let results = out.path().join("results");
    let args = [
        "simulate",
        "--mold",
        "plate-ps",
        "--sweep",
        recipes.to_str().unwrap(),
        "--out",
        results.to_str().unwrap(),
    ];
    assert!(moldlab(&args).status.success());
    let mass = |name: &str| {
        let json: serde_json::Value = serde_json::from_str(&text(&results.join(name))).unwrap();
        json["part_mass_g"].as_f64().unwrap()
    };
    assert!(
        mass("hold-45.0.json") > mass("hold-35.0.json"),
        "more hold pressure, more mass"
    );
    let before = results
        .join("hold-35.0.json")
        .metadata()
        .unwrap()
        .modified()
        .unwrap();
    std::fs::remove_file(results.join("hold-45.0.json")).unwrap();
    let again = moldlab(&args);
    assert!(
        String::from_utf8_lossy(&again.stdout).contains("1 of 2"),
        "{again:?}"
    );
    assert_eq!(
        results
            .join("hold-35.0.json")
            .metadata()
            .unwrap()
            .modified()
            .unwrap(),
        before
    );

    let done = moldlab(&[
        "calibrate",
        "--mold",
        "strip-ps-nominal",
        "--at",
        "p1",
        "--fit",
        "viscosity",
        "--out",
        "models/molds/strip-ps.toml",
        "models/measured/ps_shot_05.csv",
    ]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("exists already"));
}

/// 8-bit weights beside the float ones, judged on as few fresh shots as the release's description asks for.
#[test]
fn a_release_gains_8_bit_weights_that_verify_judges_again() {
    let folder = tempfile::tempdir().unwrap();
    let (float, int8) = (
        folder.path().join("strip-ps-001"),
        folder.path().join("strip-ps-002"),
    );
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/strip-ps-001");
    std::fs::create_dir(&float).unwrap();
    for name in ["weights.safetensors", "model.toml"] {
        std::fs::copy(shipped.join(name), float.join(name)).unwrap();
    }
    let about = text(&float.join("model.toml")).replace("fresh_shots = 96", "fresh_shots = 3");
    std::fs::write(float.join("model.toml"), about).unwrap();
    let quantize = || {
        let (from, to) = (float.to_str().unwrap(), int8.to_str().unwrap());
        moldlab(&["quantize", "--weights", from, "--out", to])
    };
    let done = quantize();
    assert!(done.status.success(), "{done:?}");
    let about = text(&int8.join("model.toml"));
    for part in [
        "moldsight-network-2",
        "[int8]",
        "extra_percent",
        "[int8.errors]",
    ] {
        assert!(about.contains(part), "{part}: {about}");
    }
    let size = |name: &str| int8.join(name).metadata().unwrap().len();
    assert_eq!(
        text_bytes(&float),
        text_bytes(&int8),
        "the float weights stay"
    );
    assert!(size("weights-int8.safetensors") < size("weights.safetensors") / 4);
    let verified = moldlab(&["verify", "--weights", int8.to_str().unwrap(), "--json"]);
    assert!(verified.status.success(), "{verified:?}");
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let error = |kind: &str| told[kind]["later_percent"].as_f64().unwrap();
    assert!((error("int8") - error("float")).abs() < 0.15 && error("int8") != error("float"));
    // A release is never edited, and has its 8-bit weights once.
    assert_eq!(quantize().status.code(), Some(2));
    let again = moldlab(&[
        "quantize",
        "--weights",
        int8.to_str().unwrap(),
        "--out",
        folder.path().join("strip-ps-003").to_str().unwrap(),
    ]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"));
}

fn text_bytes(release: &Path) -> Vec<u8> {
    std::fs::read(release.join("weights.safetensors")).unwrap()
}
