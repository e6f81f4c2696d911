//! Small molds and melts with known answers.

use crate::card::SimulationMaterial;
use crate::latents::Latents;
use crate::laws::{Conductivity, HeatCapacity, PowerLaw, Rheology, Tait, WallContact};
use crate::mold::Mold;
use crate::solver::{Cut, Filling, Inlet, Model, State, Stepper, Tolerance};

use super::CaseError;

/// The grid every mold has unless it asks for another.
pub const DEFAULT_GRID: Cut = Cut {
    cells: 66,
    layers: 16,
};
/// Far below what the reference tolerance lets through: errors are those of the discretisation.
pub const TIGHT: Tolerance = Tolerance {
    mass: 1e-12,
    momentum: 1e-8,
    temperature: 1e-6,
    iterations: 200,
    iterations_filling: 200,
    accept: false,
};
/// The slot shared by V1, V2, V6 and V10.
pub const SLOT: &str = "shape = \"strip\"\nwidth_mm = 50.0\ngap_mm = 2.0\nlength_mm = 100.0";
/// Flow through it, m3/s.
pub const SLOT_FLOW: f64 = 20e-6;
/// Heat transfer coefficient of a wall that keeps the surface at its own temperature, W/(m2 K).
pub const FIXED_WALL: f64 = 1e12;
/// Heat transfer coefficient of a wall that lets nothing through, W/(m2 K).
pub const ADIABATIC: f64 = 1e-12;

/// A melt of 1000 kg/m3 that hardly yields and neither conducts nor warms.
pub fn melt(rheology: Rheology) -> Result<SimulationMaterial, CaseError> {
    Ok(SimulationMaterial {
        key: "bench".into(),
        rheology,
        tait: tait(1e14),
        heat_capacity: HeatCapacity::constant(1e12)?,
        conductivity: Conductivity::constant(1e-6)?,
        no_flow_k: 0.0,
    })
}

/// An equation of state without expansion; `stiffness` is `b3`, Pa.
pub fn tait(stiffness: f64) -> Tait {
    Tait {
        b1m: 1e-3,
        b3m: stiffness,
        b1s: 1e-3,
        b3s: stiffness,
        ..Tait::default()
    }
}

/// Power law with the same consistency at every temperature.
pub fn power_law(k: f64, n: f64) -> Rheology {
    Rheology::PowerLaw(PowerLaw {
        k,
        n,
        b: 0.0,
        t_ref: 500.0,
    })
}

/// Model of one element between the inlet and a dead end.
pub fn model(
    element: &str,
    material: &SimulationMaterial,
    cut: Cut,
    melt_k: f64,
    wall_k: f64,
    htc: f64,
) -> Result<Model, CaseError> {
    let text = format!(
        "name = \"bench\"\ntitle = \"Validation\"\nmaterial = \"ps_styron678e\"\ninlet = \"in\"\ncompliance_m_per_pa = 0.0\n\
         [process]\nmelt_celsius = 230.0\n[wall]\nmold_celsius = 50.0\nhtc_w_per_m2_k = 1000.0\n\
         [element.path]\nfrom = \"in\"\nto = \"out\"\ncavity = true\n{element}\n"
    );
    let mold = Mold::from_toml(&text, "validation")?;
    let mut model = Model::with_material(
        &mold,
        material,
        &Latents::default(),
        cut,
        Some(melt_k),
        Some(wall_k),
    );
    model.compliance = 0.0;
    model.wall = WallContact::constant(htc)?;
    model.wall_factor = 1.0;
    model.steel = None;
    model.melt_k = melt_k;
    model.wall_start_k = wall_k;
    model.coolant_k = wall_k;
    Ok(model)
}

/// Opens the far end: a last node so wide that it resists nothing, whose front stays at atmosphere.
pub fn open_end(model: &mut Model) {
    let mut end = model.graph.nodes[model.nodes() - 1].clone();
    let from = model.graph.nodes.len() - 1;
    end.volume = model.graph.volume();
    let mut edge = model.graph.edges[model.graph.edges.len() - 1];
    let inner = edge.half[1];
    edge.half = [inner, inner];
    edge.half[1].node = from + 1;
    edge.half[1].area_per_gap *= 1e9;
    model.graph.nodes.push(end);
    model.graph.edges.push(edge);
    model.graph.finish();
}

/// Melt everywhere at one temperature and at the atmosphere; an open end holds a front.
pub fn filled(model: &Model, t_k: f64, open: bool) -> State {
    let mut state = State::empty(model);
    let (column, layers, last) = (model.column(), model.layers.len(), model.nodes() - 1);
    let density = 1.0 / model.melt.tait.blended(t_k, model.atmosphere).v;
    for node in 1..=last {
        state.temperature[node * column..node * column + layers].fill(t_k);
        let fill = if open && node == last { 1e-3 } else { 1.0 };
        state.fill[node] = fill;
        state.filling[node] = if fill < 1.0 {
            Filling::Front
        } else {
            Filling::Full
        };
        state.mass[node] = fill * density * model.graph.nodes[node].volume;
    }
    state.reservoir = 1e-3;
    state.mass[0] = state.reservoir / model.melt.tait.blended(model.melt_k, model.atmosphere).v;
    state
}

/// Steps of `dt` seconds; `inlet(time at the end)` drives them.
pub fn run(
    model: &Model,
    state: State,
    dt: f64,
    steps: usize,
    inlet: impl Fn(f64) -> Inlet,
) -> Result<State, CaseError> {
    let mut stepper = Stepper::new(model)?;
    let mut old = state;
    let mut new = old.clone();
    for _ in 0..steps {
        stepper.step(model, &old, &mut new, inlet(old.time + dt), dt, &TIGHT)?;
        std::mem::swap(&mut old, &mut new);
    }
    Ok(old)
}

/// Temperature in the middle of a node's gap, K: a parabola without slope there through two layers.
pub fn centre_k(model: &Model, state: &State, node: usize) -> f64 {
    let at = node * model.column();
    let (a, b) = (
        model.layers.centres[0].powi(2),
        model.layers.centres[1].powi(2),
    );
    (b * state.temperature[at] - a * state.temperature[at + 1]) / (b - a)
}

/// Mean temperature of a node, K.
pub fn mean_k(model: &Model, state: &State, node: usize) -> f64 {
    let volume = &model.layers.section(model.graph.nodes[node].section).volume;
    volume
        .iter()
        .zip(&state.temperature[node * model.column()..])
        .map(|(v, t)| v * t)
        .sum()
}
