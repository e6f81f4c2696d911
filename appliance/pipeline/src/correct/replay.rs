//! Runs the reduced solver over a recorded shot, as it was or with other setpoints, as fast as its step control allows.

use std::sync::Arc;

use models_physics::card::SimulationMaterial;
use models_physics::latents::{Latent, Latents};
use models_physics::mold::Mold;
use models_physics::observer::LIVE_CUT;
use models_physics::shot::Product;
use models_physics::solver::{Filling, Inlet, March, Model, Probe, State, Tolerance, probes};

use crate::correct::quantity::{Outcome, Quantity};
use crate::correct::recorded::{Course, Piece, Recorded};
use crate::error::PipelineError;
use crate::setup::ATMOSPHERE_PA;

/// Between the reference's accuracy and that of the live step: a difference of two runs must mean something.
const TOLERANCE: Tolerance = Tolerance {
    mass: 1e-7,
    momentum: 1e-4,
    temperature: 0.01,
    iterations: 30,
    iterations_filling: 30,
    accept: false,
};
/// Melt before the inlet at the start, as a share of the mold's volume: more than a shot takes.
const RESERVOIR: f64 = 1.5;

/// One instant of a run: time since the shot began, s, and what every sensor of the mold shows, Pa or K.
#[derive(Clone, Debug, PartialEq)]
pub struct Instant {
    /// s.
    pub time_s: f64,
    /// At the inlet, Pa.
    pub inlet_pa: f64,
    /// Volume the screw has displaced, m3.
    pub displaced_m3: f64,
    /// By sensor of the mold; NaN for one that lies before the driving sensor.
    pub values: Vec<f64>,
}

/// A mold, its melt and the sensors to read.
#[derive(Clone, Debug)]
pub struct Replay {
    mold: Arc<Mold>,
    material: Arc<SimulationMaterial>,
    names: Arc<[String]>,
    last: usize,
}

impl Replay {
    /// For a mold cut at its driving sensor; `names` are the sensors of the whole mold, `last` the one where the flow ends.
    pub fn new(mold: &Mold, material: &SimulationMaterial, names: &[String], last: usize) -> Self {
        Self {
            mold: Arc::new(mold.clone()),
            material: Arc::new(material.clone()),
            names: names.into(),
            last,
        }
    }

    fn model(&self, latents: &Latents) -> Model {
        Model::with_material(&self.mold, &self.material, latents, LIVE_CUT, None, None)
    }

    fn failed(&self, source: impl std::error::Error + Send + Sync + 'static) -> PipelineError {
        PipelineError::Replay {
            mold: self.mold.name.clone(),
            source: Box::new(source),
        }
    }

    /// What the shot came to with the inlet's pressure as recorded from its first moment to its last.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn as_recorded(
        &self,
        latents: &Latents,
        shot: &Recorded,
    ) -> Result<Outcome, PipelineError> {
        let model = self.model(latents);
        let mut run = Run::new(&model, self).map_err(|e| self.failed(e))?;
        run.follow(shot.ended_s, |t| shot.inlet_pa(t))
            .map_err(|e| self.failed(e))?;
        Ok(run.outcome())
    }

    /// What the screw displaced in fill, in pieces of constant rate, if the inlet's pressure was the recorded one.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn fill(&self, latents: &Latents, shot: &Recorded) -> Result<Vec<Piece>, PipelineError> {
        let model = self.model(latents);
        let mut run = Run::new(&model, self).map_err(|e| self.failed(e))?;
        let (mut before_s, mut before) = (0.0, run.march.state.reservoir);
        let mut pieces = Vec::new();
        for knot in shot.knots() {
            run.follow(knot, |t| shot.inlet_pa(t))
                .map_err(|e| self.failed(e))?;
            let now = run.march.state.reservoir;
            let time_s = knot - before_s;
            pieces.push(Piece {
                time_s,
                rate: ((before - now) / time_s).max(0.0),
            });
            (before_s, before) = (knot, now);
        }
        Ok(pieces)
    }

    /// Runs a course: fill by volume, the rest by pressure. Curves are kept only where asked for.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn run(
        &self,
        latents: &Latents,
        course: &Course<'_>,
        keep: bool,
    ) -> Result<(Outcome, Vec<Instant>), PipelineError> {
        let model = self.model(latents);
        let mut run = Run::new(&model, self).map_err(|e| self.failed(e))?;
        run.keep = keep;
        let mut end = 0.0;
        for piece in &course.fill {
            end += piece.time_s;
            run.displace(end, piece.rate).map_err(|e| self.failed(e))?;
        }
        run.march.restart_steps();
        for until in [course.hold_end_s, course.ended_s] {
            run.follow(until, |t| course.inlet_pa(t))
                .map_err(|e| self.failed(e))?;
            run.march.restart_steps();
        }
        Ok((run.outcome(), run.curve))
    }

    /// Latents with temperatures moved by `melt_k` and `mold_k`.
    pub fn moved(latents: &Latents, melt_k: f64, mold_k: f64) -> Latents {
        let mut moved = *latents;
        moved[Latent::MeltTemperature] += melt_k;
        moved[Latent::MoldTemperature] += mold_k;
        moved
    }
}

