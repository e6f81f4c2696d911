//! One tick: sample in, estimate out.

use crate::belief::Belief;
use crate::deviation::{Deviation, Innovation, Verdict};
use crate::ensemble::{Ensemble, Refusal};
use crate::estimate::{Estimate, Source};
use crate::evidence::Reading;
use crate::lead::Lead;
use crate::part::Part;
use crate::phase::{CyclePhase, PhaseState, Signs};
use crate::rezero::Rezero;
use crate::sample::{MOST_SENSORS, Sample};
use crate::setup::{ATMOSPHERE_PA, Setup};
use crate::shot::{Peak, ROW_S, ShotRecord};
use crate::walker::{Field, Walker};

mod learn;
mod measure;
mod publish;

/// Turns kept: two seconds of them at the longest turn.
const PAST: usize = 1024;
/// Time between two samples of a shot above which it has a hole, s.
const HOLE_S: f64 = 0.1;

/// What changes from shot to shot: made in the shot path, swapped in between two shots.
#[derive(Debug)]
pub struct Tuning {
    /// The model at the belief.
    pub ensemble: Ensemble,
    /// The second opinion, at the same latents; `None` when the ensemble is the witness itself.
    pub witness: Option<Walker>,
    /// The belief.
    pub belief: Belief,
}

/// What happened in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Nothing special.
    Nothing,
    /// A shot began.
    Began,
    /// The shot is over: [`Estimator::take`] has its record.
    Ended,
    /// The shot is over and the next one has begun.
    EndedAndBegan,
}

/// Follows samples.
#[derive(Debug)]
pub struct Estimator {
    setup: Setup,
    tuning: Box<Tuning>,
    source: Source,
    deviation: Deviation,
    state: PhaseState,
    estimate: Estimate,
    zero: [Rezero; MOST_SENSORS],
    lead: Lead,
    /// Model values of the last turns, for the timing part of the discrepancy.
    past: Vec<(f64, [f64; MOST_SENSORS])>,
    past_next: usize,
    spread: [f64; MOST_SENSORS],
    last_s: f64,
    dt: f64,
    turned_s: f64,
    row_s: f64,
    surface_k: f64,
    /// Where the screw rests between shots.
    screw_rest_m3: f64,
    screw_m3: f64,
    volume_taken: bool,
    full_at: f64,
    seen: [Innovation; MOST_SENSORS],
    /// Witness less network at the witness's last step: the network is fast, the witness is right.
    correction: [f64; MOST_SENSORS],
    record: Box<ShotRecord>,
    done: Box<ShotRecord>,
}

impl Estimator {
    /// With a first tuning.
    pub fn new(setup: Setup, tuning: Box<Tuning>) -> Self {
        let source = if tuning.witness.is_some() {
            Source::Network
        } else {
            Source::Witness
        };
        let deviation = Deviation::new(
            &setup.places,
            setup.drive,
            &tuning.belief.prior().discrepancy,
        );
        let mut new = Self {
            source,
            deviation,
            state: PhaseState::default(),
            estimate: Estimate {
                source,
                ..Estimate::default()
            },
            zero: [Rezero::default(); MOST_SENSORS],
            lead: Lead::default(),
            past: vec![(f64::NEG_INFINITY, [ATMOSPHERE_PA; MOST_SENSORS]); PAST],
            past_next: 0,
            spread: [f64::NAN; MOST_SENSORS],
            last_s: f64::NAN,
            dt: 1e-3,
            turned_s: 0.0,
            row_s: 0.0,
            surface_k: f64::NAN,
            screw_rest_m3: f64::NAN,
            screw_m3: f64::NAN,
            volume_taken: false,
            full_at: f64::NAN,
            seen: [Innovation::NONE; MOST_SENSORS],
            correction: [0.0; MOST_SENSORS],
            record: Box::new(ShotRecord::new()),
            done: Box::new(ShotRecord::new()),
            setup,
            tuning,
        };
        new.rest();
        new
    }

    /// Setup.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The latest estimate.
    pub fn estimate(&self) -> &Estimate {
        &self.estimate
    }

    /// The belief in use.
    pub fn belief(&self) -> &Belief {
        &self.tuning.belief
    }

    /// Swaps in what a finished shot taught; call between shots. Returns what was in use, to be dropped elsewhere.
    pub fn retune(&mut self, tuning: Box<Tuning>) -> Box<Tuning> {
        std::mem::replace(&mut self.tuning, tuning)
    }

    /// What the last measurement of a used sensor did.
    pub fn seen(&self, sensor: usize) -> Innovation {
        self.seen[sensor]
    }

    /// True between shots.
    pub fn idle(&self) -> bool {
        self.state.phase == CyclePhase::Idle
    }

    /// Exchanges the record of the finished shot for an empty one.
    pub fn take(&mut self, empty: Box<ShotRecord>) -> Box<ShotRecord> {
        std::mem::replace(&mut self.done, empty)
    }

