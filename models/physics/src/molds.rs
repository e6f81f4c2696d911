//! The molds that ship, compiled in so that the program works from any folder.

use crate::mold::{Mold, MoldError};

/// Name and text of every file in `models/molds`; a test compares the list with the folder.
const MOLDS: &[(&str, &str)] = &[
    ("disc", include_str!("../../molds/disc.toml")),
    ("plate-ps", include_str!("../../molds/plate-ps.toml")),
    ("strip-ps", include_str!("../../molds/strip-ps.toml")),
    (
        "strip-ps-nominal",
        include_str!("../../molds/strip-ps-nominal.toml"),
    ),
    ("two-cavity", include_str!("../../molds/two-cavity.toml")),
];

/// Names of the shipped molds, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    MOLDS.iter().map(|(name, _)| *name)
}

/// A shipped mold.
///
/// # Errors
/// When no shipped mold has that name.
pub fn builtin(name: &str) -> Result<Mold, MoldError> {
    match MOLDS.iter().find(|(n, _)| *n == name) {
        Some((name, text)) => Mold::from_toml(text, &format!("models/molds/{name}.toml")),
        None => Err(MoldError::UnknownName {
            kind: "mold",
            name: name.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
        }),
    }
}
