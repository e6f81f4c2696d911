//! Reads a state at a place: what a sensor there would show.

use crate::mold::{Mold, SensorQuantity};

use super::model::Model;
use super::state::{Filling, State};

/// A sensor found on the graph.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Name of the sensor.
    pub name: String,
    /// What it reads.
    pub quantity: SensorQuantity,
    node: usize,
    /// Signed distance from the node's centre, positive away from its element's `from` end, m.
    offset: f64,
    /// Half edge that covers the offset, and the sign of its gradient along the offset.
    along: Option<(usize, f64)>,
    /// Distance from the face where melt enters the node, m.
    depth: f64,
    entry: Option<(usize, f64)>,
}

/// Probes for every sensor of a mold, in its order.
pub fn probes(mold: &Mold, model: &Model) -> Vec<Probe> {
    mold.sensors
        .iter()
        .filter_map(|s| {
            let element = mold.elements.iter().position(|e| e.name == s.element)?;
            Some(Probe::new(model, &s.name, s.quantity, element, s.at))
        })
        .collect()
}

impl Probe {
    /// A probe `at` metres from the `from` end of element number `element`.
    pub fn new(
        model: &Model,
        name: &str,
        quantity: SensorQuantity,
        element: usize,
        at: f64,
    ) -> Self {
        let graph = &model.graph;
        let distance = |n: usize| {
            let node = &graph.nodes[n];
            (node.span[0] - at).max(at - node.span[1]).max(0.0)
        };
        let node = (1..graph.nodes.len())
            .filter(|&n| graph.nodes[n].element == element)
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(1);
        let here = &graph.nodes[node];
        let offset = at - here.centre;
        let (mut along, mut entry, mut forward) = (None, None, true);
        for &(e, side) in &graph.touching[node] {
            let other = graph.edges[e].half[1 - side].node;
            // Melt enters from the lower-numbered neighbour.
            let from_before = other < node;
            let neighbour = &graph.nodes[other];
            let other_is_up = if neighbour.element == element {
                neighbour.centre > here.centre
            } else {
                !from_before ^ (here.centre < here.span[0] + 1e-12)
            };
            if from_before && entry.is_none() {
                entry = Some((2 * e + side, if side == 1 { 1.0 } else { -1.0 }));
                forward = !other_is_up;
            }
            let towards = if from_before { !forward } else { forward };
            if (offset > 0.0) == towards && offset != 0.0 {
                // Positive gradient means falling pressure from side 0 to side 1.
                let sign = if side == 0 { -1.0 } else { 1.0 };
                along = Some((2 * e + side, sign));
            }
        }
        let depth = if forward {
            at - here.span[0]
        } else {
            here.span[1] - at
        };
        Self {
            name: name.into(),
            quantity,
            node,
            offset,
            along,
            depth,
            entry,
        }
    }

    /// Pressure there, Pa absolute.
    pub fn pressure(&self, model: &Model, state: &State) -> f64 {
        match state.filling[self.node] {
            Filling::Empty => model.atmosphere,
            Filling::Front => {
                let Some((h, sign)) = self.entry else {
                    return model.atmosphere;
                };
                let wetted = model.graph.nodes[self.node].length * state.fill[self.node].min(1.0);
                model.atmosphere + (sign * state.gradient[h] * (wetted - self.depth)).max(0.0)
            }
            _ => {
                let slope = self.along.map_or(0.0, |(h, sign)| {
                    if state.flow[h / 2] == 0.0 {
                        0.0
                    } else {
                        sign * state.gradient[h]
                    }
                });
                (state.pressure[self.node] + slope * self.offset.abs()).max(model.atmosphere)
            }
        }
    }

    /// Temperature at the mid-plane there, K; the wall's where there is no melt.
    pub fn centre_temperature(&self, model: &Model, state: &State) -> f64 {
        let at = self.node * model.column();
        match state.filling[self.node] {
            Filling::Empty => model.wall_start_k,
            _ => state.temperature[at],
        }
    }

    /// Mean temperature over the gap there, K.
    pub fn mean_temperature(&self, model: &Model, state: &State) -> f64 {
        if state.filling[self.node] == Filling::Empty {
            return model.wall_start_k;
        }
        let weights = &model
            .layers
            .section(model.graph.nodes[self.node].section)
            .volume;
        let at = self.node * model.column();
        weights
            .iter()
            .zip(&state.temperature[at..])
            .map(|(w, t)| w * t)
            .sum()
    }

    /// Temperature of the melt's surface at the wall, K: that of its outermost layer.
    pub fn surface_temperature(&self, model: &Model, state: &State) -> f64 {
        match state.filling[self.node] {
            Filling::Empty => model.wall_start_k,
            _ => state.temperature[self.node * model.column() + model.layers.len() - 1],
        }
    }

    /// What the sensor reads: Pa for pressure, K for temperatures.
    pub fn read(&self, model: &Model, state: &State) -> f64 {
        match self.quantity {
            SensorQuantity::Pressure => self.pressure(model, state),
            SensorQuantity::CenterTemperature => self.centre_temperature(model, state),
            SensorQuantity::Temperature => self.mean_temperature(model, state),
            SensorQuantity::SurfaceTemperature => self.surface_temperature(model, state),
        }
    }
}
