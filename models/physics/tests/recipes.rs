//! Claims about the shipped recipes and the recipe loader.
#![allow(clippy::unwrap_used)] // helpers of tests may panic

use std::collections::BTreeSet;
use std::path::Path;

use models_physics::recipe::Recipe;
use models_physics::{molds, recipes};
use proptest::prelude::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../molds/recipes");

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(format!("{name}.toml"))).unwrap()
}

#[test]
fn the_compiled_list_is_the_folder_and_every_recipe_fits_its_mold() {
    let files: BTreeSet<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(files, recipes::names().map(str::to_owned).collect());
    for name in molds::names() {
        let mold = molds::builtin(name).unwrap();
        if mold.process.recipe.is_some() {
            let recipe = Recipe::default_of(&mold).unwrap();
            recipe.fits(&mold).unwrap();
            assert_eq!(recipe.melt_k, mold.process.melt_k);
            assert_eq!(recipe.mold_k, mold.wall.mold_temperature_k);
        } else {
            let message = Recipe::default_of(&mold).unwrap_err().to_string();
            assert!(message.contains("process.recipe: missing"), "{message}");
        }
    }
    assert!(
        recipes::builtin("soup")
            .unwrap_err()
            .to_string()
            .contains("two-cavity")
    );
}

#[test]
fn every_recipe_survives_writing_and_reading() {
    for name in recipes::names() {
        let recipe = recipes::builtin(name).unwrap();
        let written = recipe.to_toml().unwrap();
        let again = Recipe::from_toml(&written, &recipe.file).unwrap();
        assert_eq!(again.to_toml().unwrap(), written);
        assert!((again.dose_volume / recipe.dose_volume - 1.0).abs() < 1e-12);
        assert_eq!(again.hold.len(), recipe.hold.len());
        assert!((again.hold_time_s() - recipe.hold_time_s()).abs() < 1e-12);
    }
}

