//! The derivative of the residual: products with the transposed operator.

use super::super::model::Model;
use super::super::state::Filling;
use super::columns::transposed_thomas;
use super::{FieldGradient, FieldOperator, remove_rank_one};

impl FieldOperator {
    /// Derivative of `sum of by_pressure * r_p + by_temperature * r_T` of the fields last evaluated.
    pub fn pull_back(
        &mut self,
        model: &Model,
        by_pressure: &[f64],
        by_temperature: &[f64],
        old: &mut FieldGradient,
        new: &mut FieldGradient,
    ) {
        old.clear();
        new.clear();
        self.pull_back_mass(model, by_pressure, old, new);
        let layers = model.layers.len();
        for n in 1..model.nodes() {
            let at = n * layers;
            self.right.copy_from_slice(&by_temperature[at..at + layers]);
            transposed_thomas(
                &self.lower[at..at + layers],
                &self.diag[at..at + layers],
                &self.upper[at..at + layers],
                &mut self.right,
                &mut self.pivot,
            );
            let mu = &self.right;
            for k in 0..layers {
                // Its own column: M M^-1.
                new.temperature[at + k] += by_temperature[at + k];
                old.temperature[at + k] -= self.inherited[at + k] * mu[k];
                new.pressure[n] -= self.squeezing[at + k] * mu[k];
                old.pressure[n] += self.squeezing[at + k] * mu[k];
            }
            if model.steel.is_some() {
                // Its row is left out: it acts only on its neighbour.
                let last = at + layers - 1;
                new.temperature[last] -= mu[layers - 1];
            }
            for &(e, side) in &model.graph.touching[n] {
                let flow_in = if side == 1 {
                    self.new.flow[e]
                } else {
                    -self.new.flow[e]
                };
                if flow_in <= 0.0 {
                    continue;
                }
                let donor = model.graph.edges[e].half[1 - side].node;
                let carried = &self.carried[e * layers..][..layers];
                for k in 0..layers {
                    let brought = carried[k] * mu[k];
                    let squeezed = brought * self.compression[at + k];
                    new.pressure[n] -= squeezed;
                    if donor > 0 {
                        new.temperature[donor * layers + k] -= brought;
                        new.pressure[donor] += squeezed;
                    }
                }
            }
        }
        for (below, g) in self.below.iter().zip([&mut *old, &mut *new]) {
            g.temperature[..layers].fill(0.0);
            g.pressure[0] = 0.0;
            for (g, below) in g.pressure.iter_mut().zip(below) {
                if *below {
                    *g = 0.0;
                }
            }
        }
        for (n, by) in by_pressure.iter().enumerate().skip(1) {
            if self.released[n] {
                new.pressure[n] += by;
            }
        }
    }

    fn pull_back_mass(
        &mut self,
        model: &Model,
        by_pressure: &[f64],
        old: &mut FieldGradient,
        new: &mut FieldGradient,
    ) {
        let Self {
            stepper,
            rows,
            before,
            after,
            released,
            ..
        } = self;
        let mut lambda = std::mem::take(&mut stepper.work.inflow);
        for (n, lambda) in lambda.iter_mut().enumerate() {
            *lambda = if n == 0 || released[n] {
                0.0
            } else {
                by_pressure[n]
            };
        }
        stepper.system.solve(&mut lambda);
        rows.copy_from_slice(&after.row);
        remove_rank_one(
            &mut stepper.system,
            rows,
            &stepper.work.opening_column,
            &mut lambda,
        );
        for (n, lambda) in lambda.iter_mut().enumerate() {
            if n == 0 || self.new.filling[n] == Filling::Detached {
                *lambda = 0.0;
            }
        }
        let layers = model.layers.len();
        after.pull_back(&lambda, 1.0 / self.dt, layers, new);
        before.pull_back(&lambda, -1.0 / self.dt, layers, old);
        for (e, edge) in model.graph.edges.iter().enumerate() {
            let [a, b] = [edge.half[0].node, edge.half[1].node];
            let work = &stepper.work;
            let through = work.edge_slope[e] * work.edge_density[e] * (lambda[a] - lambda[b]);
            new.pressure[a] += through;
            new.pressure[b] -= through;
        }
        stepper.work.inflow = lambda;
    }
}
