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

/// What a state says about the product alone. Costs no allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Product {
    /// Mass, kg.
    pub mass: f64,
    /// Mean volumetric shrinkage from the unloaded cavity to room temperature.
    pub mean_shrinkage: f64,
    /// Largest local shrinkage.
    pub largest_shrinkage: f64,
    /// Share that stayed empty.
    pub short_share: f64,
    /// Highest temperature, K.
    pub hottest: f64,
}

impl Product {
    /// Of a state.
    pub fn new(model: &Model, state: &State) -> Self {
        let (layers, column) = (model.layers.len(), model.column());
        let cold = cold_volume(model);
        let mut product = Self::default();
        let (mut volume, mut filled, mut shrunk) = (0.0, 0.0, 0.0);
        for (i, node) in model.graph.nodes.iter().enumerate().skip(1) {
            if !node.cavity {
                continue;
            }
            product.mass += state.mass[i];
            shrunk += state.mass[i] * cold;
            volume += node.volume;
            filled += node.volume * state.melt_share(i);
            if state.filling[i] != Filling::Empty {
                let t = &state.temperature[i * column..i * column + layers];
                product.hottest = t.iter().fold(product.hottest, |m, t| m.max(*t));
                let here = shrinkage(model, state, i, cold);
                product.largest_shrinkage = product.largest_shrinkage.max(here);
            }
        }
        if volume > 0.0 {
            product.short_share = 1.0 - filled / volume;
        }
        if filled > 0.0 {
            product.mean_shrinkage = 1.0 - shrunk / filled;
        }
        product
    }
}

/// Specific volume of the part when it is weighed, m3/kg.
fn cold_volume(model: &Model) -> f64 {
    model.melt.tait.point(ROOM_K, model.atmosphere).v
}

/// Volumetric shrinkage of a node to the specific volume `cold`; zero where no melt is.
fn shrinkage(model: &Model, state: &State, node: usize, cold: f64) -> f64 {
    let share = state.melt_share(node);
    if share > 0.0 {
        1.0 - state.mass[node] * cold / (model.graph.nodes[node].volume * share)
    } else {
        0.0
    }
}

/// Judges the part from the last state and the course of the shot.
pub fn judge(mold: &Mold, model: &Model, end: &State, moments: &[Moment], ejected_at: f64) -> Part {
    let cold = cold_volume(model);
    let product = Product::new(model, end);
    let feed = |i: &usize| *i > 0 && !model.graph.nodes[*i].cavity;
    let mut part = Part {
        ejected_at,
        mass: product.mass,
        feed_mass: (0..model.nodes())
            .filter(feed)
            .fold(0.0, |m, i| m + end.mass[i]),
        shrinkage: (0..model.nodes())
            .map(|i| {
                if i == 0 {
                    0.0
                } else {
                    shrinkage(model, end, i, cold)
                }
            })
            .collect(),
        mean_shrinkage: product.mean_shrinkage,
        largest_shrinkage: product.largest_shrinkage,
        short_share: product.short_share,
        hottest_at_ejection: product.hottest,
        ..Part::default()
    };
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

/// Share of one node's gap below the no-flow temperature.
pub fn frozen_gap(model: &Model, state: &State, node: usize) -> f64 {
    let weights = &model.layers.section(model.graph.nodes[node].section).volume;
    let no_flow = model.no_flow_at(state.pressure[node]);
    weights
        .iter()
        .zip(&state.temperature[node * model.column()..])
        .filter(|(_, t)| **t < no_flow)
        .map(|(w, _)| w)
        .sum()
}

/// Share of the melt's volume below the no-flow temperature.
pub fn frozen_share(model: &Model, state: &State) -> f64 {
    let (mut frozen, mut melt) = (0.0, 0.0);
    for (i, node) in model.graph.nodes.iter().enumerate().skip(1) {
        if state.filling[i] == Filling::Empty {
            continue;
        }
        let volume = node.volume * state.fill[i].min(1.0);
        frozen += frozen_gap(model, state, i) * volume;
        melt += volume;
    }
    if melt > 0.0 { frozen / melt } else { 0.0 }
}

/// True when no melt can pass from the inlet into any cavity node: the gates have frozen.
pub(super) fn sealed(model: &Model, state: &State) -> bool {
    let column = model.column();
    let flows = |n: usize| {
        let no_flow = model.no_flow_at(state.pressure[n]);
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
