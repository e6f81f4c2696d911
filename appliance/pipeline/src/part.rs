//! The part at the end of a shot, by the witness at the latents believed in.

use models_physics::solver::Filling;

use crate::walker::Walker;

/// Temperature at which a part is weighed and measured, K.
const ROOM_K: f64 = 298.15;

/// What the box predicts of a part, each with its standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Relative change of volume per Pa and per K where the melt freezes.
    sensitivity: [f64; 2],
    /// Mass of the product, feed system excluded, kg.
    pub mass_kg: [f64; 2],
    /// Mean volumetric shrinkage.
    pub shrinkage: [f64; 2],
    /// Largest local shrinkage less the mean.
    pub sink: [f64; 2],
    /// Share of the product that stayed empty.
    pub short_share: f64,
    /// Highest temperature in the product, K.
    pub hottest_k: [f64; 2],
    /// Share of the melt below the no-flow temperature.
    pub frozen: f64,
}

impl Part {
    /// Of the witness's state, still without bands.
    pub fn new(walker: &Walker) -> Self {
        let (state, model) = (walker.observer().state(), walker.observer().model());
        let column = model.column();
        let layers = model.layers.len();
        let cold = model.melt.tait.point(ROOM_K, model.atmosphere).v;
        let (mut mass, mut volume, mut filled, mut largest, mut hottest) =
            (0.0, 0.0, 0.0, 0.0_f64, 0.0_f64);
        for (i, node) in model
            .graph
            .nodes
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, n)| n.cavity)
        {
            let share = match state.filling[i] {
                Filling::Full | Filling::Detached => 1.0,
                Filling::Front => state.fill[i].min(1.0),
                Filling::Empty => 0.0,
            };
            mass += state.mass[i];
            volume += node.volume;
            filled += node.volume * share;
            if share > 0.0 {
                largest = largest.max(1.0 - state.mass[i] * cold / (node.volume * share));
                let column = &state.temperature[i * column..i * column + layers];
                hottest = column.iter().fold(hottest, |h, t| h.max(*t));
            }
        }
        let shrinkage = if filled > 0.0 {
            1.0 - mass * cold / filled
        } else {
            0.0
        };
        let melt = model.melt.tait.point(model.melt.no_flow_k, 2e7);
        Self {
            sensitivity: [(melt.dv_dp / melt.v).abs(), (melt.dv_dt / melt.v).abs()],
            mass_kg: [mass, 0.0],
            shrinkage: [shrinkage, 0.0],
            sink: [(largest - shrinkage).max(0.0), 0.0],
            short_share: if volume > 0.0 {
                1.0 - filled / volume
            } else {
                1.0
            },
            hottest_k: [hottest, 0.0],
            frozen: walker.frozen(),
        }
    }

    /// With bands from those of pressure (Pa) and temperature (K) where the gate froze: mass follows pressure by the melt's
    /// compressibility and temperature by its expansion.
    pub fn with_bands(mut self, pressure_sd: f64, temperature_sd: f64) -> Self {
        let [by_pressure, by_temperature] = self.sensitivity;
        let relative = (by_pressure * pressure_sd).hypot(by_temperature * temperature_sd);
        self.mass_kg[1] = self.mass_kg[0] * relative;
        self.shrinkage[1] = relative;
        self.sink[1] = relative;
        self.hottest_k[1] = temperature_sd;
        self
    }
}
