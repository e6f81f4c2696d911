//! The energy kernel alone: columns that conduct, with a heat source given from outside.

use super::model::Model;
use super::state::{Filling, State};
use super::step::Stepper;
use super::{energy, mass};

/// Iterations for the temperature dependence of the heat capacity.
const ITERATIONS: usize = 40;
/// Last change of temperature, K.
const TOLERANCE_K: f64 = 1e-9;

impl Stepper {
    /// Advances every column by `dt` seconds without flow or change of pressure; each layer is heated
    /// by its entry of `source`, W/m3. The same assembly as a full step.
    pub fn conduct(
        &mut self,
        model: &Model,
        old: &State,
        new: &mut State,
        dt: f64,
        source: &[f64],
    ) {
        new.copy_from(old);
        new.time = old.time + dt;
        new.flow.fill(0.0);
        mass::open_mold(model, new, &mut self.work);
        energy::prepare(model, old, &mut self.work);
        self.work.at_old = false;
        for node in 1..model.nodes() {
            if new.filling[node] == Filling::Empty {
                continue;
            }
            let volume = &model.layers.section(model.graph.nodes[node].section).volume;
            for _ in 0..ITERATIONS {
                energy::assemble(model, old, new, node, dt, &mut self.work);
                for ((right, heat), share) in self.work.right.iter_mut().zip(source).zip(volume) {
                    *right += heat * share;
                }
                if energy::solve(model, new, node, &mut self.work) < TOLERANCE_K {
                    break;
                }
            }
        }
    }
}
