//! Errors of a release against the solver, on shots that training never saw, followed as the box follows them.

use std::sync::Arc;

use models_infer::network::Network as Ready;
use models_infer::release::{Errors, Quantity, Release, SensorPlace};

use crate::dataset::{Dataset, ShotRecord};
use crate::error::PinnError;

mod score;
mod summary;

pub use score::{FIRST_S, ShotScore, TickError};
pub use summary::{quantile, summary};

/// Nodes between two whose temperatures are compared.
const THERMAL_STRIDE: usize = 4;

/// Errors of `release` over the full shots of `fresh` that lie inside the trained range.
///
/// # Errors
/// When the release cannot be used.
pub fn errors(release: &Release, fresh: &Dataset) -> Result<Errors, PinnError> {
    Ok(summary(&scores(release, fresh)?))
}

/// Errors of `release` on every full shot of `fresh` that lies inside the trained range.
///
/// # Errors
/// When the release cannot be used.
pub fn scores(release: &Release, fresh: &Dataset) -> Result<Vec<ShotScore>, PinnError> {
    use rayon::prelude::*;
    let net = Arc::new(Ready::new(&with_field(release))?);
    let shots: Vec<&ShotRecord> = fresh.shots.iter().filter(|s| s.is_full()).collect();
    let all: Vec<Option<ShotScore>> = shots
        .par_iter()
        .map(|s| ShotScore::of(&net, s))
        .collect::<Result<_, _>>()?;
    Ok(all.into_iter().flatten().collect())
}

/// The release with every node as a sensor, nameless, behind its own pressures: pressure, and temperature at every layer
/// of some.
pub(crate) fn with_field(release: &Release) -> Release {
    let mut whole = release.clone();
    let (n, l) = (whole.about.nodes, whole.about.layers);
    let place = |node: usize, quantity, layer| SensorPlace {
        name: String::new(),
        quantity,
        layer,
        nodes: vec![node],
        shares: vec![1.0],
    };
    let sensors = &mut whole.about.sensors;
    sensors.retain(|s| s.quantity == Quantity::Pressure);
    sensors.extend((1..n).map(|k| place(k, Quantity::Pressure, 0)));
    sensors.extend(
        (1..n)
            .step_by(THERMAL_STRIDE)
            .flat_map(|k| (0..l).map(move |z| place(k, Quantity::Temperature, z))),
    );
    whole
}
