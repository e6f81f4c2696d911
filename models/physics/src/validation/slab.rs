//! V7: a cooling slab, with a fixed and with a convective wall.

use crate::card::SimulationMaterial;
use crate::laws::{Conductivity, HeatCapacity, Rheology};
use crate::solver::{Cut, Inlet, Model, State, Stepper};

use super::bench::{self, DEFAULT_GRID, FIXED_WALL, TIGHT};
use super::{CaseError, HALF_PERCENT, Row, Rows};

const ZERO_C: f64 = 273.15;
const HOT: f64 = 230.0;
const COLD: f64 = 50.0;
/// Short enough that the error is that of the grid.
const STEP: f64 = 0.002;

/// A piece of slot that cannot flow: 1000 kg/m3, 0.22 W/(m K), diffusivity 1e-7 m2/s.
fn material() -> Result<SimulationMaterial, CaseError> {
    Ok(SimulationMaterial {
        heat_capacity: HeatCapacity::constant(2200.0)?,
        conductivity: Conductivity::constant(0.22)?,
        no_flow_k: 1e4,
        ..bench::melt(Rheology::Newtonian { eta: 300.0 })?
    })
}

/// The slab of V7 on a grid of `layers`.
pub fn slab(layers: usize, htc: f64) -> Result<Model, CaseError> {
    let element = "shape = \"strip\"\nwidth_mm = 50.0\ngap_mm = 2.0\nlength_mm = 10.0";
    bench::model(
        element,
        &material()?,
        Cut { cells: 1, layers },
        HOT + ZERO_C,
        COLD + ZERO_C,
        htc,
    )
}

/// A slab at its first moment, marched on with fixed steps.
pub struct Cooling<'m> {
    model: &'m Model,
    /// The state reached.
    pub state: State,
    next: State,
    stepper: Stepper,
}

impl<'m> Cooling<'m> {
    /// Hot melt at time 0.
    pub fn new(model: &'m Model) -> Result<Self, CaseError> {
        let state = bench::filled(model, model.melt_k, false);
        Ok(Self {
            model,
            next: state.clone(),
            state,
            stepper: Stepper::new(model)?,
        })
    }

    /// One step of the whole solver.
    pub fn step(&mut self, dt: f64) -> Result<(), CaseError> {
        let inlet = Inlet::Pressure(self.model.atmosphere);
        self.stepper
            .step(self.model, &self.state, &mut self.next, inlet, dt, &TIGHT)?;
        std::mem::swap(&mut self.state, &mut self.next);
        Ok(())
    }

    /// Steps of `dt` up to `time`.
    pub fn until(&mut self, time: f64, dt: f64) -> Result<(), CaseError> {
        while self.state.time < time - 0.5 * dt {
            self.step(dt)?;
        }
        Ok(())
    }

    fn centre_c(&self) -> f64 {
        bench::centre_k(self.model, &self.state, 1) - ZERO_C
    }

    fn mean_c(&self) -> f64 {
        bench::mean_k(self.model, &self.state, 1) - ZERO_C
    }
}

/// V7, V7b, V7c. Errors are shares of the temperature above the wall's.
pub fn rows() -> Rows {
    let mut rows = vec![];
    let fixed = slab(DEFAULT_GRID.layers, FIXED_WALL)?;
    let mut run = Cooling::new(&fixed)?;
    let mut temperature = |id: String, case: String, expected: f64, found: f64| {
        rows.push(Row::scaled(
            &id,
            &case,
            expected,
            found,
            "C",
            expected - COLD,
            HALF_PERCENT,
        ));
    };
    for (t, centre, mean) in [
        (1.0, 220.8750, 165.7718),
        (2.0, 189.0161, 139.2642),
        (5.0, 116.7399, 92.4889),
        (10.0, 69.4359, 62.3733),
    ] {
        run.until(t, STEP)?;
        temperature(
            format!("V7-centre-{t}s"),
            format!("slab, fixed wall: centre at {t} s"),
            centre,
            run.centre_c(),
        );
        temperature(
            format!("V7-mean-{t}s"),
            format!("slab, fixed wall: mean at {t} s"),
            mean,
            run.mean_c(),
        );
    }
    let convective = slab(DEFAULT_GRID.layers, 1250.0)?;
    let mut run = Cooling::new(&convective)?;
    for (t, centre, surface) in [
        (1.0, 225.6179, 100.2138),
        (2.0, 204.3815, 87.2608),
        (5.0, 141.4392, 70.9911),
    ] {
        run.until(t, STEP)?;
        temperature(
            format!("V7c-centre-{t}s"),
            format!("slab, convective wall: centre at {t} s"),
            centre,
            run.centre_c(),
        );
        temperature(
            format!("V7c-surface-{t}s"),
            format!("slab, convective wall: surface at {t} s"),
            surface,
            surface_c(&convective, &run.state, 1250.0),
        );
    }
    rows.push(Row::relative(
        "V7b-centre",
        "cooling time of the centre to 90 C",
        7.07482,
        time_to(&fixed, |run| run.centre_c())?,
        "s",
        HALF_PERCENT,
    ));
    rows.push(Row::relative(
        "V7b-mean",
        "cooling time of the mean to 90 C",
        5.24462,
        time_to(&fixed, |run| run.mean_c())?,
        "s",
        HALF_PERCENT,
    ));
    Ok(rows)
}

/// Surface temperature, C: the heat that leaves the last layer passes half a layer and the contact.
fn surface_c(model: &Model, state: &State, htc: f64) -> f64 {
    let last = model.layers.len() - 1;
    let half_layer = model.graph.nodes[1].half_gap * (1.0 - model.layers.centres[last]) / 0.22;
    let t = state.temperature[model.column() + last] - ZERO_C;
    COLD + (t - COLD) / (1.0 + htc * half_layer)
}

fn time_to(model: &Model, what: fn(&Cooling) -> f64) -> Result<f64, CaseError> {
    let target = 90.0;
    let mut run = Cooling::new(model)?;
    let mut before = what(&run);
    loop {
        run.step(STEP)?;
        let now = what(&run);
        if now <= target {
            return Ok(run.state.time - STEP * (target - now) / (before - now));
        }
        before = now;
    }
}
