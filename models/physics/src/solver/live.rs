//! Material properties of the live step, continued to first order while nothing has moved far.
//!
//! Half of a live step's cost are properties of layers that hardly changed since the last one. A node keeps
//! the temperatures and pressure at which it was evaluated, with the derivatives there; it is evaluated
//! again once a layer has moved by 0.4 K or its pressure by 0.5 MPa. The error left is of second order: below 1e-5
//! of density and 1e-3 of fluidity.

use super::flow;
use super::model::Model;
use super::state::{Filling, State};
use super::work::Work;

/// Change of temperature after which a node is evaluated again, K.
const FAR_K: f64 = 0.4;
/// Change of pressure after which a node is evaluated again, Pa.
const FAR_PA: f64 = 0.5e6;
/// Steps by which derivatives are taken.
const STEP_K: f64 = 0.05;
const STEP_PA: f64 = 0.1e6;

/// Properties at the last evaluation, by node and by layer.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    /// Share of the distances that is used; zero evaluates every node every step.
    pub reach: f64,
    /// False where a node was never evaluated or holds another kind of melt since.
    pub valid: Vec<bool>,
    pressure: Vec<f64>,
    temperature: Vec<f64>,
    density: Vec<f64>,
    density_dt: Vec<f64>,
    density_dp: Vec<f64>,
    mean_dp: Vec<f64>,
    enthalpy: Vec<f64>,
    rest: Vec<f64>,
    rest_dt: Vec<f64>,
    rest_dp: Vec<f64>,
}

impl Reference {
    pub fn new(nodes: usize, layers: usize) -> Self {
        let by_layer = || vec![0.0; nodes * layers];
        Self {
            reach: 1.0,
            valid: vec![false; nodes],
            pressure: vec![0.0; nodes],
            temperature: by_layer(),
            density: by_layer(),
            density_dt: by_layer(),
            density_dp: by_layer(),
            mean_dp: vec![0.0; nodes],
            enthalpy: by_layer(),
            rest: by_layer(),
            rest_dt: by_layer(),
            rest_dp: by_layer(),
        }
    }
}

/// Evaluates or continues all that a live step needs of `state`, its predecessor.
pub(super) fn properties(model: &Model, state: &State, work: &mut Work) {
    reservoir(model, state, work);
    for node in 1..model.nodes() {
        node_properties(model, state, node, work);
    }
}

/// Density of the melt before the inlet.
pub(super) fn reservoir(model: &Model, state: &State, work: &mut Work) {
    let reservoir = model.melt.tait.blended(model.melt_k, state.pressure[0]);
    work.density[..model.layers.len()].fill(1.0 / reservoir.v);
    work.mean_density[0] = 1.0 / reservoir.v;
    work.mean_density_dp[0] = -reservoir.dv_dp / (reservoir.v * reservoir.v);
}

/// Density, expansion, enthalpy, heat capacity, conductivity and fluidity at rest of one node.
pub(super) fn node_properties(model: &Model, state: &State, node: usize, work: &mut Work) {
    let (layers, column) = (model.layers.len(), model.column());
    let held = matches!(state.filling[node], Filling::Full | Filling::Detached);
    work.live.valid[node] &= held;
    if state.filling[node] == Filling::Empty {
        return;
    }
    let t = &state.temperature[node * column..][..layers];
    let p = state.pressure[node];
    let reference = &work.live.temperature[node * layers..][..layers];
    let moved = t
        .iter()
        .zip(reference)
        .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
    let reach = work.live.reach;
    let near = work.live.valid[node]
        && moved < reach * FAR_K
        && (p - work.live.pressure[node]).abs() < reach * FAR_PA;
    if near {
        carry_on(model, node, t, p, work);
    } else {
        evaluate(model, node, t, p, work);
        super::energy::prepare_faces(model, node, work);
        work.live.valid[node] = held;
    }
    rest_fluidity(model, node, t, p, work);
}

