//! Claims about the shipped material cards and the card loader.
#![allow(clippy::unwrap_used)] // helpers of tests may panic

use std::collections::BTreeSet;
use std::path::Path;

use models_physics::card::{MaterialCard, Trust};
use models_physics::cards;
use models_physics::input::InputError;
use models_units::{Pressure, Temperature};
use proptest::prelude::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cards");

fn all() -> Vec<MaterialCard> {
    cards::keys()
        .map(|key| cards::builtin(key).unwrap())
        .collect()
}

#[test]
fn the_compiled_list_is_the_folder_and_keys_are_file_stems() {
    let files: BTreeSet<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, cards::keys().map(str::to_owned).collect());
    for key in cards::keys() {
        assert_eq!(cards::builtin(key).unwrap().key, key);
        let loaded = MaterialCard::load(Path::new(FOLDER).join(format!("{key}.toml"))).unwrap();
        assert_eq!(loaded, cards::builtin(key).unwrap());
    }
}

#[test]
fn every_source_is_in_the_bibliography_and_every_card_in_the_table() {
    let bib = std::fs::read_to_string(Path::new(FOLDER).join("literature.bib")).unwrap();
    let table = std::fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap();
    for card in all() {
        for source in &card.sources {
            let known = source.starts_with("measured:") || bib.contains(&format!("{{{source},"));
            assert!(
                known,
                "{}: source {source} is not in literature.bib",
                card.key
            );
        }
        assert!(
            table.contains(&format!("| `{}` |", card.key)),
            "{} is not in README.md",
            card.key
        );
    }
}

#[test]
fn stated_densities_agree_with_the_tait_sets() {
    for card in all() {
        if let (Some(stated), Some(tait)) = (card.density_298k, card.tait) {
            let found = 1.0 / tait.point(298.15, 0.0).v;
            assert!(
                (found / stated - 1.0).abs() < 0.01,
                "{}: {found} against {stated}",
                card.key
            );
            // The sources print four digits, which these sets meet.
            assert!(
                (found / stated - 1.0).abs() < 1e-3,
                "{}: {found} against {stated}",
                card.key
            );
        }
    }
    let b = cards::builtin("ps_styron678e")
        .unwrap()
        .tait_alternative
        .unwrap();
    assert!((1.0 / b.point(298.15, 0.0).v / 1048.0 - 1.0).abs() < 1e-3);
}

/// V12: Tait to the printed digits, from the cards.
#[test]
fn v12_tait_of_the_cards() {
    let rows = [
        ("ps_styron678e", 298.15, [0.958785, 0.946535, 0.935819]),
        ("ps_styron678e", 433.0, [1.010800, 0.982247, 0.960583]),
        ("hdpe_sabic", 450.65, [1.311090, 1.252725, 1.213939]),
        ("abs_810", 439.0, [1.005780, 0.971526, 0.946782]),
        ("pom_delrin100_nc010", 478.0, [0.857100, 0.833667, 0.815747]),
    ];
    for (key, t_k, expected) in rows {
        let tait = cards::builtin(key).unwrap().tait.unwrap();
        for (mpa, expected) in [0.0, 50.0, 100.0].into_iter().zip(expected) {
            let found = tait
                .specific_volume(Temperature::from_k(t_k), Pressure::from_mpa(mpa))
                .cm3_per_g();
            println!("V12 {key} {t_k} K {mpa} MPa: {found:.6}, expected {expected:.6}");
            assert!((found - expected).abs() <= 5.01e-7, "{key}: {found}");
        }
    }
}

#[test]
fn the_two_measured_grades_are_complete_and_the_others_are_refused_by_what_they_lack() {
    for card in all() {
        let complete = ["hdpe_sabic", "ps_styron678e"].contains(&card.key.as_str());
        assert_eq!(card.require_simulation().is_ok(), complete, "{}", card.key);
        if let Err(error) = card.require_simulation() {
            let text = error.to_string();
            assert!(text.contains(&card.key) && text.contains("lacks"), "{text}");
            for lacking in card.lacking() {
                assert!(text.contains(&lacking), "{text}");
                assert!(
                    lacking.contains('('),
                    "{}: no reason for {lacking}",
                    card.key
                );
            }
        }
    }
    let abs = cards::builtin("abs_810")
        .unwrap()
        .require_simulation()
        .unwrap_err()
        .to_string();
    assert!(abs.contains("heat_capacity (not in the row"), "{abs}");
    assert!(!abs.contains("rheology") && !abs.contains("tait"), "{abs}");
    assert_eq!(
        cards::builtin("handbook_pom").unwrap().trust,
        Trust::Suspect
    );
}

