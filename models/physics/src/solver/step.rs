//! One implicit step: Newton on the mass balance with momentum eliminated edge by edge, a sweep of the
//! energy columns in every iteration, and an active set for fronts and melt that has left the wall.

use super::ahead::Ahead;
use super::linear::{LinearError, PressureSystem};
use super::model::Model;
use super::state::{Filling, State};
use super::tolerance::{StepError, StepReport, Tolerance};
use super::work::Work;
use super::{energy, flow, mass};

/// What the press does at the inlet during one step.
#[derive(Clone, Copy, Debug)]
pub enum Inlet {
    /// Pressure at the end of the step, Pa absolute.
    Pressure(f64),
    /// The screw displaces volume; leakage flows back over the check ring.
    Rate {
        /// Screw displacement, m3/s.
        rate: f64,
        /// Back flow, m3/(s Pa).
        leakage: f64,
    },
}

/// Steps a model. Holds the scratch, so that a step does not allocate (on a tree).
#[derive(Debug)]
pub struct Stepper {
    pub(super) work: Work,
    pub(super) system: PressureSystem,
    change: Vec<f64>,
    pub(super) ahead: Ahead,
}

/// Times a node may fill up within one step.
const SWITCHES: u8 = 2;

impl Stepper {
    /// Prepares scratch and the factorisation's pattern.
    ///
    /// # Errors
    /// When the graph's pattern cannot be analysed.
    pub fn new(model: &Model) -> Result<Self, LinearError> {
        Ok(Self {
            work: Work::new(model),
            system: PressureSystem::new(&model.graph)?,
            change: vec![0.0; model.nodes()],
            ahead: Ahead::Nothing,
        })
    }

    /// Evaluates every property in every step: what the live step's continuation is judged against.
    #[cfg(test)]
    pub(crate) fn never_continue(&mut self) {
        self.work.live.reach = 0.0;
    }

    /// Advances `old` by `dt` seconds into `new`. `new` must have been made for the same model.
    ///
    /// # Errors
    /// When the iteration does not converge within the tolerance; `new` is then meaningless.
    pub fn step(
        &mut self,
        model: &Model,
        old: &State,
        new: &mut State,
        inlet: Inlet,
        dt: f64,
        tol: &Tolerance,
    ) -> Result<StepReport, StepError> {
        new.copy_from(old);
        new.time = old.time + dt;
        self.start(model, old, new, inlet, dt, !tol.accept);
        if tol.accept {
            // The first iteration stands at the predecessor: its properties are evaluated once.
            self.complete(model, old, new);
        } else {
            energy::prepare(model, old, &mut self.work);
        }
        let scale = self.mass_scale(model);
        let filling = new
            .filling
            .iter()
            .any(|f| matches!(f, Filling::Empty | Filling::Front));
        let most = if filling {
            tol.iterations_filling
        } else {
            tol.iterations
        };
        let mut report = StepReport {
            temperature: f64::INFINITY,
            ..StepReport::default()
        };
        loop {
            if tol.accept && report.iterations >= most {
                break;
            }
            self.work.at_old = report.iterations == 0;
            if !(tol.accept && self.work.at_old) {
                mass::density(model, new, &mut self.work);
                flow::rest_fluidity(model, new, &mut self.work);
            }
            let (mass_residual, momentum) = self.evaluate(model, old, new, inlet, dt);
            report.mass = mass_residual / scale;
            report.momentum = momentum;
            let solved = report.mass < tol.mass
                && momentum < tol.momentum
                && report.temperature < tol.temperature;
            if solved && report.iterations > 0 {
                break;
            }
            if report.iterations >= most || !report.mass.is_finite() {
                let StepReport {
                    iterations,
                    mass,
                    momentum,
                    temperature,
                    ..
                } = report;
                return Err(StepError::NotConverged {
                    iterations,
                    mass,
                    momentum,
                    temperature,
                });
            }
            self.newton(model, new, inlet)?;
            self.settle_masses(model, old, new, inlet, dt);
            report.temperature = energy::sweep(model, old, new, dt, &mut self.work);
            if self.switch_fillings(model, new) {
                report.temperature = f64::INFINITY;
            }
            mass::open_mold(model, new, &mut self.work);
            report.iterations += 1;
        }
        check(model, new)?;
        self.finish(model, old, new, inlet, dt, &mut report);
        Ok(report)
    }