/// First-order continuation from the reference.
fn carry_on(model: &Model, node: usize, t: &[f64], p: f64, work: &mut Work) {
    let layers = t.len();
    let at = node * layers;
    let volume = &model.layers.section(model.graph.nodes[node].section).volume[..layers];
    let live = &work.live;
    let dp = p - live.pressure[node];
    let (reference, rho, rho_t, rho_p, h, cp) = (
        &live.temperature[at..][..layers],
        &live.density[at..][..layers],
        &live.density_dt[at..][..layers],
        &live.density_dp[at..][..layers],
        &live.enthalpy[at..][..layers],
        &work.old_heat[at..][..layers],
    );
    let (density, old_density, enthalpy) = (
        &mut work.density[at..][..layers],
        &mut work.old_density[at..][..layers],
        &mut work.old_enthalpy[at..][..layers],
    );
    let mut mean = 0.0;
    for k in 0..layers {
        let dt = t[k] - reference[k];
        let now = rho[k] + rho_t[k] * dt + rho_p[k] * dp;
        density[k] = now;
        old_density[k] = now;
        enthalpy[k] = h[k] + cp[k] * dt;
        mean += volume[k] * now;
    }
    work.mean_density[node] = mean;
    work.mean_density_dp[node] = live.mean_dp[node];
}

/// Full evaluation; it becomes the reference.
fn evaluate(model: &Model, node: usize, t: &[f64], p: f64, work: &mut Work) {
    let layers = t.len();
    let at = node * layers;
    let volume = &model.layers.section(model.graph.nodes[node].section).volume[..layers];
    let row = model.melt.conductivity.at(p);
    let (mut mean, mut mean_dp) = (0.0, 0.0);
    for k in 0..layers {
        let point = model.melt.tait.blended(t[k], p);
        let (cp, h) = model.melt.heat.get(t[k]);
        let density = 1.0 / point.v;
        let by_p = -density * density * point.dv_dp;
        work.density[at + k] = density;
        work.expansion[at + k] = point.dv_dt;
        work.old_density[at + k] = density;
        work.old_enthalpy[at + k] = h;
        work.old_heat[at + k] = cp;
        work.old_conductivity[at + k] = row.get(t[k]);
        work.old_compression[at + k] = t[k] * point.dv_dt / cp;
        work.live.temperature[at + k] = t[k];
        work.live.density[at + k] = density;
        work.live.density_dt[at + k] = -density * density * point.dv_dt;
        work.live.density_dp[at + k] = by_p;
        work.live.enthalpy[at + k] = h;
        mean += volume[k] * density;
        mean_dp += volume[k] * by_p;
    }
    work.mean_density[node] = mean;
    work.mean_density_dp[node] = mean_dp;
    work.live.pressure[node] = p;
    work.live.mean_dp[node] = mean_dp;
    let law = &model.melt.rheology;
    for (at, &t) in (at..).zip(t) {
        let rest = flow::rest_at(law, t, p);
        work.live.rest[at] = rest;
        work.live.rest_dt[at] = (flow::rest_at(law, t + STEP_K, p) - rest) / STEP_K;
        work.live.rest_dp[at] = (flow::rest_at(law, t, p + STEP_PA) - rest) / STEP_PA;
    }
}

/// Fluidity at rest of a node's column, continued where its other properties are.
fn rest_fluidity(model: &Model, node: usize, t: &[f64], p: f64, work: &mut Work) {
    let layers = t.len();
    let at = node * layers;
    let out = &mut work.rest_fluidity[at..][..layers];
    if !work.live.valid[node] {
        flow::column_fluidity(model, p, t, out);
        return;
    }
    let live = &work.live;
    let dp = p - live.pressure[node];
    let (reference, rest, by_t, by_p) = (
        &live.temperature[at..][..layers],
        &live.rest[at..][..layers],
        &live.rest_dt[at..][..layers],
        &live.rest_dp[at..][..layers],
    );
    for k in 0..layers {
        out[k] = (rest[k] + by_t[k] * (t[k] - reference[k]) + by_p[k] * dp).max(0.0);
    }
    flow::cut_frozen(model, p, t, out);
}
