//! Scratch of one step: everything the discrete operator evaluates from a state. Allocated once.

use super::live::Reference;
use super::model::Model;

/// Arrays by node, by edge, by half edge (`2 e + side`) and, with `layers` entries each, by column.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Fluidity at rest of each layer, 1/(Pa s); 0 where it does not flow.
    pub rest_fluidity: Vec<f64>,
    /// Fluidity of each layer of each half edge, 1/(Pa s).
    pub fluidity: Vec<f64>,
    /// Sum of moment times fluidity of each half edge.
    pub conductance: Vec<f64>,
    /// Volume flow that each half edge carries at its gradient, m3/s.
    pub half_flow: Vec<f64>,
    /// Derivative of `half_flow` with the gradient.
    pub half_slope: Vec<f64>,
    /// Flow and its derivative with the pressure difference, after elimination of the face pressure.
    pub edge_flow: Vec<f64>,
    pub edge_slope: Vec<f64>,
    /// Density that the flow of each edge carries, kg/m3.
    pub edge_density: Vec<f64>,
    /// Density of each layer, kg/m3.
    pub density: Vec<f64>,
    /// Derivative of each layer's specific volume with temperature, m3/(kg K).
    pub expansion: Vec<f64>,
    /// Mean density of each node and its derivative with pressure.
    pub mean_density: Vec<f64>,
    pub mean_density_dp: Vec<f64>,
    /// Enthalpy, heat capacity, conductivity (also between layers), density and compression heating (K/Pa) of the predecessor.
    pub old_enthalpy: Vec<f64>,
    pub old_heat: Vec<f64>,
    pub old_conductivity: Vec<f64>,
    pub old_face: Vec<f64>,
    pub old_density: Vec<f64>,
    pub old_compression: Vec<f64>,
    /// True while the columns still stand at the predecessor's temperatures.
    pub at_old: bool,
    /// True while half edges still hold what was evaluated ahead of the step.
    pub edges_ready: bool,
    /// Properties of the live step at their last evaluation.
    pub live: Reference,
    /// Residual of the mass balance, then its solution, Pa.
    pub rhs: Vec<f64>,
    /// Response of pressure to an opening mold (rank-one part of the mass balance).
    pub opening_column: Vec<f64>,
    /// Weight of each node's pressure in the mean cavity pressure.
    pub opening_row: Vec<f64>,
    /// Net inflow of mass, kg/s.
    pub inflow: Vec<f64>,
    /// Volume of each node in the opened mold, m3.
    pub volume: Vec<f64>,
    /// Half gap of each node in the opened mold, m.
    pub half_gap: Vec<f64>,
    /// Nodes from high to low pressure.
    pub order: Vec<usize>,
    /// Times each node changed its filling in this step.
    pub switches: Vec<u8>,
    /// One column: flow by layer, advection and source, and the tridiagonal system.
    pub layer_flow: Vec<f64>,
    pub advection: Vec<f64>,
    pub source: Vec<f64>,
    pub carried: Vec<f64>,
    pub lower: Vec<f64>,
    pub diag: Vec<f64>,
    pub upper: Vec<f64>,
    pub right: Vec<f64>,
}

impl Work {
    pub fn new(model: &Model) -> Self {
        let (n, e, layers, column) = (
            model.nodes(),
            model.graph.edges.len(),
            model.layers.len(),
            model.column(),
        );
        let area: f64 = model
            .graph
            .nodes
            .iter()
            .filter(|node| node.cavity)
            .map(|node| node.projected_area)
            .sum();
        let opening_row = model
            .graph
            .nodes
            .iter()
            .map(|node| {
                if node.cavity && area > 0.0 {
                    node.projected_area / area
                } else {
                    0.0
                }
            })
            .collect();
        let node = || vec![0.0; n];
        let by_layer = |count: usize| vec![0.0; count * layers];
        Self {
            rest_fluidity: by_layer(n),
            fluidity: by_layer(2 * e),
            conductance: vec![0.0; 2 * e],
            half_flow: vec![0.0; 2 * e],
            half_slope: vec![0.0; 2 * e],
            edge_flow: vec![0.0; e],
            edge_slope: vec![0.0; e],
            edge_density: vec![0.0; e],
            density: by_layer(n),
            expansion: by_layer(n),
            mean_density: node(),
            mean_density_dp: node(),
            old_enthalpy: by_layer(n),
            old_heat: by_layer(n),
            at_old: false,
            edges_ready: false,
            live: Reference::new(n, layers),
            old_conductivity: by_layer(n),
            old_face: by_layer(n),
            old_density: by_layer(n),
            old_compression: by_layer(n),
            rhs: node(),
            opening_column: node(),
            opening_row,
            inflow: node(),
            volume: node(),
            half_gap: node(),
            order: (0..n).collect(),
            switches: vec![0; n],
            layer_flow: by_layer(1),
            advection: by_layer(1),
            source: by_layer(1),
            carried: by_layer(1),
            lower: vec![0.0; column],
            diag: vec![0.0; column],
            upper: vec![0.0; column],
            right: vec![0.0; column],
        }
    }
}