#[test]
fn a_bad_recipe_is_refused_with_file_key_and_reason() {
    let good = text("plate-ps");
    let cases = [
        (
            "rate_cm3_s = 25.0",
            "rate_cm3_s = -25.0",
            "x.toml: rate[1].rate_cm3_s: must be above 0, found -25",
        ),
        (
            "rate_cm3_s = 25.0",
            "rate_cm3_s = nan",
            "x.toml: rate[1].rate_cm3_s: must be above 0, found NaN",
        ),
        (
            "until_cm3 = 12.0",
            "until_cm3 = 1.0",
            "x.toml: rate[1].until_cm3: must be above that of the stage before, found 1",
        ),
        (
            "until_cm3 = 12.0",
            "until_cm3 = 9.0",
            "x.toml: rate[1].until_cm3: the last stage must reach transfer.injected_cm3: the recipe never fills",
        ),
        (
            "pressure_mpa = 30.0",
            "pressure_mpa = 0",
            "x.toml: hold[1].pressure_mpa: must be above 0",
        ),
        (
            "pressure_mpa = 30.0",
            "pressure_mpa = 30e6",
            "x.toml: hold[1].pressure_mpa: must be at most 1000",
        ),
        (
            "pressure_mpa = 30.0",
            "pressure_bar = 300",
            "x.toml: hold[1].pressure_bar: unknown key",
        ),
        (
            "\ntime_s = 3.0",
            "\ntime_s = -3.0",
            "x.toml: hold[0].time_s: must be above 0",
        ),
        ("\ntime_s = 3.0", "", "x.toml: hold[0].time_s: missing"),
        (
            "cooling_time_s = 15.0",
            "cooling_time_s = -1",
            "x.toml: cooling_time_s: must be within",
        ),
        (
            "dose_cm3 = 16.0",
            "dose_cm3 = 6.0",
            "x.toml: dose_cm3: must not be below transfer.injected_cm3: the recipe never fills",
        ),
        (
            "max_time_s = 3.0",
            "max_time_s = inf",
            "x.toml: transfer.max_time_s: must be above 0, found inf",
        ),
        ("[transfer]", "[switch]", "x.toml: switch: unknown key"),
        (
            "melt_celsius = 230.0",
            "melt_celsius = 503.15",
            "x.toml: melt_celsius: must be within",
        ),
        ("melt_celsius = 230.0", "melt_celsius = ", "x.toml: line "),
    ];
    for (old, new, expected) in cases {
        let bad = good.replacen(old, new, 1);
        assert_ne!(bad, good, "{old}");
        let message = Recipe::from_toml(&bad, "x.toml").unwrap_err().to_string();
        assert!(message.starts_with(expected), "{new}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let no_rate = good.replace("[[rate]]\nrate_cm3_s = 15.0\nuntil_cm3 = 2.0\n", "");
    let no_rate = no_rate.replace("[[rate]]\nrate_cm3_s = 25.0\nuntil_cm3 = 12.0\n", "");
    let message = Recipe::from_toml(&no_rate, "x.toml")
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("x.toml: rate: a recipe needs at least one"),
        "{message}"
    );
}

#[test]
fn a_recipe_beyond_the_press_is_refused_with_file_key_and_reason() {
    let plate = molds::builtin("plate-ps").unwrap();
    let good = text("plate-ps");
    let cases = [
        (
            "rate_cm3_s = 25.0",
            "rate_cm3_s = 81",
            "x.toml: rate[1].rate_cm3_s: 81 is above the 80 of the press",
        ),
        (
            "max_pressure_mpa = 150.0",
            "max_pressure_mpa = 201",
            "x.toml: transfer.max_pressure_mpa: 201 is above the 200",
        ),
        (
            "pressure_mpa = 45.0",
            "pressure_mpa = 160",
            "x.toml: hold[0].pressure_mpa: 160 is above the 150",
        ),
        (
            "dose_cm3 = 16.0",
            "dose_cm3 = 60",
            "x.toml: dose_cm3: 60 is above the 49 of the press",
        ),
        (
            "dose_cm3 = 16.0",
            "dose_cm3 = 12",
            "x.toml: transfer.injected_cm3: leaves 0.400 cm3 of the dose",
        ),
        (
            "dose_cm3 = 16.0\ncooling_time_s = 15.0",
            "dose_cm3 = 11.6\ncooling_time_s = 15.0",
            "x.toml: dose_cm3: 11.6 is less than the 11.75 cm3 of mold plate-ps: the recipe never fills",
        ),
        (
            "melt_celsius = 230.0",
            "melt_celsius = 280",
            "x.toml: melt_celsius: 280 is outside the 190 to 270 of the press",
        ),
        (
            "mold_celsius = 50.0",
            "mold_celsius = 10",
            "x.toml: mold_celsius: 10 is outside the 20 to 80 of the press",
        ),
    ];
    for (old, new, expected) in cases {
        let bad = good.replacen(old, new, 1);
        assert_ne!(bad, good, "{old}");
        let message = Recipe::from_toml(&bad, "x.toml")
            .unwrap()
            .fits(&plate)
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(expected), "{new}: {message}");
    }
    // The limits themselves are allowed.
    let at_limit = good
        .replace("rate_cm3_s = 25.0", "rate_cm3_s = 80")
        .replace("mold_celsius = 50.0", "mold_celsius = 80");
    Recipe::from_toml(&at_limit, "x.toml")
        .unwrap()
        .fits(&plate)
        .unwrap();
}

proptest! {
    #[test]
    fn garbage_is_an_error_and_never_a_panic(text in "\\PC*") {
        prop_assert!(Recipe::from_toml(&text, "x.toml").is_err());
    }

    #[test]
    fn a_damaged_recipe_never_panics(at in 0usize..10_000, byte in 32u8..127) {
        let mut good = text("plate-ps").into_bytes();
        let at = at % good.len();
        good[at] = byte;
        if let Ok(text) = String::from_utf8(good) {
            let _ = Recipe::from_toml(&text, "x.toml");
        }
    }
}