    /// The witness, or the model itself where it is the witness.
    fn walker(&self) -> Option<&Walker> {
        self.tuning
            .witness
            .as_ref()
            .or(self.tuning.ensemble.walker())
    }

    /// The field by the witness.
    pub fn field(&self, field: &mut Field) {
        if let Some(w) = self.walker() {
            w.field(field);
        }
    }

    /// Takes a sample. Nothing is allocated.
    pub fn step(&mut self, sample: &Sample) -> Happened {
        let gap = sample.time_s - self.last_s;
        if gap <= 0.0 || !sample.time_s.is_finite() {
            return Happened::Nothing;
        }
        if gap.is_finite() && gap < 0.1 {
            self.dt += 0.02 * (gap - self.dt);
            if self.estimate.shot == 0 && self.idle() {
                self.dt = gap;
            }
        }
        if gap > HOLE_S && !self.idle() {
            // Rows that never came are missing like rows in which the drive showed nothing.
            let rows = (gap / ROW_S) as u32;
            self.record.missing = self.record.missing.saturating_add(rows);
        }
        self.last_s = sample.time_s;
        let was = self.state.phase;
        self.measure(sample, was);
        let drive = self.estimate.measured[self.setup.drive];
        self.lead.push(sample.time_s, drive);
        let signs = Signs {
            time_s: sample.time_s,
            drive_pa: drive - ATMOSPHERE_PA,
            cavity_pa: self.cavity(),
            full: self.tuning.ensemble.full(),
            injecting: sample.injecting,
            transferred: sample.transferred,
        };
        let began = self.setup.phases.step(&mut self.state, &signs);
        self.estimate.time_s = sample.time_s;
        self.estimate.phase = self.state.phase;
        if began {
            // A shot that was not seen to end is cut off by the next one.
            let cut = was != CyclePhase::Idle;
            if cut {
                self.finish();
            }
            self.begin(sample);
            return if cut {
                Happened::EndedAndBegan
            } else {
                Happened::Began
            };
        }
        if self.state.phase == CyclePhase::Idle {
            if was == CyclePhase::Idle {
                return Happened::Nothing;
            }
            self.finish();
            self.rest();
            return Happened::Ended;
        }
        if self.state.phase != was {
            self.record
                .phases
                .push((self.state.phase, sample.time_s - self.state.began_s));
        }
        self.follow(sample, drive);
        Happened::Nothing
    }

    fn begin(&mut self, sample: &Sample) {
        self.tuning.ensemble.reset(self.dt);
        if let Some(w) = &mut self.tuning.witness {
            w.reset();
        }
        let belief = &self.tuning.belief;
        self.deviation.reset(|sensor| belief.gain(sensor));
        self.past
            .fill((f64::NEG_INFINITY, [ATMOSPHERE_PA; MOST_SENSORS]));
        self.past_next = 0;
        self.correction = [0.0; MOST_SENSORS];
        (self.turned_s, self.row_s, self.full_at) = (0.0, 0.0, f64::NAN);
        (self.screw_m3, self.volume_taken) = (sample.screw_m3, false);
        self.estimate.shot += 1;
        self.estimate.refused = None;
        self.record.begin(self.estimate.shot, self.surface_k);
        self.record.screw_rest_m3 = self.screw_rest_m3;
        self.learn_surface();
        // The shot began when pressure did, a little before it was noticed.
        let start = self
            .lead
            .start(sample.time_s, ATMOSPHERE_PA, self.setup.noise_pa);
        self.state.began_s = start;
        self.record.began_s = start;
        self.record.phases.push((CyclePhase::Fill, 0.0));
        self.advance(0.0, ATMOSPHERE_PA);
        for k in 0..self.lead.len() {
            let (t, pa) = self.lead.get(k);
            if t > start {
                self.advance(t - start, pa);
            }
        }
        self.publish(sample.time_s - start);
    }

    fn follow(&mut self, sample: &Sample, drive: f64) {
        let t = sample.time_s - self.state.began_s;
        if !drive.is_finite() {
            self.estimate.refused = Some(Refusal::DriveMissing);
            self.estimate.value = [f64::NAN; MOST_SENSORS];
            self.estimate.sd = [f64::NAN; MOST_SENSORS];
            self.estimate.shot_time_s = t;
            self.record.missing += 1;
            return;
        }
        self.advance(t, drive);
        let outside = matches!(
            self.estimate.refused,
            Some(Refusal::PressureRange | Refusal::TooLong)
        );
        // A part that cools longer than any the network has seen is the witness's alone; that is no reason for doubt.
        if outside && self.state.phase != CyclePhase::Cool {
            self.record.out_of_range_s += self.dt;
        }
        if self.tuning.ensemble.turned() {
            self.turn(t, sample);
        }
        self.publish(t);
        if t >= self.row_s {
            let witness = self.tuning.witness.as_ref();
            self.record.row(
                t,
                &self.estimate,
                &self.tuning.ensemble.values,
                witness,
                &self.setup,
                sample.screw_m3,
            );
            self.row_s = t - (t - self.row_s).min(ROW_S) + ROW_S;
        }
    }