    /// Density of the melt times the mold: what residuals are compared with.
    fn mass_scale(&self, model: &Model) -> f64 {
        model.graph.volume() * 1000.0
    }

    /// Evaluates the operator at `new`, whose densities and fluidities at rest are in `work`. Returns the largest mass residual (kg) and momentum mismatch.
    pub(super) fn evaluate(
        &mut self,
        model: &Model,
        old: &State,
        new: &State,
        inlet: Inlet,
        dt: f64,
    ) -> (f64, f64) {
        let work = &mut self.work;
        if !std::mem::take(&mut work.edges_ready) {
            flow::half_edges(model, new, work);
        }
        let momentum = flow::edges(model, new, work);
        mass::flux_density(model, new, work);
        let mut inflow = std::mem::take(&mut work.inflow);
        mass::inflow(model, &work.edge_flow, &work.edge_density, &mut inflow);
        let mut largest: f64 = 0.0;
        for node in 0..model.nodes() {
            work.rhs[node] = 0.0;
            let balance = if node == 0 {
                match inlet {
                    Inlet::Pressure(_) => continue,
                    Inlet::Rate { rate, leakage } => {
                        let volume = (old.reservoir - rate * dt).max(0.0);
                        let lost =
                            leakage * work.mean_density[0] * (new.pressure[0] - model.atmosphere);
                        (volume * work.mean_density[0] - old.mass[0]) / dt - inflow[0] + lost
                    }
                }
            } else if new.filling[node] == Filling::Full {
                (work.volume[node] * work.mean_density[node] - old.mass[node]) / dt - inflow[node]
            } else {
                continue;
            };
            work.rhs[node] = -balance;
            largest = largest.max(balance.abs() * dt);
        }
        work.inflow = inflow;
        self.matrix(model, old, new, inlet, dt);
        (largest, momentum)
    }

    /// Derivative of the mass balance with pressure: a matrix on the graph plus the mold's opening.
    fn matrix(&mut self, model: &Model, old: &State, new: &State, inlet: Inlet, dt: f64) {
        let work = &mut self.work;
        let free = |node: usize| match node {
            0 => matches!(inlet, Inlet::Rate { .. }),
            _ => new.filling[node] == Filling::Full,
        };
        for node in 0..model.nodes() {
            work.opening_column[node] = 0.0;
            self.system.diag[node] = 1.0;
            if !free(node) {
                continue;
            }
            if node == 0 {
                if let Inlet::Rate { rate, leakage } = inlet {
                    let volume = (old.reservoir - rate * dt).max(0.0);
                    self.system.diag[0] =
                        volume * work.mean_density_dp[0] / dt + leakage * work.mean_density[0];
                }
                continue;
            }
            self.system.diag[node] = work.volume[node] * work.mean_density_dp[node] / dt;
            let place = &model.graph.nodes[node];
            if place.cavity {
                work.opening_column[node] = place.volume * 0.5 * model.compliance / place.half_gap
                    * work.mean_density[node]
                    / dt;
            }
        }
        for (e, edge) in model.graph.edges.iter().enumerate() {
            let [a, b] = [edge.half[0].node, edge.half[1].node];
            let slope = work.edge_slope[e] * work.edge_density[e];
            self.system.link[e] = 0.0;
            if free(a) {
                self.system.diag[a] += slope;
            }
            if free(b) {
                self.system.diag[b] += slope;
            }
            if free(a) && free(b) {
                self.system.link[e] = slope;
            }
        }
    }

