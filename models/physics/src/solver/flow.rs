//! Momentum: what each half edge carries at its pressure gradient, and each edge at its pressure
//! difference.
//!
//! ```text
//! slot  Q = 2 w H^3 G  * integral of z^2 phi dz       (z over the half gap H)
//! tube  Q = (pi/2) R^4 G * integral of r^3 phi dr
//! phi = F(s) / eta0(T, p),  s = z G / scale (tube: r G / 2 / scale),  phi = 0 below the no-flow temperature
//! ```
//! The no-flow cut comes AFTER thinning: a frozen layer has no fluidity whatever its stress. The cut
//! falls inside a layer: its share above the no-flow temperature counts.

use crate::laws::Rheology;

use super::layers::Section;
use super::model::Model;
use super::state::{Filling, State};
use super::work::Work;

/// Shortest reach of a front node's resistance, as a share of its length.
const SHORTEST_REACH: f64 = 0.1;

/// Flow that counts as none, in mold volumes a second: momentum is never judged against less.
const STILL_PER_S: f64 = 1e-4;

/// Fluidity at rest of every layer of every node that holds melt.
pub(super) fn rest_fluidity(model: &Model, state: &State, work: &mut Work) {
    let (layers, column) = (model.layers.len(), model.column());
    for node in 1..model.nodes() {
        if state.filling[node] == Filling::Empty {
            continue;
        }
        let p = state.pressure[node];
        let t = &state.temperature[node * column..node * column + layers];
        let out = &mut work.rest_fluidity[node * layers..(node + 1) * layers];
        column_fluidity(model, p, t, out);
    }
}

/// Fluidity at rest of one column, 1/(Pa s).
pub(super) fn column_fluidity(model: &Model, p: f64, t: &[f64], out: &mut [f64]) {
    let no_flow = model.no_flow_at(p);
    for (k, out) in out.iter_mut().enumerate() {
        let share = flowing_share(t, k, no_flow);
        // Fluidity of the part that flows, at that part's own temperature.
        *out = if share > 0.0 {
            let at = if share < 1.0 {
                0.5 * (faces(t, k).1 + no_flow)
            } else {
                t[k]
            };
            share * rest_at(&model.melt.rheology, at, p)
        } else {
            0.0
        };
    }
}

/// The no-flow cut on a column whose fluidities at rest are those of its layers' own temperatures: a layer that is
/// partly frozen is evaluated again, at the temperature of the part that flows.
pub(super) fn cut_frozen(model: &Model, p: f64, t: &[f64], out: &mut [f64]) {
    let no_flow = model.no_flow_at(p);
    for (k, out) in out.iter_mut().enumerate() {
        let share = flowing_share(t, k, no_flow);
        if share <= 0.0 {
            *out = 0.0;
        } else if share < 1.0 {
            let (_, hot) = faces(t, k);
            *out = share * rest_at(&model.melt.rheology, 0.5 * (hot + no_flow), p);
        }
    }
}

/// Colder and hotter face of layer `k`, K: linear between its neighbours.
#[inline(always)]
fn faces(t: &[f64], k: usize) -> (f64, f64) {
    let last = t.len() - 1;
    let inner = if k == 0 {
        t[0]
    } else {
        0.5 * (t[k - 1] + t[k])
    };
    let outer = if k == last {
        1.5 * t[k] - 0.5 * t[k.saturating_sub(1)]
    } else {
        0.5 * (t[k] + t[k + 1])
    };
    (inner.min(outer), inner.max(outer))
}

/// Share of layer `k` above the no-flow temperature.
#[inline(always)]
fn flowing_share(t: &[f64], k: usize, no_flow: f64) -> f64 {
    let (cold, hot) = faces(t, k);
    if cold >= no_flow {
        1.0
    } else if hot <= no_flow {
        0.0
    } else {
        (hot - no_flow) / (hot - cold)
    }
}

/// `1 / eta0`, 1/(Pa s); 0 below the law's range. Cross-WLF, the common case, without its reciprocal.
#[inline(always)]
pub(super) fn rest_at(law: &Rheology, t: f64, p: f64) -> f64 {
    match law {
        Rheology::CrossWlf(law) => {
            let above = t - (law.d2 + law.d3 * p);
            if above < 0.0 {
                return 0.0;
            }
            (law.a1 * above / (law.a2_tilde + law.d3 * p + above)).exp() / law.d1
        }
        other => other.zero_shear(t, p).map_or(0.0, f64::recip),
    }
}

/// Length over which half edge `side` of `edge` resists flow, m.
pub(super) fn reach(model: &Model, state: &State, edge: usize, side: usize) -> f64 {
    let half = &model.graph.edges[edge].half[side];
    match state.filling[half.node] {
        Filling::Front => {
            model.graph.nodes[half.node].length * state.reach[half.node].max(SHORTEST_REACH)
        }
        _ => half.length,
    }
}

/// Pressure that drives side `side` of `edge`: that of the node, or of the front inside it.
pub(super) fn driving_pressure(model: &Model, state: &State, node: usize) -> f64 {
    match state.filling[node] {
        Filling::Front | Filling::Empty => model.atmosphere,
        _ => state.pressure[node],
    }
}

