//! The material cards that ship, compiled in so that the program works from any folder.

use crate::card::{CardError, MaterialCard};

/// Key and text of every file in `models/cards`; a test compares the list with the folder.
const CARDS: &[(&str, &str)] = &[
    ("abs_810", include_str!("../../cards/abs_810.toml")),
    ("abs_jiupan1", include_str!("../../cards/abs_jiupan1.toml")),
    (
        "handbook_hdpe",
        include_str!("../../cards/handbook_hdpe.toml"),
    ),
    (
        "handbook_ipp",
        include_str!("../../cards/handbook_ipp.toml"),
    ),
    ("handbook_pa", include_str!("../../cards/handbook_pa.toml")),
    ("handbook_pc", include_str!("../../cards/handbook_pc.toml")),
    (
        "handbook_pmma",
        include_str!("../../cards/handbook_pmma.toml"),
    ),
    (
        "handbook_pom",
        include_str!("../../cards/handbook_pom.toml"),
    ),
    ("handbook_ps", include_str!("../../cards/handbook_ps.toml")),
    ("hdpe_sabic", include_str!("../../cards/hdpe_sabic.toml")),
    (
        "osswald_pa66",
        include_str!("../../cards/osswald_pa66.toml"),
    ),
    ("osswald_pc", include_str!("../../cards/osswald_pc.toml")),
    ("osswald_pp", include_str!("../../cards/osswald_pp.toml")),
    ("osswald_ps", include_str!("../../cards/osswald_ps.toml")),
    (
        "pa66_gf35_zytel70g35",
        include_str!("../../cards/pa66_gf35_zytel70g35.toml"),
    ),
    ("pa6_gf30", include_str!("../../cards/pa6_gf30.toml")),
    ("pc_abs_102", include_str!("../../cards/pc_abs_102.toml")),
    (
        "pla_oliaei2016",
        include_str!("../../cards/pla_oliaei2016.toml"),
    ),
    (
        "pom_delrin100_nc010",
        include_str!("../../cards/pom_delrin100_nc010.toml"),
    ),
    (
        "pp_isofil_hk10_tvhm",
        include_str!("../../cards/pp_isofil_hk10_tvhm.toml"),
    ),
    (
        "ps_styron678e",
        include_str!("../../cards/ps_styron678e.toml"),
    ),
];

/// Keys of the shipped cards, sorted.
pub fn keys() -> impl Iterator<Item = &'static str> {
    CARDS.iter().map(|(key, _)| *key)
}

/// A shipped card.
///
/// # Errors
/// When no shipped card has that key.
pub fn builtin(key: &str) -> Result<MaterialCard, CardError> {
    match CARDS.iter().find(|(k, _)| *k == key) {
        Some((key, text)) => MaterialCard::from_toml(text, &format!("models/cards/{key}.toml")),
        None => Err(CardError::UnknownName {
            kind: "card",
            name: key.to_owned(),
            known: keys().collect::<Vec<_>>().join(", "),
        }),
    }
}