    /// One Newton step on pressure, flows and gradients.
    fn newton(&mut self, model: &Model, new: &mut State, inlet: Inlet) -> Result<(), LinearError> {
        self.system.factor()?;
        self.change.copy_from_slice(&self.work.rhs);
        self.system.solve(&mut self.change);
        let row = |node: usize| {
            if new.filling[node] == Filling::Full {
                self.work.opening_row[node]
            } else {
                0.0
            }
        };
        if model.compliance > 0.0 && self.work.opening_column.iter().any(|c| *c != 0.0) {
            // Sherman-Morrison: the mold opens by a weighted mean of all pressures.
            self.system.solve(&mut self.work.opening_column);
            let (mut top, mut bottom) = (0.0, 1.0);
            for node in 0..self.change.len() {
                top += row(node) * self.change[node];
                bottom += row(node) * self.work.opening_column[node];
            }
            for node in 0..self.change.len() {
                self.change[node] -= self.work.opening_column[node] * top / bottom;
            }
        }
        for node in 0..self.change.len() {
            let free = if node == 0 {
                matches!(inlet, Inlet::Rate { .. })
            } else {
                new.filling[node] == Filling::Full
            };
            if !free {
                self.change[node] = 0.0;
            }
            new.pressure[node] += self.change[node];
        }
        flow::update(model, new, &self.work, &self.change);
        // A front node shows the pressure in the middle of its melt.
        for node in 1..model.nodes() {
            if new.filling[node] == Filling::Front {
                let mut p = model.atmosphere;
                for &(e, side) in &model.graph.touching[node] {
                    let sign = if side == 1 { 1.0 } else { -1.0 };
                    let length = model.graph.nodes[node].length * new.fill[node].min(1.0);
                    p = p.max(model.atmosphere + 0.5 * sign * new.gradient[2 * e + side] * length);
                }
                new.pressure[node] = p;
            }
        }
        Ok(())
    }

    /// Masses from the flows just solved for: the ledger. Also the fill that follows from them.
    fn settle_masses(
        &mut self,
        model: &Model,
        old: &State,
        new: &mut State,
        inlet: Inlet,
        dt: f64,
    ) {
        let work = &mut self.work;
        let mut inflow = std::mem::take(&mut work.inflow);
        mass::inflow(model, &new.flow, &work.edge_density, &mut inflow);
        for (node, rate) in inflow.iter().enumerate() {
            new.mass[node] = old.mass[node] + dt * rate;
            if node > 0 && new.filling[node] != Filling::Empty && new.filling[node] != Filling::Full
            {
                new.fill[node] =
                    (new.mass[node] / (work.volume[node] * work.mean_density[node])).max(0.0);
            }
        }
        if let Inlet::Rate { leakage, .. } = inlet {
            new.mass[0] -=
                dt * leakage * work.mean_density[0] * (new.pressure[0] - model.atmosphere);
        }
        work.inflow = inflow;
    }

    /// Moves nodes between full, front and detached. True when any moved.
    fn switch_fillings(&mut self, model: &Model, new: &mut State) -> bool {
        let mut moved = false;
        for node in 1..model.nodes() {
            // Letting go of the wall is always possible, coming back only so often: a node on the verge
            // ends as a hair too full rather than under tension.
            let spent = self.work.switches[node] >= SWITCHES;
            let to = match new.filling[node] {
                Filling::Full if new.pressure[node] < model.atmosphere => Filling::Detached,
                _ if spent => continue,
                Filling::Detached if new.fill[node] > 1.0 => Filling::Full,
                Filling::Front if new.fill[node] > 1.0 && !has_room(model, new, node) => {
                    Filling::Full
                }
                _ => continue,
            };
            if to == Filling::Detached {
                new.pressure[node] = model.atmosphere;
            } else {
                new.fill[node] = 1.0;
                self.work.switches[node] += 1;
            }
            new.filling[node] = to;
            moved = true;
        }
        moved
    }

