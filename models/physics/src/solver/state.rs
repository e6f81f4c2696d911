//! The state of a shot at one instant.

use super::model::Model;

/// What a control volume holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// No melt yet.
    Empty,
    /// The front is inside.
    Front,
    /// Full, under pressure.
    Full,
    /// Was full; has shrunk from the wall and sits at atmospheric pressure.
    Detached,
}

/// All that changes during a shot. Nodes are those of the graph, node 0 is the inlet.
#[derive(Clone, Debug)]
pub struct State {
    /// Time since fill began, s.
    pub time: f64,
    /// Pressure at each node's centre, Pa absolute; in a front node at the middle of its melt.
    pub pressure: Vec<f64>,
    /// Change of pressure in the last step, Pa/s: the first guess of the next one.
    pub pressure_rate: Vec<f64>,
    /// Temperature columns, K: `Model::column` entries a node, mid-plane first, steel last.
    pub temperature: Vec<f64>,
    /// Melt mass of each node, kg: what has flowed in less what has flowed out.
    pub mass: Vec<f64>,
    /// Share of the volume that is melt.
    pub fill: Vec<f64>,
    /// What each node holds.
    pub filling: Vec<Filling>,
    /// Share of the node's flow length over which a front node's resistance was taken in this step.
    pub reach: Vec<f64>,
    /// What each node held, and how full it was, while the step was solved: fronts move on after it.
    pub during: Vec<Filling>,
    /// Fill before a front moved on.
    pub fill_during: Vec<f64>,
    /// Volume flow of each edge, m3/s, from side 0 to side 1.
    pub flow: Vec<f64>,
    /// Pressure gradient of each half edge, Pa/m, positive towards side 1: `2 e + side`.
    pub gradient: Vec<f64>,
    /// Opening of the cavity gap, m.
    pub opening: f64,
    /// Volume of the inlet reservoir, m3; its mass is `mass[0]`.
    pub reservoir: f64,
}

impl State {
    /// An empty mold at coolant temperature.
    pub fn empty(model: &Model) -> Self {
        let (n, e) = (model.nodes(), model.graph.edges.len());
        let column = model.column();
        let mut temperature = vec![model.wall_start_k; n * column];
        temperature[..column].fill(model.melt_k);
        let mut filling = vec![Filling::Empty; n];
        filling[0] = Filling::Full;
        let mut fill = vec![0.0; n];
        fill[0] = 1.0;
        Self {
            time: 0.0,
            pressure: vec![model.atmosphere; n],
            pressure_rate: vec![0.0; n],
            temperature,
            mass: vec![0.0; n],
            fill_during: fill.clone(),
            during: filling.clone(),
            fill,
            filling,
            reach: vec![0.0; n],
            flow: vec![0.0; e],
            gradient: vec![0.0; 2 * e],
            opening: 0.0,
            reservoir: 0.0,
        }
    }

    /// Overwrites this state with another of the same model, without allocating.
    pub fn copy_from(&mut self, other: &Self) {
        self.time = other.time;
        self.pressure.copy_from_slice(&other.pressure);
        self.pressure_rate.copy_from_slice(&other.pressure_rate);
        self.temperature.copy_from_slice(&other.temperature);
        self.mass.copy_from_slice(&other.mass);
        self.fill.copy_from_slice(&other.fill);
        self.filling.copy_from_slice(&other.filling);
        self.reach.copy_from_slice(&other.reach);
        self.during.copy_from_slice(&other.during);
        self.fill_during.copy_from_slice(&other.fill_during);
        self.flow.copy_from_slice(&other.flow);
        self.gradient.copy_from_slice(&other.gradient);
        self.opening = other.opening;
        self.reservoir = other.reservoir;
    }

    /// Share of a node that holds melt, or held it: a node that left the wall was full, its void is shrinkage.
    pub fn melt_share(&self, node: usize) -> f64 {
        match self.filling[node] {
            Filling::Empty => 0.0,
            Filling::Front => self.fill[node].min(1.0),
            Filling::Full | Filling::Detached => 1.0,
        }
    }

    /// Melt in the mold, inlet excluded, kg.
    pub fn melt_mass(&self) -> f64 {
        self.mass[1..].iter().sum()
    }
}