/// A run under way.
struct Run<'m> {
    march: March<'m>,
    probes: Vec<Option<Probe>>,
    last: usize,
    highest_pa: f64,
    clamp_n: f64,
    reservoir_m3: f64,
    keep: bool,
    curve: Vec<Instant>,
}

impl<'m> Run<'m> {
    fn new(model: &'m Model, replay: &Replay) -> Result<Self, models_physics::solver::MarchError> {
        let mut start = State::empty(model);
        start.reservoir = RESERVOIR * model.graph.volume();
        start.mass[0] = start.reservoir / model.melt.tait.point(model.melt_k, model.atmosphere).v;
        let mut march = March::new(model, start)?;
        march.tolerance = TOLERANCE;
        let found = probes(&replay.mold, model);
        let probe = |name: &String| found.iter().find(|p| p.name == *name).cloned();
        Ok(Self {
            probes: replay.names.iter().map(probe).collect(),
            last: replay.last,
            highest_pa: 0.0,
            clamp_n: 0.0,
            reservoir_m3: march.state.reservoir,
            march,
            keep: false,
            curve: Vec::new(),
        })
    }

    fn follow(
        &mut self,
        until: f64,
        pressure: impl Fn(f64) -> f64,
    ) -> Result<(), models_physics::solver::MarchError> {
        while self.march.state.time < until - 1e-9 {
            let limit = until - self.march.state.time;
            self.march.advance(limit, |t, _| {
                Inlet::Pressure(pressure(t).max(ATMOSPHERE_PA))
            })?;
            self.look();
        }
        Ok(())
    }

    fn displace(
        &mut self,
        until: f64,
        rate: f64,
    ) -> Result<(), models_physics::solver::MarchError> {
        while self.march.state.time < until - 1e-9 {
            let limit = until - self.march.state.time;
            let inlet = Inlet::Rate { rate, leakage: 0.0 };
            self.march.advance(limit, |_, _| inlet)?;
            self.look();
        }
        Ok(())
    }

    fn look(&mut self) {
        let (model, state) = (self.march.model, &self.march.state);
        if let Some(Some(probe)) = self.probes.get(self.last) {
            let over = probe.read(model, state) - ATMOSPHERE_PA;
            self.highest_pa = self.highest_pa.max(over);
        }
        let full = model.graph.nodes.iter().enumerate().skip(1);
        let force = full
            .filter(|(n, _)| state.filling[*n] == Filling::Full)
            .map(|(n, node)| node.projected_area * (state.pressure[n] - ATMOSPHERE_PA).max(0.0));
        self.clamp_n = self.clamp_n.max(force.sum());
        if self.keep {
            let read = |p: &Option<Probe>| p.as_ref().map_or(f64::NAN, |p| p.read(model, state));
            self.curve.push(Instant {
                time_s: state.time,
                inlet_pa: state.pressure[0],
                displaced_m3: self.reservoir_m3 - state.reservoir,
                values: self.probes.iter().map(read).collect(),
            });
        }
    }

    fn outcome(&self) -> Outcome {
        let product = Product::new(self.march.model, &self.march.state);
        let mut outcome = Outcome::default();
        outcome[Quantity::PartMass] = product.mass;
        outcome[Quantity::Shrinkage] = product.mean_shrinkage;
        outcome[Quantity::Sink] = (product.largest_shrinkage - product.mean_shrinkage).max(0.0);
        outcome[Quantity::ShortShare] = product.short_share;
        outcome[Quantity::EndOfFillPressure] = self.highest_pa;
        outcome[Quantity::ClampForce] = self.clamp_n;
        outcome[Quantity::CoreTemperature] = product.hottest;
        outcome
    }
}
