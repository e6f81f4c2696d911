//! A whole shot: fill, transfer, hold, gate freeze, cooling and ejection, driven by a press recipe or
//! by a pressure measured at a sensor.

use crate::drive::{Drive, DriveError};
use crate::latents::{Latent, Latents};
use crate::mold::{Mold, Press};
use crate::recipe::Recipe;
use crate::solver::{
    Cut, Filling, Inlet, March, MarchError, Model, ModelError, Probe, State, Tolerance, probes,
};

mod part;
mod press_run;

pub use part::{Part, Product, frozen_gap, frozen_share, judge};
pub use press_run::Phase;

/// Why a shot has no result.
#[derive(Debug, thiserror::Error)]
pub enum ShotError {
    /// The mold or its material cannot be simulated.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The waveform cannot drive it.
    #[error(transparent)]
    Drive(DriveError),
    /// The solver stopped.
    #[error("simulating `{mold}`")]
    March {
        /// Name of the mold.
        mold: String,
        /// What the solver met.
        #[source]
        source: MarchError,
    },
    /// The recipe ran out before the melt reached the end of the mold.
    #[error(
        "{recipe}: the recipe never fills `{mold}`: {filled_percent:.1} % was full when the melt stopped"
    )]
    NeverFills {
        /// File of the recipe.
        recipe: String,
        /// Name of the mold.
        mold: String,
        /// Volume share that was reached.
        filled_percent: f64,
    },
    /// A latent of the mold file is wrong.
    #[error("{file}: latents")]
    Latent {
        /// File of the mold.
        file: String,
        /// What is wrong.
        #[source]
        source: crate::latents::LatentError,
    },
}

/// One instant of a shot.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Time since fill began, s.
    pub time: f64,
    /// Sensor readings in the order of [`Shot::probes`], Pa or K.
    pub readings: Vec<f64>,
    /// Phase of the cycle.
    pub phase: Phase,
    /// Volume the screw has injected, m3; 0 with a measured drive.
    pub injected: f64,
    /// Pressure at the inlet, Pa.
    pub inlet_pressure: f64,
    /// Melt in the mold, kg.
    pub mass: f64,
    /// Share of the mold's volume behind the front.
    pub filled: f64,
    /// How far melt has come in each element of the mold, along its flow, m.
    pub fronts: Vec<f64>,
    /// Share of the melt below the no-flow temperature.
    pub frozen: f64,
    /// Clamp force the cavity needs, N.
    pub clamp_force: f64,
    /// Largest wall shear rate, 1/s.
    pub shear_rate: f64,
}

/// A finished shot.
#[derive(Debug)]
pub struct Shot {
    /// The model that ran it.
    pub model: Model,
    /// Sensors, in the order of readings.
    pub probes: Vec<Probe>,
    /// Every accepted step.
    pub moments: Vec<Moment>,
    /// State at the end.
    pub end: State,
    /// States at the times asked for (and at transfer and gate freeze with a recipe).
    pub snapshots: Vec<State>,
    /// Mass in through the inlet, kg.
    pub mass_in: f64,
    /// Largest difference between what the mold holds and what its equation of state says, as a
    /// share of the melt.
    pub mass_error: f64,
    /// Time the gate froze, s.
    pub gate_freeze: Option<f64>,
    /// Time the mold was full, s.
    pub full_at: Option<f64>,
    /// Time of transfer, s; `None` with a measured drive.
    pub transfer_at: Option<f64>,
    /// Steps taken, steps refused, iterations.
    pub counts: [usize; 3],
    /// Each node's share of pressure-free solidified volume (see [`Part`]).
    pub part: Part,
}

/// What to keep of a shot and when to stop.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    /// Times of snapshots, s, rising.
    pub snapshots: Vec<f64>,
    /// Further snapshots: times after the mold was full, s, rising. Steps land on them.
    pub after_full: Vec<f64>,
    /// Also keep the state after every step until the mold is full.
    pub filling: bool,
    /// How exactly steps are solved; [`Tolerance::REFERENCE`] unless given.
    pub tolerance: Option<Tolerance>,
}

impl Mold {
    /// Its latents: priors with the values of the file.
    ///
    /// # Errors
    /// When the file's latents are wrong.
    pub fn latents(&self) -> Result<Latents, ShotError> {
        Latents::of_mold(self).map_err(|source| ShotError::Latent {
            file: self.file.clone(),
            source,
        })
    }

    /// Its default cut.
    pub fn cut(&self) -> Cut {
        Cut {
            cells: self.grid.cells_per_path,
            layers: self.grid.layers,
        }
    }
}