#[test]
fn hdpe_heat_capacity_carries_the_latent_heat_of_its_crystalline_share() {
    let cp = cards::builtin("hdpe_sabic").unwrap().heat_capacity.unwrap();
    let with_peak = cp.enthalpy(390.65) - cp.enthalpy(370.65);
    let sensible = 0.5 * (cp.cp(370.65) + cp.cp(390.65)) * 20.0;
    assert!(
        ((with_peak - sensible) / 189_979.0 - 1.0).abs() < 0.02,
        "{}",
        with_peak - sensible
    );
}

#[test]
fn an_unknown_card_is_named_with_the_known_ones() {
    let error = cards::builtin("pvc_9000").unwrap_err();
    assert!(matches!(error, InputError::UnknownName { .. }));
    let text = error.to_string();
    assert!(
        text.contains("pvc_9000") && text.contains("ps_styron678e"),
        "{text}"
    );
}

#[test]
fn a_bad_card_is_refused_with_file_key_and_reason() {
    let good = std::fs::read_to_string(Path::new(FOLDER).join("ps_styron678e.toml")).unwrap();
    let cases = [
        (
            "n = 0.252",
            "n = 1.2",
            "x.toml: cross_wlf.n: must be within",
            "found 1.2",
        ),
        (
            "n = 0.252",
            "n = nan",
            "x.toml: cross_wlf.n: must be within",
            "found NaN",
        ),
        ("n = 0.252", "", "x.toml: cross_wlf.n: ", "missing"),
        (
            "n = 0.252",
            "n = 0.252\nm = 1.0",
            "x.toml: cross_wlf.m: ",
            "unknown key",
        ),
        (
            "n = 0.252",
            "n = \"thin\"",
            "x.toml: cross_wlf.n: ",
            "invalid type",
        ),
        ("n = 0.252", "n = = 2", "x.toml: line ", ""),
        (
            "b1m_m3_per_kg = 9.76e-4",
            "b1m_m3_per_kg = 0.976",
            "x.toml: tait.b1m_m3_per_kg: ",
            "found 0.976",
        ),
        (
            "b1s_m3_per_kg = 9.76e-4",
            "b1s_m3_per_kg = 9.0e-4",
            "x.toml: density_298k_kg_per_m3: ",
            "1 %",
        ),
        (
            "name = ",
            "colour = 3\nname = ",
            "x.toml: colour: ",
            "unknown key",
        ),
        ("name = \"PS Styron 678E\"", "", "x.toml: name: ", "missing"),
        (
            "cp_j_per_kg_k = [1377.7, ",
            "cp_j_per_kg_k = [",
            "x.toml: heat_capacity.cp_j_per_kg_k: ",
            "expected 9 values, found 8",
        ),
        (
            "[0.19493, 0.2016, 0.2246]",
            "[0.19493, -0.2016, 0.2246]",
            "x.toml: conductivity.k_w_per_m_k: ",
            "entry 1",
        ),
        (
            "constant_w_per_m2_k = 1250.0",
            "",
            "x.toml: wall_contact.htc_w_per_m2_k: ",
            "give either",
        ),
        (
            "trust = \"measured+validated\"",
            "trust = \"sure\"",
            "x.toml: trust: ",
            "sure",
        ),
        (
            "temperature_k = 373.15",
            "temperature_k = 700.0",
            "x.toml: no_flow.temperature_k: ",
            "below the melt range",
        ),
    ];
    for (old, new, start, contains) in cases {
        let bad = good.replacen(old, new, 1);
        assert_ne!(bad, good, "{old}");
        let text = MaterialCard::from_toml(&bad, "x.toml")
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with(start) && text.contains(contains),
            "{new}: {text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let text = MaterialCard::load("no/such/card.toml")
        .unwrap_err()
        .to_string();
    assert!(text.contains("no/such/card.toml"), "{text}");
}

#[test]
fn constants_are_accepted_for_heat_capacity_and_conductivity() {
    let card = cards::builtin("osswald_ps").unwrap();
    assert_eq!(card.heat_capacity.unwrap().cp(500.0), 1340.0);
    assert_eq!(card.conductivity.unwrap().k(500.0, 1e8), 0.15);
}

proptest! {
    #[test]
    fn garbage_is_an_error_and_never_a_panic(text in "\\PC*") {
        prop_assert!(MaterialCard::from_toml(&text, "x.toml").is_err());
    }

    #[test]
    fn a_damaged_card_never_panics(at in 0usize..4000, byte in 32u8..127) {
        let good = std::fs::read_to_string(Path::new(FOLDER).join("hdpe_sabic.toml")).unwrap();
        let mut bytes = good.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = MaterialCard::from_toml(&text, "x.toml");
        }
    }
}
