//! The part at the end of a shot, by the witness at the latents believed in.

use models_physics::solver::Filling;

use crate::walker::Walker;

/// Temperature at which a part is weighed and measured, K.
const ROOM_K: f64 = 298.15;

/// What the box predicts of a part, each with its standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
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
    /// Of the witness's state; `pressure_sd` (Pa) and `temperature_sd` (K) are the bands of the estimates where the gate
    /// froze. Mass follows pressure by the melt's compressibility and temperature by its expansion.
    pub fn new(walker: &Walker, pressure_sd: f64, temperature_sd: f64) -> Self {
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
        let by_pressure = (melt.dv_dp / melt.v).abs() * pressure_sd;
        let by_temperature = (melt.dv_dt / melt.v).abs() * temperature_sd;
        let relative = by_pressure.hypot(by_temperature);
        Self {
            mass_kg: [mass, mass * relative],
            shrinkage: [shrinkage, relative],
            sink: [(largest - shrinkage).max(0.0), relative],
            short_share: if volume > 0.0 {
                1.0 - filled / volume
            } else {
                1.0
            },
            hottest_k: [hottest, temperature_sd],
            frozen: walker.frozen(),
        }
    }
}
