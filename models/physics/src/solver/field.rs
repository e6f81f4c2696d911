//! The discrete operator on bare fields: pressure and temperature of a full mold at two instants, as a network
//! decodes them, with the derivative of its residual.
//!
//! ```text
//! mass    B_i = (V rho|new - V rho|old) / dt - sum of rho_up Q
//! energy  E_ik = row k of the column of node i, as the stepper assembles it
//! r_p = J^-1 B  [Pa],   r_T = M^-1 E  [K]
//! ```
//! `J` and `M` are the matrices of the stepper's own Newton step on pressure and of its columns: the residual is how
//! far the fields are from what one iteration of the solver would make of them, in the units of the fields. Flows
//! follow from the pressures (momentum is solved edge by edge), so that fields need no flows of their own.
//!
//! Held constant in the derivative: fluidity at rest, the density that flows carry, flows where they carry heat,
//! viscous heat, conductivity, wall contact, `J` and `M`. Kept: density with pressure and temperature, the mold's
//! opening, flows with pressure (thinning included), enthalpy, conduction, upwind temperatures, compression heating.

use super::linear::{LinearError, PressureSystem};
use super::model::Model;
use super::state::{Filling, State};
use super::step::{Inlet, Stepper};
use super::{energy, flow, mass};

mod adjoint;
mod columns;
mod storage;

use columns::thomas;
use storage::Storage;

/// Pressure above atmosphere below which a node may have left the wall, Pa: it has no mass balance of its own then.
const CONTACT_PA: f64 = 2e4;
/// Passes in which nodes may leave the wall.
const RELEASES: usize = 4;
/// Iterations of the momentum of all edges, and the mismatch (relative to the largest flow) that ends them.
const MOMENTUM_ITERATIONS: usize = 30;
const MOMENTUM: f64 = 1e-7;

/// Pressure `[nodes]` (the first that of the inlet), Pa, and temperature `[nodes, melt layers]`, K.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// Pa absolute.
    pub pressure: &'a [f64],
    /// K, mid-plane first; the column of the inlet is not read.
    pub temperature: &'a [f64],
}

/// Derivatives of a scalar with respect to [`Fields`].
#[derive(Clone, Debug)]
pub struct FieldGradient {
    /// By pressure `[nodes]`; zero at the inlet, where it is measured.
    pub pressure: Vec<f64>,
    /// By temperature `[nodes, layers]`.
    pub temperature: Vec<f64>,
}

/// Evaluates the residual and its derivative; holds the scratch.
#[derive(Debug)]
pub struct FieldOperator {
    stepper: Stepper,
    old: State,
    new: State,
    before: Storage,
    after: Storage,
    dt: f64,
    /// Pa, `[nodes]`: zero at the inlet.
    pub pressure: Vec<f64>,
    /// K, `[nodes, layers]`: zero at the inlet.
    pub temperature: Vec<f64>,
    /// Where pressure would fall to atmosphere: there it is the distance to it that counts.
    released: Vec<bool>,
    /// Tridiagonal columns, `[nodes, layers]`.
    lower: Vec<f64>,
    diag: Vec<f64>,
    upper: Vec<f64>,
    /// What upwind temperatures bring through each edge, `[edges, layers]`, W/(m3 K).
    carried: Vec<f64>,
    /// Compression heating, `[nodes, layers]`: K/Pa of the predecessor, and W/(m3 Pa) of a change in pressure.
    compression: Vec<f64>,
    squeezing: Vec<f64>,
    /// Weight of the predecessor's temperature, `[nodes, layers]`, W/(m3 K).
    inherited: Vec<f64>,
    rows: Vec<f64>,
    right: Vec<f64>,
    pivot: Vec<f64>,
    /// Shares of each edge's drop between which the face lies.
    brackets: Vec<[f64; 2]>,
    /// Where decoded pressures lie below atmosphere, before and after: held there, so nothing depends on them.
    below: [Vec<bool>; 2],
}

impl FieldGradient {
    /// Zeros for a model.
    pub fn zeros(model: &Model) -> Self {
        Self {
            pressure: vec![0.0; model.nodes()],
            temperature: vec![0.0; model.nodes() * model.layers.len()],
        }
    }

