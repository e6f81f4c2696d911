//! Mass: what each control volume holds in the opened mold, and the balance with what flows.
//!
//! ```text
//! d/dt (V rho) + sum of rho_up Q = 0,   V = V0 (1 + opening / (2 H)),  opening = c * mean cavity pressure
//! ```
//! `rho` is the mean over the gap; `rho_up` the velocity-weighted density of the upstream column.

use super::flow;
use super::model::Model;
use super::state::{Filling, State};
use super::work::Work;

/// Opens the mold under the mean cavity pressure of `state`.
pub(super) fn open_mold(model: &Model, state: &mut State, work: &mut Work) {
    let mut mean = 0.0;
    for (node, weight) in work.opening_row.iter().enumerate() {
        if matches!(state.filling[node], Filling::Full | Filling::Front) {
            mean += weight * state.fill[node].min(1.0) * (state.pressure[node] - model.atmosphere);
        }
    }
    state.opening = model.compliance * mean.max(0.0);
    open_gaps(model, state.opening, work);
}

/// Gaps and volumes of the mold opened by `opening`, m.
pub(super) fn open_gaps(model: &Model, opening: f64, work: &mut Work) {
    for (i, node) in model.graph.nodes.iter().enumerate() {
        let opening = if node.cavity { opening } else { 0.0 };
        work.half_gap[i] = node.half_gap + 0.5 * opening;
        work.volume[i] = node.volume * (1.0 + 0.5 * opening / node.half_gap);
    }
}

/// Density of every layer, its mean over each node and the derivative with pressure.
pub(super) fn density(model: &Model, state: &State, work: &mut Work) {
    let (layers, column) = (model.layers.len(), model.column());
    let reservoir = model.melt.tait.blended(model.melt_k, state.pressure[0]);
    work.density[..layers].fill(1.0 / reservoir.v);
    work.mean_density[0] = 1.0 / reservoir.v;
    work.mean_density_dp[0] = -reservoir.dv_dp / (reservoir.v * reservoir.v);
    for node in 1..model.nodes() {
        if state.filling[node] == Filling::Empty {
            continue;
        }
        let volume = &model.layers.section(model.graph.nodes[node].section).volume;
        let t = &state.temperature[node * column..node * column + layers];
        let rho = &mut work.density[node * layers..(node + 1) * layers];
        let expansion = &mut work.expansion[node * layers..(node + 1) * layers];
        let p = state.pressure[node];
        let (mut mean, mut mean_dp) = (0.0, 0.0);
        for k in 0..layers {
            let at = model.melt.tait.blended(t[k], p);
            let density = 1.0 / at.v;
            rho[k] = density;
            expansion[k] = at.dv_dt;
            mean += volume[k] * density;
            mean_dp -= volume[k] * density * density * at.dv_dp;
        }
        work.mean_density[node] = mean;
        work.mean_density_dp[node] = mean_dp;
    }
}

/// Velocity-weighted density of the upstream column of every edge.
pub(super) fn flux_density(model: &Model, state: &State, work: &mut Work) {
    let layers = model.layers.len();
    for (e, edge) in model.graph.edges.iter().enumerate() {
        if !flow::is_open(model, state, e) {
            continue;
        }
        let up = usize::from(work.edge_flow[e] < 0.0);
        let node = edge.half[up].node;
        if work.edge_flow[e] == 0.0 {
            work.edge_density[e] = work.mean_density[node];
            continue;
        }
        let side = if flow::reach(model, state, e, up) > 0.0 {
            up
        } else {
            1 - up
        };
        let grid = model
            .layers
            .section(model.graph.nodes[edge.half[side].node].section);
        let phi = &work.fluidity[(2 * e + side) * layers..(2 * e + side + 1) * layers];
        let rho = &work.density[node * layers..(node + 1) * layers];
        let (mut total, mut weighted, mut outer) = (0.0, 0.0, 0.0);
        for k in (0..layers).rev() {
            let share = grid.volume[k] * (outer + phi[k] * grid.shear_mean[k]);
            outer += phi[k] * grid.shear[k];
            total += share;
            weighted += share * rho[k];
        }
        work.edge_density[e] = if total > 0.0 {
            weighted / total
        } else {
            work.mean_density[node]
        };
    }
}

/// Net mass flow into every node with the given edge flows, kg/s.
pub(super) fn inflow(model: &Model, flows: &[f64], density: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for (e, edge) in model.graph.edges.iter().enumerate() {
        let rate = density[e] * flows[e];
        out[edge.half[0].node] -= rate;
        out[edge.half[1].node] += rate;
    }
}