    /// Moves the models on.
    fn advance(&mut self, t: f64, pa: f64) {
        let witness = self.tuning.witness.as_ref();
        let busy = witness.is_some_and(|w| w.due(t, pa));
        let pushed = self.tuning.ensemble.push(t, pa.max(0.0), busy);
        self.estimate.refused = match pushed {
            Err(Refusal::Time) | Ok(()) if t - self.full_at > self.setup.longest_s => {
                Some(Refusal::TooLong)
            }
            Err(Refusal::Time) | Ok(()) => None,
            Err(refusal) => Some(refusal),
        };
        if self.full_at.is_nan() && self.tuning.ensemble.full() {
            self.full_at = t;
            self.record.full_s = t;
        }
        let Some(w) = &mut self.tuning.witness else {
            return;
        };
        match w.push(t, pa) {
            Ok(true) => {
                for (i, c) in self.correction.iter_mut().enumerate() {
                    let off = w.read(i) - self.tuning.ensemble.values[i];
                    *c = if off.is_finite() { off } else { 0.0 };
                }
            }
            Ok(false) => {}
            Err(_) => self.correction = [0.0; MOST_SENSORS],
        }
    }

    /// The model at the mean: the network, corrected by the witness where one runs along.
    fn model(&self) -> [f64; MOST_SENSORS] {
        let values = &self.tuning.ensemble.values;
        std::array::from_fn(|i| values[i] + self.correction[i])
    }

    /// Once all models have been moved: measurements are taken.
    fn turn(&mut self, t: f64, sample: &Sample) {
        self.deviation.pass(t - self.turned_s);
        self.turned_s = t;
        self.estimate.frozen = self.walker().map_or(0.0, Walker::frozen);
        let clamp_n = self.walker().map_or(0.0, Walker::clamp_force);
        self.record.clamp_n = self.record.clamp_n.max(clamp_n);
        let discrepancy = self.tuning.belief.prior().discrepancy;
        let values = self.model();
        let then = self.past_at(t - discrepancy.delay(t));
        let sample_ago = self.past_at(t - self.dt);
        self.past[self.past_next] = (t, values);
        self.past_next = (self.past_next + 1) % PAST;
        let inlet = values[self.setup.drive];
        let knot = self.record.evidence.due(t);
        for (i, p) in self.setup.places.iter().enumerate() {
            self.spread[i] = if p.is_pressure() {
                discrepancy.sd(values[i], then[i], inlet)
            } else {
                self.setup.temperature_sd
            };
        }
        for n in 0..self.setup.used.len() {
            let i = self.setup.used[n];
            let measured = self.estimate.measured[i];
            if !measured.is_finite() {
                self.record.silent[i] += 1;
                continue;
            }
            let noise = self.setup.noise_pa;
            let gain = self.setup.gain * (measured - ATMOSPHERE_PA).abs();
            let (residual, slopes) = (measured - values[i], self.tuning.ensemble.slopes[i]);
            let before = Deviation::before(&slopes, self.spread[i], noise.hypot(gain));
            let seen = self
                .deviation
                .pressure(i, residual, &slopes, self.spread[i], gain, noise);
            self.seen[i] = seen;
            self.record
                .innovation(i, &seen, residual * residual / before);
            if let Some(knot) = knot
                && seen.verdict == Verdict::Fused
            {
                self.record.evidence.keep(Reading {
                    knot,
                    sensor: i,
                    residual,
                    gauge: (measured - ATMOSPHERE_PA).max(0.0),
                    slopes,
                    // The shot's begin is known to a sample.
                    spread: self.spread[i].hypot(values[i] - sample_ago[i]),
                });
            }
        }
        if values[self.setup.last] > self.record.peak.pressure_pa {
            self.record.peak = Peak {
                pressure_pa: values[self.setup.last],
                slopes: self.tuning.ensemble.slopes,
                spread: self.spread,
            };
        }
        self.learn_volume(t, sample);
    }

    /// Model values at an earlier time, by the nearest turn before it.
    fn past_at(&self, t: f64) -> [f64; MOST_SENSORS] {
        for back in 1..=PAST {
            let (time, values) = &self.past[(self.past_next + PAST - back) % PAST];
            if *time <= t {
                return *values;
            }
        }
        [ATMOSPHERE_PA; MOST_SENSORS]
    }

    fn finish(&mut self) {
        self.record.ended_s = self.last_s - self.state.began_s;
        self.record.evidence.root = self.tuning.ensemble.root;
        self.record.evidence.mean = Some(self.tuning.belief.mean);
        self.record.part = self.walker().map(Part::new);
        std::mem::swap(&mut self.record, &mut self.done);
    }
}
