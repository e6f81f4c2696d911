//! Step size control.

use super::model::Model;
use super::state::{Filling, State};

/// Bounds and targets of the step size.
#[derive(Clone, Copy, Debug)]
pub struct StepControl {
    /// Shortest step, s: below it a failing step fails the shot.
    pub shortest: f64,
    /// Longest step while a front moves, s.
    pub longest_fill: f64,
    /// Longest step, s.
    pub longest: f64,
    /// Aimed-for change of pressure in one step, as a share of the largest pressure so far.
    pub pressure_share: f64,
    /// Aimed-for change of temperature in one step once the mold is full, K.
    pub temperature_k: f64,
    /// Nodes a front may advance in one step.
    pub advance: f64,
}

impl Default for StepControl {
    fn default() -> Self {
        Self {
            shortest: 1e-9,
            longest_fill: 0.01,
            longest: 0.1,
            pressure_share: 0.03,
            temperature_k: 5.0,
            advance: 1.0,
        }
    }
}

impl StepControl {
    /// The same control with every step shortened by `factor` (refinement studies).
    pub fn refined(&self, factor: f64) -> Self {
        Self {
            longest_fill: self.longest_fill * factor,
            longest: self.longest * factor,
            pressure_share: self.pressure_share * factor,
            temperature_k: self.temperature_k * factor,
            advance: self.advance * factor,
            ..*self
        }
    }

    /// Next step after an accepted one, s.
    pub(super) fn next(&self, model: &Model, old: &State, new: &State, dt: f64, peak: f64) -> f64 {
        let mut pressure: f64 = 0.0;
        let mut temperature: f64 = 0.0;
        let mut front_time = f64::INFINITY;
        let (layers, column) = (model.layers.len(), model.column());
        for node in 0..model.nodes() {
            match new.filling[node] {
                Filling::Empty => {}
                Filling::Front => {
                    let inflow: f64 = model.graph.touching[node]
                        .iter()
                        .map(|&(e, side)| if side == 1 { new.flow[e] } else { -new.flow[e] })
                        .sum();
                    if inflow > 0.0 {
                        front_time = front_time.min(model.graph.nodes[node].volume / inflow);
                    }
                }
                _ if matches!(old.filling[node], Filling::Empty | Filling::Front) => {}
                _ => {
                    pressure = pressure.max((new.pressure[node] - old.pressure[node]).abs());
                    let at = node * column;
                    for k in at..at + layers {
                        temperature =
                            temperature.max((new.temperature[k] - old.temperature[k]).abs());
                    }
                }
            }
        }
        let filling = new
            .filling
            .iter()
            .any(|f| matches!(f, Filling::Empty | Filling::Front));
        let by_pressure = self.pressure_share * peak / pressure.max(1.0);
        let by_temperature = if filling {
            f64::INFINITY
        } else {
            self.temperature_k / temperature.max(1e-6)
        };
        let growth = by_pressure.min(by_temperature).clamp(0.3, 1.6);
        let longest = if filling {
            self.longest_fill
        } else {
            self.longest
        };
        (dt * growth).min(self.advance * front_time).min(longest)
    }
}