    fn clear(&mut self) {
        self.pressure.fill(0.0);
        self.temperature.fill(0.0);
    }
}

impl FieldOperator {
    /// Scratch for `model` and every other model of the same mold and cut.
    ///
    /// # Errors
    /// When the graph's pattern cannot be analysed.
    pub fn new(model: &Model) -> Result<Self, LinearError> {
        let (n, l) = (model.nodes(), model.layers.len());
        let mut full = State::empty(model);
        full.filling.fill(Filling::Full);
        full.fill.fill(1.0);
        let columns = || vec![0.0; n * l];
        Ok(Self {
            stepper: Stepper::new(model)?,
            old: full.clone(),
            new: full,
            before: Storage::new(n, l),
            after: Storage::new(n, l),
            dt: 1.0,
            pressure: vec![0.0; n],
            temperature: columns(),
            released: vec![false; n],
            lower: columns(),
            diag: columns(),
            upper: columns(),
            carried: vec![0.0; model.graph.edges.len() * l],
            compression: columns(),
            squeezing: columns(),
            inherited: columns(),
            rows: vec![0.0; n],
            right: vec![0.0; l],
            pivot: vec![0.0; l],
            brackets: vec![[0.0, 1.0]; model.graph.edges.len()],
            below: [vec![false; n], vec![false; n]],
        })
    }

    /// Evaluates the residual of `new` as the successor of `old` after `dt` seconds; read it in `pressure` and
    /// `temperature`.
    ///
    /// # Errors
    /// When the fields are no numbers.
    pub fn evaluate(
        &mut self,
        model: &Model,
        old: Fields<'_>,
        new: Fields<'_>,
        dt: f64,
    ) -> Result<(), LinearError> {
        self.dt = dt;
        set(model, old, &mut self.old);
        set(model, new, &mut self.new);
        for (below, fields) in self.below.iter_mut().zip([old, new]) {
            for (b, p) in below.iter_mut().zip(fields.pressure) {
                *b = *p < model.atmosphere;
            }
        }
        for n in 1..model.nodes() {
            let pressed = |s: &State| s.pressure[n] > model.atmosphere + CONTACT_PA;
            let holds = if pressed(&self.old) || pressed(&self.new) {
                Filling::Full
            } else {
                Filling::Detached
            };
            self.old.filling[n] = holds;
            self.new.filling[n] = holds;
        }
        self.stepper.work.at_old = false;
        mass::open_mold(model, &mut self.old, &mut self.stepper.work);
        mass::density(model, &self.old, &mut self.stepper.work);
        self.before.take(model, &self.old, &self.stepper);
        self.old.mass.copy_from_slice(&self.before.mass);
        energy::prepare(model, &self.old, &mut self.stepper.work);
        mass::open_mold(model, &mut self.new, &mut self.stepper.work);
        mass::density(model, &self.new, &mut self.stepper.work);
        self.after.take(model, &self.new, &self.stepper);
        flow::rest_fluidity(model, &self.new, &mut self.stepper.work);
        self.flows(model);
        // Nodes that would fall below atmosphere leave the wall, and their neighbours must not feel the tension.
        for _ in 0..RELEASES {
            let inlet = Inlet::Pressure(self.new.pressure[0]);
            self.stepper
                .evaluate(model, &self.old, &self.new, inlet, dt);
            self.solve_pressure()?;
            if !self.release(model) {
                break;
            }
        }
        self.correct_pressure(model, new.pressure);
        self.columns(model);
        Ok(())
    }

