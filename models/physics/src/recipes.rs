//! The press recipes that ship, compiled in so that the program works from any folder.

use crate::recipe::{Recipe, RecipeError};

/// Name and text of every file in `models/molds/recipes`; a test compares the list with the folder.
const RECIPES: &[(&str, &str)] = &[
    ("disc", include_str!("../../molds/recipes/disc.toml")),
    (
        "plate-ps",
        include_str!("../../molds/recipes/plate-ps.toml"),
    ),
    (
        "two-cavity",
        include_str!("../../molds/recipes/two-cavity.toml"),
    ),
];

/// Names of the shipped recipes, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(name, _)| *name)
}

/// A shipped recipe.
///
/// # Errors
/// When no shipped recipe has that name.
pub fn builtin(name: &str) -> Result<Recipe, RecipeError> {
    match RECIPES.iter().find(|(n, _)| *n == name) {
        Some((name, text)) => Recipe::from_toml(text, &format!("models/molds/recipes/{name}.toml")),
        None => Err(RecipeError::UnknownName {
            kind: "recipe",
            name: name.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
        }),
    }
}