    /// Books what came in, and moves fronts into the next nodes.
    fn finish(
        &mut self,
        model: &Model,
        old: &State,
        new: &mut State,
        inlet: Inlet,
        dt: f64,
        report: &mut StepReport,
    ) {
        report.inflow = new.melt_mass() - old.melt_mass();
        match inlet {
            Inlet::Rate { rate, .. } => {
                new.reservoir = (old.reservoir - rate * dt).max(0.0);
                report.leaked = old.mass[0] - new.mass[0] - report.inflow;
            }
            Inlet::Pressure(_) => new.reservoir = new.mass[0] / self.work.mean_density[0],
        }
        for node in 1..model.nodes() {
            if new.filling[node] == Filling::Front {
                report.advance = report.advance.max(new.fill[node] - old.fill[node]);
            }
        }
        for node in 0..model.nodes() {
            let both = old.filling[node] == Filling::Full && new.filling[node] == Filling::Full;
            new.pressure_rate[node] = if both {
                (new.pressure[node] - old.pressure[node]) / dt
            } else {
                0.0
            };
        }
        new.during.copy_from_slice(&new.filling);
        new.fill_during.copy_from_slice(&new.fill);
        // Nodes are numbered along the flow, so one pass carries an excess over several small nodes.
        for node in 1..model.nodes() {
            if new.filling[node] == Filling::Front && new.fill[node] >= 1.0 {
                self.pass_on(model, new, node);
            }
        }
    }

    /// The front leaves a node: what it holds beyond its volume enters the neighbours with room.
    fn pass_on(&mut self, model: &Model, new: &mut State, node: usize) {
        let capacity = self.work.volume[node] * self.work.mean_density[node];
        let excess = new.mass[node] - capacity;
        let room = |new: &State, &(e, side): &(usize, usize)| {
            let other = model.graph.edges[e].half[1 - side].node;
            matches!(new.filling[other], Filling::Empty | Filling::Front)
                .then_some((other, model.graph.edges[e].half[1 - side].area_per_gap))
        };
        let width: f64 = model.graph.touching[node]
            .iter()
            .filter_map(|t| room(new, t))
            .map(|(_, w)| w)
            .sum();
        new.filling[node] = Filling::Full;
        new.fill[node] = 1.0;
        if width <= 0.0 || excess <= 0.0 {
            return;
        }
        new.mass[node] = capacity;
        let (column, layers) = (model.column(), model.layers.len());
        for touch in &model.graph.touching[node] {
            let Some((other, w)) = room(new, touch) else {
                continue;
            };
            if new.filling[other] == Filling::Empty {
                new.filling[other] = Filling::Front;
                new.pressure[other] = model.atmosphere;
                new.temperature
                    .copy_within(node * column..node * column + layers, other * column);
            }
            new.mass[other] += excess * w / width;
            let density = self.work.mean_density[node];
            self.work.mean_density[other] = density;
            new.fill[other] = new.mass[other] / (self.work.volume[other] * density);
        }
    }
}

/// Shear heating in one mold stays below this, K above the melt at the inlet.
const MOST_HEATING_K: f64 = 250.0;
/// Volumes a front node may gain before the step control cuts the step.
const MOST_FILL: f64 = 1e3;

/// Refuses a state that no melt can be in.
fn check(model: &Model, state: &State) -> Result<(), StepError> {
    let (layers, column) = (model.layers.len(), model.column());
    for node in 1..model.nodes() {
        if state.filling[node] == Filling::Empty {
            continue;
        }
        let sound = |t: &f64| (1.0..model.melt_k + MOST_HEATING_K).contains(t);
        let t = &state.temperature[node * column..][..layers];
        let fill = state.fill[node];
        if !t.iter().all(sound)
            || !state.pressure[node].is_finite()
            || !(0.0..MOST_FILL).contains(&fill)
        {
            let temperature_k =
                t.iter().fold(
                    0.0,
                    |m: f64, t| if t.is_nan() { f64::INFINITY } else { m.max(*t) },
                );
            return Err(StepError::Unphysical {
                node,
                temperature_k,
                fill,
            });
        }
    }
    Ok(())
}

/// True when a neighbour can take what overflows.
fn has_room(model: &Model, state: &State, node: usize) -> bool {
    model.graph.touching[node].iter().any(|&(e, side)| {
        matches!(
            state.filling[model.graph.edges[e].half[1 - side].node],
            Filling::Empty | Filling::Front
        )
    })
}
