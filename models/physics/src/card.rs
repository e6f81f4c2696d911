//! Material cards.