    /// Flows and gradients that belong to the new pressures: Newton on the face pressure of every edge, kept inside
    /// what is known to bracket it.
    fn flows(&mut self, model: &Model) {
        let (state, work) = (&mut self.new, &mut self.stepper.work);
        for (e, edge) in model.graph.edges.iter().enumerate() {
            let [a, b] = edge.half;
            let even = (state.pressure[a.node] - state.pressure[b.node]) / (a.length + b.length);
            state.gradient[2 * e..2 * e + 2].fill(even);
            state.flow[e] = 0.0;
            self.brackets[e] = [0.0, 1.0];
        }
        for i in 0..MOMENTUM_ITERATIONS {
            flow::half_edges(model, state, work);
            let mismatch = flow::edges(model, state, work);
            if i > 0 && mismatch < MOMENTUM {
                break;
            }
            for (e, edge) in model.graph.edges.iter().enumerate() {
                state.flow[e] = work.edge_flow[e];
                let [a, b] = edge.half;
                let drop = state.pressure[a.node] - state.pressure[b.node];
                if work.edge_slope[e] <= 0.0 || a.length * b.length == 0.0 || drop == 0.0 {
                    continue;
                }
                // Share of the drop on side 0: the more, the more flows there.
                let at = state.gradient[2 * e] * a.length / drop;
                let more = (work.half_flow[2 * e] - work.half_flow[2 * e + 1]) * drop.signum();
                self.brackets[e][usize::from(more >= 0.0)] = at;
                let [low, high] = self.brackets[e];
                let off = work.edge_flow[e] - work.half_flow[2 * e];
                let newton = at + off / work.half_slope[2 * e] * a.length / drop;
                let share = if newton > low && newton < high {
                    newton
                } else {
                    0.5 * (low + high)
                };
                state.gradient[2 * e] = share * drop / a.length;
                state.gradient[2 * e + 1] = (1.0 - share) * drop / b.length;
            }
        }
    }

    /// `J^-1 B`.
    fn solve_pressure(&mut self) -> Result<(), LinearError> {
        let Self {
            stepper,
            pressure,
            rows,
            after,
            ..
        } = self;
        stepper.system.factor()?;
        for (r, rhs) in pressure.iter_mut().zip(&stepper.work.rhs) {
            *r = -rhs;
        }
        stepper.system.solve(pressure);
        rows.copy_from_slice(&stepper.work.opening_column);
        remove_rank_one(&mut stepper.system, rows, &after.row, pressure);
        pressure[0] = 0.0;
        Ok(())
    }

    /// Takes nodes whose pressure would fall below atmosphere out of the mass balance. True when there were any.
    fn release(&mut self, model: &Model) -> bool {
        let mut any = false;
        for n in 1..self.pressure.len() {
            let goal = self.new.pressure[n] - self.pressure[n];
            if self.new.filling[n] == Filling::Full && goal < model.atmosphere {
                self.new.filling[n] = Filling::Detached;
                self.after.row[n] = 0.0;
                any = true;
            }
        }
        any
    }

    /// Flows after the correction; what is left of pressure where the melt has left the wall.
    fn correct_pressure(&mut self, model: &Model, decoded: &[f64]) {
        let (work, pressure) = (&self.stepper.work, &mut self.pressure);
        // Heat is carried by flows that balance mass, as in the stepper: those of pressures that are far off would
        // grow with a high power of the error.
        for (n, p) in pressure.iter_mut().enumerate().skip(1) {
            self.released[n] = self.new.filling[n] == Filling::Detached;
            if self.released[n] {
                *p = 0.0;
            }
        }
        for (e, edge) in model.graph.edges.iter().enumerate() {
            let [a, b] = [edge.half[0].node, edge.half[1].node];
            self.new.flow[e] = work.edge_flow[e] - work.edge_slope[e] * (pressure[a] - pressure[b]);
        }
        for (n, p) in pressure.iter_mut().enumerate().skip(1) {
            if self.released[n] {
                *p = decoded[n] - model.atmosphere;
            }
        }
    }

