//! A strip coarse enough to be simulated in a few milliseconds.
#![allow(clippy::unwrap_used)]

use models_physics::mold::{Grid, Mold};
use models_pinn::dataset::Options;

pub fn tiny() -> Mold {
    let mut mold = models_physics::molds::builtin("strip-ps").unwrap();
    mold.grid = Grid {
        cells_per_path: 12,
        layers: 6,
    };
    mold
}

pub fn options(shots: u32, first: u32) -> Options {
    Options {
        shots,
        seed: 7,
        first,
        ..Options::default()
    }
}
