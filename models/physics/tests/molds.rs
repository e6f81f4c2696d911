//! Claims about the shipped molds and the mold loader.
#![allow(clippy::unwrap_used)] // helpers of tests may panic

use std::collections::BTreeSet;
use std::path::Path;

use models_physics::input::InputError;
use models_physics::mold::{Grid, Mold, Provenance, SensorQuantity, Shape};
use models_physics::molds;
use proptest::prelude::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../molds");

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(format!("{name}.toml"))).unwrap()
}

/// The message for a mold text, which must be one line that starts with the file.
fn refusal(text: &str) -> String {
    let message = Mold::from_toml(text, "x.toml").unwrap_err().to_string();
    assert!(message.starts_with("x.toml: "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn the_compiled_list_is_the_folder_and_every_mold_loads_with_its_card() {
    let files: BTreeSet<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, molds::names().map(str::to_owned).collect());
    for name in molds::names() {
        let mold = molds::builtin(name).unwrap();
        assert_eq!(mold.name, name);
        mold.card().unwrap().require_simulation().unwrap();
    }
    let error = molds::builtin("teapot").unwrap_err();
    assert!(matches!(error, InputError::UnknownName { .. }));
    assert!(error.to_string().contains("teapot") && error.to_string().contains("plate-ps"));
}

#[test]
fn the_plate_is_what_it_says() {
    let plate = molds::builtin("plate-ps").unwrap();
    let names: Vec<_> = plate.elements.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(
        names,
        ["runner", "gate", "plate", "plate_end"],
        "file order is kept"
    );
    let Shape::Tube {
        radius_start,
        radius_end,
        length,
    } = plate.elements[0].shape
    else {
        panic!("the runner is a tube");
    };
    assert!((radius_start - 2.5e-3).abs() < 1e-15 && radius_start == radius_end);
    assert!((length - 0.06).abs() < 1e-15);
    assert!((plate.cavity_volume() - (80.0 * 2.5 + 40.0 * 1.6) * 40.0 * 1e-9).abs() < 1e-15);
    assert_eq!(
        plate.sensor("t2").unwrap().quantity,
        SensorQuantity::CenterTemperature
    );
    assert_eq!(plate.grid, Grid::default());
    assert!((plate.wall.mold_temperature_k - 323.15).abs() < 1e-12);
    assert!(plate.press.is_some() && plate.wall.steel.is_some());
}

#[test]
fn the_nominal_strip_is_the_measured_rig() {
    let strip = molds::builtin("strip-ps-nominal").unwrap();
    let at: Vec<f64> = strip.sensors.iter().map(|s| s.at * 1e3).collect();
    for (found, expected) in at.iter().zip([0.0, 27.9, 56.25]) {
        assert!((found - expected).abs() < 1e-12);
    }
    assert!((strip.elements[0].shape.length() - 65.75e-3).abs() < 1e-15);
    assert!((strip.process.melt_k - 503.15).abs() < 1e-12);
    let no_flow = strip.card().unwrap().no_flow_k.unwrap() + strip.latents["no_flow"];
    assert!((no_flow - 403.15).abs() < 1e-12);
    assert!(strip.press.is_none());
}

#[test]
fn every_mold_survives_writing_and_reading() {
    for name in molds::names() {
        let mut mold = molds::builtin(name).unwrap();
        mold.latents.insert("viscosity".into(), 1.0 / 3.0);
        mold.provenance = Some(Provenance {
            base_mold: format!("models/molds/{name}.toml"),
            fitted_on: vec!["ps_shot_02.csv".into()],
            std_dev: [("viscosity".to_owned(), 0.04)].into(),
            ..Provenance::default()
        });
        let written = mold.to_toml().unwrap();
        let again = Mold::from_toml(&written, &mold.file).unwrap();
        assert_eq!(again.to_toml().unwrap(), written, "writing is stable");
        assert_eq!(again.latents, mold.latents);
        assert_eq!(again.provenance, mold.provenance);
        assert_eq!(again.sensors.len(), mold.sensors.len());
        assert!((again.volume() / mold.volume() - 1.0).abs() < 1e-11);
        for (a, b) in again.elements.iter().zip(&mold.elements) {
            assert_eq!(
                (&a.name, &a.from, &a.to, a.cells, a.cavity),
                (&b.name, &b.from, &b.to, b.cells, b.cavity)
            );
            assert!((a.shape.volume() / b.shape.volume() - 1.0).abs() < 1e-11);
        }
        assert_eq!(again.wall.htc, mold.wall.htc);
        assert_eq!(again.press.is_some(), mold.press.is_some());
    }
}

#[test]
fn a_bad_dimension_is_refused_with_file_key_and_reason() {
    let good = text("plate-ps");
    let cases = [
        (
            "gap_mm = 2.5",
            "gap_mm = -1",
            "x.toml: element.plate.gap_mm: must be above 0, found -1",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = 0.0",
            "x.toml: element.plate.gap_mm: must be above 0, found 0",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = nan",
            "x.toml: element.plate.gap_mm: must be above 0, found NaN",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = inf",
            "x.toml: element.plate.gap_mm: must be above 0, found inf",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = 25000",
            "x.toml: element.plate.gap_mm: must be at most",
        ),
        ("gap_mm = 2.5", "", "x.toml: element.plate.gap_mm: missing"),
        (
            "gap_mm = 2.5",
            "gap_mm = \"thin\"",
            "x.toml: element.plate.gap_mm: invalid type",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = 2.5\ngapp_mm = 2.5",
            "x.toml: element.plate.gapp_mm: unknown key",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = 2.5\ndiameter_mm = 2.5",
            "x.toml: element.plate.diameter_mm: not a dimension of a strip",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = 2.5\ncells = 0",
            "x.toml: element.plate.cells: must be within",
        ),
        (
            "gap_mm = 2.5",
            "gap_mm = 2.5\ncells = -3",
            "x.toml: element.plate.cells: invalid value",
        ),
        (
            "shape = \"tube\"",
            "shape = \"cone\"",
            "x.toml: element.runner.shape: unknown variant `cone`",
        ),
        (
            "diameter_mm = 5.0",
            "diameter_mm = -5.0",
            "x.toml: element.runner.diameter_mm: must be above 0",
        ),
        (
            "htc_w_per_m2_k = 1250.0",
            "htc_w_per_m2_k = 0",
            "x.toml: wall.htc_w_per_m2_k: must be above 0",
        ),
        (
            "htc_w_per_m2_k = 1250.0",
            "",
            "x.toml: wall.htc_w_per_m2_k: give either",
        ),
        (
            "thickness_mm = 15.0",
            "thickness_mm = -15.0",
            "x.toml: wall.steel.thickness_mm: must be above 0",
        ),
        (
            "melt_celsius = 230.0",
            "melt_celsius = 2300.0",
            "x.toml: process.melt_celsius: must be within",
        ),
        (
            "layers = 16",
            "layers = 1",
            "x.toml: grid.layers: must be within",
        ),
        (
            "hold_loss = 0.03",
            "hold_loss = 1.5",
            "x.toml: press.hold_loss: must be within",
        ),
        ("hold_loss = 0.03", "", "x.toml: press.hold_loss: missing"),
        (
            "max_hold_pressure_mpa = 150.0",
            "max_hold_pressure_mpa = 900.0",
            "x.toml: press.max_hold_pressure_mpa: must be within",
        ),
        (
            "compliance_m_per_pa = 0.3e-12",
            "compliance_m_per_pa = -1e-12",
            "x.toml: compliance_m_per_pa: must be within",
        ),
    ];
    for (old, new, expected) in cases {
        let bad = good.replacen(old, new, 1);
        assert_ne!(bad, good, "{old}");
        let message = refusal(&bad);
        assert!(message.starts_with(expected), "{new}: {message}");
    }
}

#[test]
fn a_mold_that_does_not_hold_together_is_refused_with_file_key_and_reason() {
    let good = text("plate-ps");
    let cases = [
        (
            "to = \"gate_in\"",
            "to = \"nowhere\"",
            "x.toml: element.gate.from: point \"gate_in\" is not connected to the inlet \"nozzle\"",
        ),
        (
            "to = \"gate_in\"",
            "to = \"nozzle\"",
            "x.toml: element.runner.to: both ends are at point \"nozzle\"",
        ),
        (
            "inlet = \"nozzle\"",
            "inlet = \"spout\"",
            "x.toml: inlet: no element has a point \"spout\"; points are end, gate_in",
        ),
        (
            "material = \"ps_styron678e\"",
            "material = \"cheese\"",
            "x.toml: material: unknown material \"cheese\"; shipped are abs_810",
        ),
        (
            "material = \"ps_styron678e\"",
            "material = \"cheese.toml\"",
            "x.toml: material: unknown material \"cheese.toml\"",
        ),
        (
            "at_mm = 60.0",
            "at_mm = 99.0",
            "x.toml: sensor.p2.at_mm: 99.000 is off element plate (0 to 80.000)",
        ),
        (
            "at_mm = 60.0",
            "at_mm = -1.0",
            "x.toml: sensor.p2.at_mm: must not be below 0, found -1",
        ),
        (
            "at_mm = 60.0",
            "at_mm = nan",
            "x.toml: sensor.p2.at_mm: must not be below 0, found NaN",
        ),
        (
            "element = \"plate_end\"",
            "element = \"lid\"",
            "x.toml: sensor.p3.element: there is no element \"lid\"; elements are runner",
        ),
        (
            "kind = \"virtual\"",
            "kind = \"imagined\"",
            "x.toml: sensor.p2.kind: unknown variant `imagined`",
        ),
        ("[sensor.p2]", "[sensor.p1]", "x.toml: line "),
        ("[element.gate]", "[element.runner]", "x.toml: line "),
        (
            "[element.gate]",
            "[element.\"a gate\"]",
            "x.toml: element.a gate: a name is 1 to 64 letters",
        ),
        (
            "[press]",
            "[latents]\nviscous = 2.0\n[press]",
            "x.toml: latents.viscous: unknown latent",
        ),
        (
            "[press]",
            "[latents]\ngap = nan\n[press]",
            "x.toml: latents.gap: latent `gap` is NaN",
        ),
        (
            "name = \"plate-ps\"",
            "name = \"plate-ps\"\ncolour = 1",
            "x.toml: colour: unknown key",
        ),
        ("inlet = \"nozzle\"", "", "x.toml: inlet: missing"),
    ];
    for (old, new, expected) in cases {
        let bad = good.replacen(old, new, 1);
        assert_ne!(bad, good, "{old}");
        let message = refusal(&bad);
        assert!(message.starts_with(expected), "{new}: {message}");
    }
    assert!(refusal(&good.replacen("[sensor.p2]", "[sensor.p1]", 1)).contains("duplicate"));
    let no_cavity = good.replace("cavity = true", "cavity = false");
    assert_eq!(
        refusal(&no_cavity),
        "x.toml: element: no element has cavity = true"
    );
    let head = good.split("[element.runner]").next().unwrap();
    assert_eq!(
        refusal(head),
        "x.toml: element: a mold needs at least one element"
    );
    let message = Mold::load("no/such.toml").unwrap_err().to_string();
    assert!(message.starts_with("no/such.toml: "), "{message}");
}

#[test]
fn a_mold_changed_in_memory_is_checked_before_it_is_written() {
    let mut mold = molds::builtin("disc").unwrap();
    let twin = mold.sensors[1].clone();
    mold.sensors.push(twin);
    let message = mold.to_toml().unwrap_err().to_string();
    assert_eq!(
        message,
        "models/molds/disc.toml: sensor.p1: the name is used twice"
    );
}

#[test]
fn loops_and_several_gates_are_accepted() {
    let mut mold = molds::builtin("two-cavity").unwrap();
    for e in &mut mold.elements {
        // Both runners now feed one cavity from its two ends.
        if e.name == "plate_b" {
            e.from = "plate_a_end".into();
            e.to = "plate_b_in".into();
        }
    }
    mold.validate().unwrap();
}

#[test]
fn a_card_beside_the_mold_file_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let card = Path::new(FOLDER).join("../cards/ps_styron678e.toml");
    std::fs::copy(card, dir.path().join("own.toml")).unwrap();
    let mold = text("disc").replace("\"ps_styron678e\"", "\"own.toml\"");
    std::fs::write(dir.path().join("mold.toml"), mold).unwrap();
    let mold = Mold::load(dir.path().join("mold.toml")).unwrap();
    assert_eq!(mold.card().unwrap().key, "ps_styron678e");
}

proptest! {
    #[test]
    fn garbage_is_an_error_and_never_a_panic(text in "\\PC*") {
        prop_assert!(Mold::from_toml(&text, "x.toml").is_err());
    }

    #[test]
    fn a_damaged_mold_never_panics(at in 0usize..10_000, bytes in prop::collection::vec(32u8..127, 1..6)) {
        let mut good = text("two-cavity").into_bytes();
        let at = at % good.len();
        for (slot, byte) in good[at..].iter_mut().zip(bytes) {
            *slot = byte;
        }
        let text = String::from_utf8_lossy(&good);
        if let Err(error) = Mold::from_toml(&text, "x.toml") {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    /// Whatever a number is set to, the mold is refused or every volume is positive and finite.
    #[test]
    fn any_number_is_refused_or_gives_a_mold(value in prop::num::f64::ANY) {
        let text = text("plate-ps").replacen("gap_mm = 2.5", &format!("gap_mm = {value:?}").replace("NaN", "nan"), 1);
        if let Ok(mold) = Mold::from_toml(&text, "x.toml") {
            prop_assert!(mold.volume().is_finite() && mold.volume() > 0.0);
        }
    }
}
