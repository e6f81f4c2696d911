//! How a claim came out.

use std::fmt;

/// A claim, the figure that was measured, and whether the claim holds.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What must hold.
    pub claim: &'static str,
    /// What was measured.
    pub figure: String,
    /// Whether it holds.
    pub holds: bool,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "pass" } else { "FAIL" };
        write!(f, "{verdict}  {}: {}", self.claim, self.figure)
    }
}
