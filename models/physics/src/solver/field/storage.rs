//! What the control volumes hold, by the fields: one side of the mass balance.

use super::super::model::Model;
use super::super::state::{Filling, State};
use super::super::step::Stepper;
use super::FieldGradient;

/// What one side of the mass balance holds, by its fields.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// kg.
    pub(super) mass: Vec<f64>,
    /// By the node's own pressure at a fixed mold, kg/Pa.
    pub(super) by_pressure: Vec<f64>,
    /// By temperature `[nodes, layers]`, kg/K.
    pub(super) by_temperature: Vec<f64>,
    /// By the mean cavity pressure, kg/Pa.
    pub(super) by_opening: Vec<f64>,
    /// Share of each node's pressure in that mean.
    pub(super) row: Vec<f64>,
}

impl Storage {
    pub(super) fn new(nodes: usize, layers: usize) -> Self {
        Self {
            mass: vec![0.0; nodes],
            by_pressure: vec![0.0; nodes],
            by_temperature: vec![0.0; nodes * layers],
            by_opening: vec![0.0; nodes],
            row: vec![0.0; nodes],
        }
    }

    /// Takes what `work` holds of `state`, whose mold is open and whose densities are evaluated.
    pub(super) fn take(&mut self, model: &Model, state: &State, stepper: &Stepper) {
        let (work, layers) = (&stepper.work, model.layers.len());
        for (n, place) in model.graph.nodes.iter().enumerate().skip(1) {
            self.mass[n] = work.volume[n] * work.mean_density[n];
            self.by_pressure[n] = work.volume[n] * work.mean_density_dp[n];
            self.by_opening[n] = if place.cavity {
                place.volume * 0.5 * model.compliance / place.half_gap * work.mean_density[n]
            } else {
                0.0
            };
            self.row[n] = if state.filling[n] == Filling::Full {
                work.opening_row[n]
            } else {
                0.0
            };
            let weight = &model.layers.section(place.section).volume;
            for (k, weight) in weight.iter().enumerate() {
                let at = n * layers + k;
                let rho = work.density[at];
                self.by_temperature[at] = -work.volume[n] * weight * rho * rho * work.expansion[at];
            }
        }
    }

    /// Adds `factor` times the derivative of `sum of multiplier * mass` to `to`.
    pub(super) fn pull_back(
        &self,
        multiplier: &[f64],
        factor: f64,
        layers: usize,
        to: &mut FieldGradient,
    ) {
        let opening: f64 = multiplier
            .iter()
            .zip(&self.by_opening)
            .map(|(m, o)| m * o)
            .sum();
        for (n, m) in multiplier.iter().enumerate().skip(1) {
            to.pressure[n] += factor * (m * self.by_pressure[n] + self.row[n] * opening);
            for k in n * layers..(n + 1) * layers {
                to.temperature[k] += factor * m * self.by_temperature[k];
            }
        }
    }
}