/// True when melt can pass the edge.
pub(super) fn is_open(model: &Model, state: &State, edge: usize) -> bool {
    let half = &model.graph.edges[edge].half;
    let holds = [state.filling[half[0].node], state.filling[half[1].node]];
    !holds.contains(&Filling::Empty) && holds != [Filling::Front; 2]
}

/// Evaluates every open half edge at its gradient.
pub(super) fn half_edges(model: &Model, state: &State, work: &mut Work) {
    let layers = model.layers.len();
    for (e, edge) in model.graph.edges.iter().enumerate() {
        if !is_open(model, state, e) {
            continue;
        }
        for side in 0..2 {
            let half = &edge.half[side];
            if reach(model, state, e, side) == 0.0 {
                continue;
            }
            let h = 2 * e + side;
            let section = model.graph.nodes[half.node].section;
            let grid = model.layers.section(section);
            let lever = if section == Section::Slot { 1.0 } else { 0.5 };
            let gap = work.half_gap[half.node];
            let gradient = state.gradient[h];
            let rest = &work.rest_fluidity[half.node * layers..(half.node + 1) * layers];
            let phi = &mut work.fluidity[h * layers..(h + 1) * layers];
            if rest[0] <= 0.0 && rest.iter().all(|r| *r <= 0.0) {
                phi.fill(0.0);
                work.conductance[h] = 0.0;
                work.half_flow[h] = 0.0;
                work.half_slope[h] = 0.0;
                continue;
            }
            let ln_stress = (lever * gap * gradient.abs()).max(f64::MIN_POSITIVE).ln()
                - model.melt.fluidity.ln_scale();
            let (mut sum, mut slope) = (0.0, 0.0);
            for (((phi, rest), moment), ln_at) in phi
                .iter_mut()
                .zip(rest)
                .zip(&grid.moment)
                .zip(&grid.ln_stress_at)
            {
                let (f, df) = model.melt.fluidity.get(ln_stress + ln_at);
                *phi = rest * f;
                sum += moment * *phi;
                slope += moment * rest * df;
            }
            let scale = half.area_per_gap * gap * gap * gap * lever;
            work.conductance[h] = sum;
            work.half_flow[h] = scale * sum * gradient;
            work.half_slope[h] = scale * (sum + slope);
        }
    }
}

/// Flow of every edge at the present pressures and its slope, with the face pressure eliminated from
/// the linearised halves. Returns the largest mismatch of momentum, relative to the largest flow.
pub(super) fn edges(model: &Model, state: &State, work: &mut Work) -> f64 {
    let (mut mismatch, mut largest): (f64, f64) = (0.0, 0.0);
    for (e, edge) in model.graph.edges.iter().enumerate() {
        work.edge_flow[e] = 0.0;
        work.edge_slope[e] = 0.0;
        if !is_open(model, state, e) {
            continue;
        }
        let difference = driving_pressure(model, state, edge.half[0].node)
            - driving_pressure(model, state, edge.half[1].node);
        // Each half: Q = q + s (G - g), so its pressure drop is l g + (Q - q) l / s.
        let (mut compliance, mut offset, mut blocked) = (0.0, difference, false);
        let mut off: f64 = 0.0;
        for side in 0..2 {
            let length = reach(model, state, e, side);
            if length == 0.0 {
                continue;
            }
            let h = 2 * e + side;
            let (q, s) = (work.half_flow[h], work.half_slope[h]);
            if s <= 0.0 {
                blocked = true;
                break;
            }
            compliance += length / s;
            offset += q * length / s - state.gradient[h] * length;
            off = off.max((state.flow[e] - q).abs());
            largest = largest.max(q.abs());
        }
        if blocked {
            mismatch = mismatch.max(state.flow[e].abs());
        } else if compliance > 0.0 {
            work.edge_slope[e] = 1.0 / compliance;
            work.edge_flow[e] = offset / compliance;
            mismatch = mismatch.max(off);
        }
    }
    mismatch / largest.max(STILL_PER_S * model.graph.volume())
}

/// Sets flows and gradients that belong to the pressures just solved for.
pub(super) fn update(model: &Model, state: &mut State, work: &Work, change: &[f64]) {
    for (e, edge) in model.graph.edges.iter().enumerate() {
        if !is_open(model, state, e) {
            state.flow[e] = 0.0;
            continue;
        }
        let [a, b] = [edge.half[0].node, edge.half[1].node];
        let flow = work.edge_flow[e] + work.edge_slope[e] * (change[a] - change[b]);
        state.flow[e] = flow;
        let lengths = [reach(model, state, e, 0), reach(model, state, e, 1)];
        let difference = driving_pressure(model, state, a) - driving_pressure(model, state, b);
        let even = difference / (lengths[0] + lengths[1]);
        let mut gradient = [even, even];
        if work.edge_slope[e] > 0.0 && lengths[0] > 0.0 && lengths[1] > 0.0 {
            for (h, gradient) in (2 * e..).zip(&mut gradient) {
                *gradient = state.gradient[h] + (flow - work.half_flow[h]) / work.half_slope[h];
            }
            // A linearisation far from the solution can put the face outside its two pressures.
            if gradient[0] * difference < 0.0 || gradient[1] * difference < 0.0 {
                gradient = [even, even];
            }
        }
        state.gradient[2 * e] = gradient[0];
        state.gradient[2 * e + 1] = gradient[1];
    }
}
