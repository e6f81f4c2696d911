//! The record of a running shot: thinned curves and what measurements did, filled without allocating.

use models_physics::latents::COUNT;

use crate::deviation::{Innovation, Verdict};
use crate::estimate::Estimate;
use crate::evidence::Evidence;
use crate::part::Part;
use crate::phase::CyclePhase;
use crate::sample::MOST_SENSORS;
use crate::setup::Setup;
use crate::walker::Walker;

/// Time between two rows, s.
pub const ROW_S: f64 = 0.01;
/// Rows of a shot: a minute.
const MOST_ROWS: usize = 6000;

/// One row, Pa or K by sensor of the mold.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Time since the shot began, s.
    pub time_s: f32,
    /// Measured; NaN where nothing is.
    pub measured: [f32; MOST_SENSORS],
    /// Estimated.
    pub value: [f32; MOST_SENSORS],
    /// Standard deviation.
    pub sd: [f32; MOST_SENSORS],
    /// The model alone, at the belief.
    pub model: [f32; MOST_SENSORS],
    /// The witness; NaN without one.
    pub witness: [f32; MOST_SENSORS],
    /// Melt volume in front of the screw, m3; NaN where nothing says.
    pub screw_m3: f32,
}

/// What a measurement did over a shot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Updates.
    pub count: u32,
    /// Refused.
    pub gated: u32,
    /// Sum of squared residuals to the model over their variance before the shot.
    pub surprise: f64,
}

impl Tally {
    /// Mean surprise: one when bands are right.
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            f64::NAN
        } else {
            self.surprise / f64::from(self.count)
        }
    }

    /// Share refused.
    pub fn gated_share(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            f64::from(self.gated) / f64::from(self.count)
        }
    }
}

/// How the model depends on its doubts at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peak {
    /// The pressure, Pa.
    pub pressure_pa: f64,
    /// By sensor and direction.
    pub slopes: [[f64; COUNT]; MOST_SENSORS],
    /// Standard deviation of the deviation, by sensor.
    pub spread: [f64; MOST_SENSORS],
}

/// All that a shot leaves for the shot path.
#[derive(Debug)]
pub struct ShotRecord {
    /// Number of the shot.
    pub shot: u64,
    /// Box time it began, s.
    pub began_s: f64,
    /// Length, s.
    pub ended_s: f64,
    /// Time the model was full, s; NaN when it was not.
    pub full_s: f64,
    /// Phases and when they began, s.
    pub phases: Phases,
    /// Thinned curves.
    pub rows: Vec<Row>,
    /// By sensor.
    pub tally: [Tally; MOST_SENSORS],
    /// Turns without a value of a used sensor.
    pub silent: [u32; MOST_SENSORS],
    /// Ticks without the driving pressure.
    pub missing: u32,
    /// Time outside what the network was trained for while melt was pushed in: pressure too high, or too long, s.
    pub out_of_range_s: f64,
    /// Mold surface before the shot, K.
    pub surface_k: f64,
    /// Melt volume in front of the resting screw before the shot, m3; NaN where nothing says.
    pub screw_rest_m3: f64,
    /// What may teach something.
    pub evidence: Evidence,
    /// The part by the witness, without bands.
    pub part: Option<Part>,
    /// Largest force that opens the mold, by the witness, N.
    pub clamp_n: f64,
    /// Slopes and deviations of all sensors when the end of the flow stood under its highest pressure.
    pub peak: Peak,
}

/// A short list of fixed size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phases {
    list: [(CyclePhase, f64); 8],
    count: usize,
}

impl Phases {
    /// Adds one; a ninth is dropped.
    pub fn push(&mut self, phase: (CyclePhase, f64)) {
        if let Some(place) = self.list.get_mut(self.count) {
            *place = phase;
            self.count += 1;
        }
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &(CyclePhase, f64)> {
        self.list[..self.count].iter()
    }

    /// When a phase began, s.
    pub fn began(&self, phase: CyclePhase) -> Option<f64> {
        self.iter().find(|(p, _)| *p == phase).map(|(_, t)| *t)
    }
}

impl Default for ShotRecord {
    fn default() -> Self {
        Self::new()
    }
}

impl ShotRecord {
    /// With room for a minute.
    pub fn new() -> Self {
        Self {
            rows: Vec::with_capacity(MOST_ROWS),
            evidence: Evidence::with_room(),
            ..Self::empty()
        }
    }

    /// A new shot.
    pub(crate) fn begin(&mut self, shot: u64, surface_k: f64) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        let mut evidence = std::mem::replace(&mut self.evidence, Evidence::new(0));
        evidence.clear();
        *self = Self {
            shot,
            surface_k,
            rows,
            evidence,
            ..Self::empty()
        };
    }

    /// Without room: no allocation.
    fn empty() -> Self {
        Self {
            rows: Vec::new(),
            shot: 0,
            began_s: 0.0,
            ended_s: 0.0,
            full_s: f64::NAN,
            phases: Phases::default(),
            tally: [Tally::default(); MOST_SENSORS],
            silent: [0; MOST_SENSORS],
            missing: 0,
            out_of_range_s: 0.0,
            surface_k: f64::NAN,
            screw_rest_m3: f64::NAN,
            evidence: Evidence::new(0),
            part: None,
            clamp_n: 0.0,
            peak: Peak::default(),
        }
    }

    pub(crate) fn row(
        &mut self,
        t: f64,
        e: &Estimate,
        model: &[f64; MOST_SENSORS],
        witness: Option<&Walker>,
        setup: &Setup,
        screw_m3: f64,
    ) {
        if self.rows.len() == self.rows.capacity() {
            return;
        }
        let single = |v: &[f64; MOST_SENSORS]| v.map(|v| v as f32);
        let mut seen = [f32::NAN; MOST_SENSORS];
        if let Some(w) = witness {
            for (i, s) in seen.iter_mut().enumerate().take(setup.places.len()) {
                *s = w.read(i) as f32;
            }
        }
        self.rows.push(Row {
            time_s: t as f32,
            measured: single(&e.measured),
            value: single(&e.value),
            sd: single(&e.sd),
            model: single(model),
            witness: seen,
            screw_m3: screw_m3 as f32,
        });
    }

    pub(crate) fn innovation(&mut self, sensor: usize, seen: &Innovation, surprise: f64) {
        let tally = &mut self.tally[sensor];
        tally.count += 1;
        tally.gated += u32::from(seen.verdict == Verdict::Gated);
        tally.surprise += surprise;
    }
}