/// Runs a shot whose pressure at the mold's inlet was measured. Use [`crate::solver::downstream_of`] first for a sensor
/// that is not at the inlet.
///
/// # Errors
/// When the waveform lacks `sensor`, the mold cannot be simulated or the solver stops.
pub fn run_drive(
    mold: &Mold,
    latents: &Latents,
    cut: Cut,
    drive: &Drive,
    sensor: &str,
    until: f64,
    keep: &Keep,
) -> Result<Shot, ShotError> {
    let model = Model::new(mold, latents, cut, None, None)?;
    run_drive_model(mold, model, drive, sensor, until, keep)
}

/// As [`run_drive`] with a model already built.
///
/// # Errors
/// As [`run_drive`].
pub fn run_drive_model(
    mold: &Mold,
    model: Model,
    drive: &Drive,
    sensor: &str,
    until: f64,
    keep: &Keep,
) -> Result<Shot, ShotError> {
    let follower = drive.follow(sensor).map_err(ShotError::Drive)?;
    let follower = std::cell::RefCell::new(follower);
    let (first, last) = drive.span_s();
    let until = until.min(last - first);
    let atmosphere = model.atmosphere;
    let mut recorder = Recorder::new(mold, &model, keep);
    let lead = lead_in(drive, sensor, atmosphere)?;
    let mut start = State::empty(&model);
    start.time = -lead;
    let at_first = follower.borrow_mut().at_or_end(first);
    let mut march = March::new(&model, start).map_err(|e| stopped(mold, e))?;
    march.tolerance = keep.tolerance.unwrap_or(Tolerance::REFERENCE);
    let eject = until;
    while march.state.time < until - 1e-9 {
        let limit = (recorder.next_stop(until) - march.state.time).max(1e-9);
        let report = march
            .advance(limit, |t, _| {
                let p = if t < 0.0 {
                    atmosphere + (at_first - atmosphere) * (1.0 + t / lead)
                } else {
                    follower.borrow_mut().at_or_end(first + t)
                };
                Inlet::Pressure(p.max(atmosphere))
            })
            .map_err(|e| stopped(mold, e))?;
        recorder.mass_in += report.inflow;
        recorder.record(
            &march,
            if march.is_full() {
                Phase::Hold
            } else {
                Phase::Fill
            },
            0.0,
        );
    }
    let (end, counts) = (march.state, march.counts);
    Ok(recorder.finish(model, end, counts, mold, eject))
}

/// Time before the first sample at which the front passed the sensor, s.
///
/// A recording whose first value is above atmosphere begins after the front arrived: the rise is
/// continued backwards, by at most two samples.
fn lead_in(drive: &Drive, sensor: &str, atmosphere: f64) -> Result<f64, ShotError> {
    let p = drive.column(sensor).map_err(ShotError::Drive)?;
    let (Some(p0), Some(p1), Some(step)) = (
        p.first(),
        p.get(1),
        drive.time_s.get(1).map(|t| t - drive.time_s[0]),
    ) else {
        return Ok(0.0);
    };
    let (above, rise) = (p0 - atmosphere, p1 - p0);
    Ok(if above > 0.0 && rise > 0.0 {
        (above / rise).min(2.0) * step
    } else {
        0.0
    })
}

/// Runs a shot on a press.
///
/// # Errors
/// When the mold cannot be simulated, the recipe never fills it, or the solver stops.
pub fn run_recipe(
    mold: &Mold,
    press: &Press,
    recipe: &Recipe,
    latents: &Latents,
    cut: Cut,
    keep: &Keep,
) -> Result<Shot, ShotError> {
    let model = Model::new(mold, latents, cut, Some(recipe.melt_k), Some(recipe.mold_k))?;
    let mut recorder = Recorder::new(mold, &model, keep);
    let mut start = State::empty(&model);
    start.reservoir = recipe.dose_volume;
    start.mass[0] = recipe.dose_volume / model.melt.tait.point(model.melt_k, model.atmosphere).v;
    let mut march = March::new(&model, start).map_err(|e| stopped(mold, e))?;
    march.tolerance = keep.tolerance.unwrap_or(Tolerance::REFERENCE);
    let mut run = press_run::PressRun::new(
        press,
        recipe,
        latents[Latent::HoldLoss],
        latents[Latent::Leakage],
        model.atmosphere,
    );
    let end_time = run
        .run(&mut march, &mut recorder)
        .map_err(|e| stopped(mold, e))?;
    recorder.transfer_at = run.transfer_at;
    let filled = recorder.moments.last().map_or(0.0, |m| m.filled);
    if filled < NOTHING_FILLED {
        return Err(ShotError::NeverFills {
            recipe: recipe.file.clone(),
            mold: mold.name.clone(),
            filled_percent: 100.0 * filled,
        });
    }
    let (end, counts) = (march.state, march.counts);
    Ok(recorder.finish(model, end, counts, mold, end_time))
}

/// A shot that fills less than this never filled: it is an error, not a short shot.
const NOTHING_FILLED: f64 = 0.5;

fn stopped(mold: &Mold, source: MarchError) -> ShotError {
    ShotError::March {
        mold: mold.name.clone(),
        source,
    }
}