    /// Columns of all nodes and `M^-1 E`.
    fn columns(&mut self, model: &Model) {
        let (layers, column) = (model.layers.len(), model.column());
        self.carried.fill(0.0);
        for n in 1..model.nodes() {
            let at = n * layers;
            let work = &mut self.stepper.work;
            energy::assemble(model, &self.old, &self.new, n, self.dt, work);
            let t = &self.new.temperature[n * column..][..layers];
            for k in 0..layers {
                let mut row = work.diag[k] * t[k] - work.right[k];
                if k > 0 {
                    row += work.lower[k] * t[k - 1];
                }
                if k + 1 < layers {
                    row += work.upper[k] * t[k + 1];
                }
                self.temperature[at + k] = row;
            }
            self.lower[at..at + layers].copy_from_slice(&work.lower[..layers]);
            self.diag[at..at + layers].copy_from_slice(&work.diag[..layers]);
            self.upper[at..at + layers].copy_from_slice(&work.upper[..layers]);
            self.upper[at + layers - 1] = 0.0;
            if model.steel.is_some() {
                // The steel behind it is no part of the fields: the outermost layer stands as it is.
                let last = at + layers - 1;
                self.lower[last] = 0.0;
                self.diag[last] = 1.0;
                self.temperature[last] = 0.0;
            }
            self.derivatives(model, n);
            self.right[..layers].copy_from_slice(&self.temperature[at..at + layers]);
            thomas(
                &self.lower[at..at + layers],
                &self.diag[at..at + layers],
                &self.upper[at..at + layers],
                &mut self.right,
                &mut self.pivot,
            );
            self.temperature[at..at + layers].copy_from_slice(&self.right);
        }
    }

    /// Weights of the predecessor, the pressure and upwind temperatures in the rows of one node.
    fn derivatives(&mut self, model: &Model, n: usize) {
        let (layers, column) = (model.layers.len(), model.column());
        let at = n * layers;
        let weight = &model.layers.section(model.graph.nodes[n].section).volume;
        let t = &self.new.temperature[n * column..][..layers];
        let work = &mut self.stepper.work;
        for k in 0..layers {
            let cp = model.melt.heat.get(t[k]).0;
            let rate = work.old_density[at + k] / self.dt * weight[k];
            self.inherited[at + k] = rate * work.old_heat[at + k];
            self.compression[at + k] = work.old_compression[at + k];
            self.squeezing[at + k] = rate * cp * work.old_compression[at + k];
        }
        for &(e, side) in &model.graph.touching[n] {
            let flow_in = if side == 1 {
                self.new.flow[e]
            } else {
                -self.new.flow[e]
            };
            if flow_in <= 0.0 || !energy::layer_flow(model, &self.new, e, side, flow_in, work) {
                continue;
            }
            for (k, t) in t.iter().enumerate() {
                let cp = model.melt.heat.get(*t).0;
                self.carried[e * layers + k] =
                    cp * work.old_density[at + k] * work.layer_flow[k] / work.volume[n];
            }
        }
        if model.steel.is_some() {
            let last = at + layers - 1;
            self.inherited[last] = 0.0;
            self.squeezing[last] = 0.0;
            for &(e, side) in &model.graph.touching[n] {
                let flow_in = if side == 1 {
                    self.new.flow[e]
                } else {
                    -self.new.flow[e]
                };
                if flow_in > 0.0 {
                    self.carried[e * layers + layers - 1] = 0.0;
                }
            }
        }
    }
}

/// Turns `x = A^-1 b` into `(A + u v^T)^-1 b`; `u` is overwritten by `A^-1 u`.
fn remove_rank_one(system: &mut PressureSystem, u: &mut [f64], v: &[f64], x: &mut [f64]) {
    if u.iter().all(|u| *u == 0.0) {
        return;
    }
    system.solve(u);
    let (mut top, mut bottom) = (0.0, 1.0);
    for n in 0..x.len() {
        top += v[n] * x[n];
        bottom += v[n] * u[n];
    }
    for n in 0..x.len() {
        x[n] -= u[n] * top / bottom;
    }
}

/// Copies fields into a state; pressures never fall below atmosphere.
fn set(model: &Model, fields: Fields<'_>, state: &mut State) {
    let (layers, column) = (model.layers.len(), model.column());
    for (to, p) in state.pressure.iter_mut().zip(fields.pressure) {
        *to = p.max(model.atmosphere);
    }
    for (to, t) in state
        .temperature
        .chunks_exact_mut(column)
        .zip(fields.temperature.chunks_exact(layers))
        .skip(1)
    {
        to[..layers].copy_from_slice(t);
        to[layers..].fill(model.wall_start_k);
    }
    state.temperature[..column].fill(model.melt_k);
}

#[cfg(test)]
mod tests;
