//! Where a step starts from: the boundary value, pressures continued, and how far fronts will get.

use super::model::Model;
use super::state::{Filling, State};
use super::step::{Inlet, Stepper};
use super::{flow, mass};

impl Stepper {
    /// Guesses before the first iteration: the boundary value, and how far fronts will get.
    pub(super) fn start(
        &mut self,
        model: &Model,
        old: &State,
        new: &mut State,
        inlet: Inlet,
        dt: f64,
        extrapolate: bool,
    ) {
        self.work.switches.fill(0);
        if let Inlet::Pressure(p) = inlet {
            new.pressure[0] = p;
        }
        for node in 1..model.nodes() {
            if extrapolate && old.filling[node] == Filling::Full {
                let guess = old.pressure[node] + old.pressure_rate[node] * dt;
                new.pressure[node] = guess
                    .clamp(0.5 * old.pressure[node], 1.5 * old.pressure[node])
                    .max(model.atmosphere);
            }
        }
        // Melt at a full node's edge starts to fill its empty neighbours.
        for edge in &model.graph.edges {
            for side in 0..2 {
                let (from, to) = (edge.half[side].node, edge.half[1 - side].node);
                let melt = matches!(old.filling[from], Filling::Full | Filling::Detached);
                if melt && old.filling[to] == Filling::Empty && new.filling[to] == Filling::Empty {
                    new.filling[to] = Filling::Front;
                    let column = model.column();
                    let layers = model.layers.len();
                    let (a, b) = (from * column, to * column);
                    new.temperature.copy_within(a..a + layers, b);
                    new.pressure[to] = model.atmosphere;
                }
            }
        }
        mass::open_mold(model, new, &mut self.work);
        for node in 1..model.nodes() {
            if new.filling[node] != Filling::Front {
                continue;
            }
            let mut flow_in = 0.0;
            for &(e, side) in &model.graph.touching[node] {
                let q = if side == 1 { old.flow[e] } else { -old.flow[e] };
                let other = model.graph.edges[e].half[1 - side].node;
                flow_in += if q != 0.0 {
                    q
                } else if let (Inlet::Rate { rate, .. }, 0) = (inlet, other) {
                    rate
                } else {
                    upstream_flow(model, old, other)
                };
            }
            // Without a flow to go by (the first melt of a shot) assume that one node fills.
            let advance = if flow_in == 0.0 {
                1.0
            } else {
                (flow_in * dt / self.work.volume[node]).clamp(0.0, 1.5)
            };
            new.reach[node] = (old.fill[node] + 0.5 * advance).clamp(0.0, 1.75);
        }
        for (e, edge) in model.graph.edges.iter().enumerate() {
            if flow::is_open(model, new, e)
                && new.gradient[2 * e] == 0.0
                && new.gradient[2 * e + 1] == 0.0
            {
                let length = flow::reach(model, new, e, 0) + flow::reach(model, new, e, 1);
                let difference = flow::driving_pressure(model, new, edge.half[0].node)
                    - flow::driving_pressure(model, new, edge.half[1].node);
                let even = difference / length;
                new.gradient[2 * e] = even;
                new.gradient[2 * e + 1] = even;
            }
        }
    }
}

/// Flow that leaves `node` in the last step, m3/s: what a front beyond it may expect.
fn upstream_flow(model: &Model, state: &State, node: usize) -> f64 {
    let into: f64 = model.graph.touching[node]
        .iter()
        .map(|&(e, side)| {
            if side == 1 {
                state.flow[e]
            } else {
                -state.flow[e]
            }
        })
        .filter(|q| *q > 0.0)
        .sum();
    into
}