/// Collects moments while a shot runs.
struct Recorder {
    probes: Vec<Probe>,
    moments: Vec<Moment>,
    snapshots: Vec<State>,
    due: Vec<f64>,
    after_full: Vec<f64>,
    keep_filling: bool,
    mass_in: f64,
    mass_error: f64,
    gate_freeze: Option<f64>,
    full_at: Option<f64>,
    transfer_at: Option<f64>,
    volume: f64,
    elements: usize,
}

impl Recorder {
    fn new(mold: &Mold, model: &Model, keep: &Keep) -> Self {
        let mut due = keep.snapshots.clone();
        due.reverse();
        Self {
            probes: probes(mold, model),
            moments: Vec::new(),
            snapshots: Vec::new(),
            due,
            after_full: keep.after_full.clone(),
            keep_filling: keep.filling,
            mass_in: 0.0,
            mass_error: 0.0,
            gate_freeze: None,
            full_at: None,
            transfer_at: None,
            volume: model.graph.volume(),
            elements: mold.elements.len(),
        }
    }

    /// The next time a step must land on, s.
    fn next_stop(&self, until: f64) -> f64 {
        self.due.last().map_or(until, |t| t.min(until))
    }

    fn record(&mut self, march: &March<'_>, phase: Phase, injected: f64) {
        let (model, state) = (march.model, &march.state);
        if self.full_at.is_none() {
            if march.is_full() {
                self.full_at = Some(state.time);
                self.due
                    .extend(self.after_full.iter().map(|t| state.time + t));
                self.due.sort_by(|a, b| b.total_cmp(a));
            } else if self.keep_filling {
                self.snapshots.push(state.clone());
            }
        }
        while self.due.last().is_some_and(|t| *t <= state.time + 1e-9) {
            self.due.pop();
            self.snapshots.push(state.clone());
        }
        if self.gate_freeze.is_none() && self.full_at.is_some() && part::sealed(model, state) {
            self.gate_freeze = Some(state.time);
        }
        self.mass_error = self
            .mass_error
            .max((state.melt_mass() - self.mass_in).abs() / state.melt_mass().max(1e-12));
        let graph = &model.graph;
        let filled: f64 = graph
            .nodes
            .iter()
            .zip(&state.fill)
            .skip(1)
            .map(|(n, f)| n.volume * f.min(1.0))
            .sum();
        let mut fronts = vec![0.0; self.elements];
        for (node, fill) in graph.nodes.iter().zip(&state.fill).skip(1) {
            fronts[node.element] += (node.span[1] - node.span[0]) * fill.min(1.0);
        }
        let clamp = |n: usize| {
            graph.nodes[n].projected_area * (state.pressure[n] - model.atmosphere).max(0.0)
        };
        self.moments.push(Moment {
            time: state.time,
            readings: self.probes.iter().map(|p| p.read(model, state)).collect(),
            phase,
            injected,
            inlet_pressure: state.pressure[0],
            mass: state.melt_mass(),
            filled: filled / self.volume,
            fronts,
            frozen: part::frozen_share(model, state),
            clamp_force: (1..graph.nodes.len())
                .filter(|n| state.filling[*n] == Filling::Full)
                .map(clamp)
                .sum(),
            shear_rate: part::largest_shear_rate(model, state),
        });
    }

    fn finish(self, model: Model, end: State, counts: [usize; 3], mold: &Mold, eject: f64) -> Shot {
        let part = judge(mold, &model, &end, &self.moments, eject);
        Shot {
            probes: self.probes,
            moments: self.moments,
            snapshots: self.snapshots,
            mass_in: self.mass_in,
            mass_error: self.mass_error,
            gate_freeze: self.gate_freeze,
            full_at: self.full_at,
            transfer_at: self.transfer_at,
            counts,
            part,
            end,
            model,
        }
    }
}

impl Shot {
    /// Readings of probe number `probe` at the given times, linear between steps.
    pub fn sample(&self, probe: usize, times: &[f64]) -> Vec<f64> {
        let mut at = 0;
        let before = Moment {
            time: 0.0,
            ..self.moments[0].clone()
        };
        let rest = match self.probes[probe].quantity {
            crate::mold::SensorQuantity::Pressure => self.model.atmosphere,
            _ => self.model.wall_start_k,
        };
        times
            .iter()
            .map(|&t| {
                while at + 1 < self.moments.len() && self.moments[at].time < t {
                    at += 1;
                }
                let (a, from) = if at == 0 {
                    (&before, rest)
                } else {
                    (&self.moments[at - 1], self.moments[at - 1].readings[probe])
                };
                let b = &self.moments[at];
                let w = if b.time > a.time {
                    ((t - a.time) / (b.time - a.time)).clamp(0.0, 1.0)
                } else {
                    1.0
                };
                from + w * (b.readings[probe] - from)
            })
            .collect()
    }
}
