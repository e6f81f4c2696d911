//! The discrete residual as a public function of a state and its predecessor: the operator that the
//! stepper drives to zero, and that a network can be trained with.

use super::model::Model;
use super::state::{Filling, State};
use super::step::{Inlet, Stepper};
use super::{energy, flow, mass};

/// How far a state is from following its predecessor.
#[derive(Clone, Debug)]
pub struct Residual {
    /// Mass balance of each node, kg/s; zero where pressure is given (front, detached, empty).
    pub mass: Vec<f64>,
    /// Flow of each edge less what its halves carry at their gradients, m3/s: `2 e + side`.
    pub momentum: Vec<f64>,
    /// Pressure difference of each edge less the drops along its halves, Pa.
    pub closure: Vec<f64>,
    /// Energy balance of every entry of every column, as a temperature, K.
    pub energy: Vec<f64>,
}

impl Stepper {
    /// Evaluates the residual of `new` as the successor of `old` after `dt` seconds.
    pub fn residual(
        &mut self,
        model: &Model,
        old: &State,
        new: &State,
        inlet: Inlet,
        dt: f64,
    ) -> Residual {
        // Fronts move on after a step: judge the state as it stood while the step was solved.
        let mut at = new.clone();
        at.filling.copy_from_slice(&new.during);
        at.fill.copy_from_slice(&new.fill_during);
        mass::open_mold(model, &mut at, &mut self.work);
        energy::prepare(model, old, &mut self.work);
        self.work.at_old = false;
        flow::rest_fluidity(model, &at, &mut self.work);
        mass::density(model, &at, &mut self.work);
        self.evaluate(model, old, &at, inlet, dt);
        let edges = model.graph.edges.len();
        let mut momentum = vec![0.0; 2 * edges];
        let mut closure = vec![0.0; edges];
        for e in 0..edges {
            if !flow::is_open(model, &at, e) || self.work.edge_slope[e] == 0.0 {
                continue;
            }
            let half = &model.graph.edges[e].half;
            closure[e] = flow::driving_pressure(model, &at, half[0].node)
                - flow::driving_pressure(model, &at, half[1].node);
            for side in 0..2 {
                let length = flow::reach(model, &at, e, side);
                if length > 0.0 {
                    momentum[2 * e + side] = at.flow[e] - self.work.half_flow[2 * e + side];
                    closure[e] -= at.gradient[2 * e + side] * length;
                }
            }
        }
        let mut balance = vec![0.0; model.nodes()];
        let mut inflow = vec![0.0; model.nodes()];
        mass::inflow(model, &at.flow, &self.work.edge_density, &mut inflow);
        for node in 1..model.nodes() {
            if at.filling[node] == Filling::Full {
                balance[node] =
                    (self.work.volume[node] * self.work.mean_density[node] - old.mass[node]) / dt
                        - inflow[node];
            }
        }
        let mut residual = vec![0.0; model.nodes() * model.column()];
        energy::residual(model, old, &at, dt, &mut self.work, &mut residual);
        Residual {
            mass: balance,
            momentum,
            closure,
            energy: residual,
        }
    }
}
