//! The part: mass, local shrinkage and what could be wrong with it.

use crate::mold::Mold;
use crate::solver::{Filling, Model, State};

use super::Moment;

/// Temperature at which a part is weighed and measured, K.
const ROOM_K: f64 = 298.15;

/// The molded part at ejection.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Mass of the product (feed system excluded), kg.
    pub mass: f64,
    /// Mass of the feed system, kg.
    pub feed_mass: f64,
    /// Volumetric shrinkage of each node from the unloaded cavity to room temperature (1 = all).
    pub shrinkage: Vec<f64>,
    /// Mean volumetric shrinkage of the product.
    pub mean_shrinkage: f64,
    /// Largest local shrinkage of the product.
    pub largest_shrinkage: f64,
    /// Largest sink depth: the void a node shows against the product's mean, over the gap, m.
    pub sink_depth: f64,
    /// Share of the product that stayed empty.
    pub short_share: f64,
    /// Highest temperature in the product at ejection, K.
    pub hottest_at_ejection: f64,
    /// Share of the product's melt below the no-flow temperature at ejection.
    pub frozen_at_ejection: f64,
    /// Largest clamp force, N.
    pub clamp_force: f64,
    /// Clamp force over that of the press: above 1 the mold opens and flashes. `None` without a press.
    pub flash_ratio: Option<f64>,
    /// Largest pressure at the inlet, Pa.
    pub peak_inlet_pressure: f64,
    /// Largest wall shear rate, 1/s.
    pub peak_shear_rate: f64,
    /// Time of ejection, s.
    pub ejected_at: f64,
}

/// Judges the part from the last state and the course of the shot.
pub fn judge(mold: &Mold, model: &Model, end: &State, moments: &[Moment], ejected_at: f64) -> Part {
    let (layers, column) = (model.layers.len(), model.column());
    let cold = model.melt.tait.point(ROOM_K, model.atmosphere).v;
    let mut part = Part {
        ejected_at,
        shrinkage: vec![0.0; model.nodes()],
        ..Part::default()
    };
    let (mut volume, mut cold_volume, mut filled) = (0.0, 0.0, 0.0);
    for (i, node) in model.graph.nodes.iter().enumerate().skip(1) {
        // A node that left the wall was full: its void is shrinkage. A front node is only short.
        let share = if matches!(end.filling[i], Filling::Full | Filling::Detached) {
            1.0
        } else {
            end.fill[i].min(1.0)
        };
        if share > 0.0 {
            part.shrinkage[i] = 1.0 - end.mass[i] * cold / (node.volume * share);
        }
        if !node.cavity {
            part.feed_mass += end.mass[i];
            continue;
        }
        part.mass += end.mass[i];
        volume += node.volume;
        filled += node.volume * share;
        cold_volume += end.mass[i] * cold;
        if end.filling[i] != Filling::Empty {
            let t = &end.temperature[i * column..i * column + layers];
            part.hottest_at_ejection = t.iter().fold(part.hottest_at_ejection, |m, t| m.max(*t));
            part.largest_shrinkage = part.largest_shrinkage.max(part.shrinkage[i]);
        }
    }
    if volume > 0.0 {
        part.short_share = 1.0 - filled / volume;
        part.mean_shrinkage = if filled > 0.0 {
            1.0 - cold_volume / filled
        } else {
            0.0
        };
    }
    part.sink_depth = (1..model.nodes())
        .filter(|&i| model.graph.nodes[i].cavity && end.filling[i] != Filling::Empty)
        .map(|i| (part.shrinkage[i] - part.mean_shrinkage) * 2.0 * model.graph.nodes[i].half_gap)
        .fold(0.0, f64::max);
    part.frozen_at_ejection = frozen_share(model, end);
    part.clamp_force = moments.iter().fold(0.0, |m, x| x.clamp_force.max(m));
    part.flash_ratio = mold
        .press
        .as_ref()
        .map(|p| part.clamp_force / p.clamp_force_n);
    part.peak_inlet_pressure = moments.iter().fold(0.0, |m, x| x.inlet_pressure.max(m));
    part.peak_shear_rate = moments.iter().fold(0.0, |m, x| x.shear_rate.max(m));
    part
}

/// Share of the melt's volume below the no-flow temperature.
pub(super) fn frozen_share(model: &Model, state: &State) -> f64 {
    let column = model.column();
    let (mut frozen, mut melt) = (0.0, 0.0);
    for (i, node) in model.graph.nodes.iter().enumerate().skip(1) {
        if state.filling[i] == Filling::Empty {
            continue;
        }
        let weights = &model.layers.section(node.section).volume;
        let no_flow = model.melt.no_flow_k
            + model.melt.no_flow_per_pa * (state.pressure[i] - model.atmosphere);
        let share: f64 = weights
            .iter()
            .zip(&state.temperature[i * column..])
            .filter(|(_, t)| **t < no_flow)
            .map(|(w, _)| w)
            .sum();
        let volume = node.volume * state.fill[i].min(1.0);
        frozen += share * volume;
        melt += volume;
    }
    if melt > 0.0 { frozen / melt } else { 0.0 }
}

/// True when no melt can pass from the inlet into any cavity node: the gates have frozen.
pub(super) fn sealed(model: &Model, state: &State) -> bool {
    let column = model.column();
    let flows = |n: usize| {
        let no_flow = model.melt.no_flow_k
            + model.melt.no_flow_per_pa * (state.pressure[n] - model.atmosphere);
        n == 0 || (state.filling[n] != Filling::Empty && state.temperature[n * column] > no_flow)
    };
    // Nodes are numbered away from the inlet, so one pass finds all that is still connected.
    let mut open = vec![false; model.nodes()];
    open[0] = true;
    for edge in &model.graph.edges {
        let [a, b] = [edge.half[0].node, edge.half[1].node];
        if open[a] && flows(b) {
            open[b] = true;
        }
    }
    !model
        .graph
        .nodes
        .iter()
        .zip(&open)
        .any(|(node, open)| node.cavity && *open)
}

/// Largest shear rate at a wall (or at the edge of the frozen layer), 1/s.
pub(super) fn largest_shear_rate(model: &Model, state: &State) -> f64 {
    let mut largest: f64 = 0.0;
    for (e, edge) in model.graph.edges.iter().enumerate() {
        let half = &edge.half[1];
        let node = &model.graph.nodes[half.node];
        let area = half.area_per_gap * node.half_gap;
        // Newtonian estimate from the mean velocity: 3 u / H in a slot, 4 u / R in a tube.
        let factor = match node.section {
            crate::solver::Section::Slot => 3.0,
            crate::solver::Section::Tube => 4.0,
        };
        largest = largest.max(factor * state.flow[e].abs() / (area * node.half_gap));
    }
    largest
}
