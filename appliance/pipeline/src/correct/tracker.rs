//! How far a shot is off the reference shots, from the marks it left.
//!
//! ```text
//! marks - marks_ref = M_s (setpoints - setpoints_ref) + M_l delta + noise,   delta ~ N(commanded, sd)
//! results - results_ref = R_s (setpoints - setpoints_ref) + R_l delta
//! ```
//! `delta` are the latents of [`TRACKED`] off what they were in the reference shots; slopes come from replays. One scalar update
//! a mark. Everything constant cancels; what a mark cannot tell apart stays in the band.

use crate::correct::effect::{Banded, Effect, Gradient};
use crate::correct::marks::{Marks, Sense, TRACKED};
use crate::correct::quantity::{Outcome, QUANTITIES, Quantity};
use crate::correct::recorded::Recorded;
use crate::error::PipelineError;
use crate::ports::{SETPOINTS, Setpoint, Setpoints};

const LATENTS: usize = TRACKED.len();
/// Reference shots after which deviations are told.
pub const REFERENCE_SHOTS: u32 = 6;
/// Mean squared surprise of the marks above which they are not understood.
const NOT_UNDERSTOOD: f64 = 16.0;

/// Share of a setpoint, or kelvins, beyond which slopes are asked for again.
const FAR: [f64; 2] = [0.15, 6.0];

fn apart(a: &Setpoints, b: &Setpoints) -> bool {
    Setpoint::ALL.into_iter().any(|s| {
        let off = (a[s] - b[s]).abs();
        match s {
            Setpoint::MeltTemperature | Setpoint::MoldTemperature => off > FAR[1],
            _ => off > FAR[0] * a[s].abs(),
        }
    })
}

/// What the tracker says about one shot.
#[derive(Clone, Debug, PartialEq)]
pub struct Off {
    /// Results less those of the reference shots.
    pub outcome: Outcome,
    /// Standard deviation of it.
    pub sd: Outcome,
    /// Latents of [`TRACKED`] less those of the reference shots: a share, K, K, a share.
    pub latents: [f64; LATENTS],
    /// Whether the marks agree with each other: whether melt, wall and setpoints explain them.
    pub understood: bool,
}

/// Remembers the reference shots.
#[derive(Clone, Debug)]
pub struct Tracker {
    used: Vec<usize>,
    leakage: f64,
    /// Marks of the reference shots.
    learned: Vec<Marks>,
    /// Their mean.
    marks: Option<Marks>,
    setpoints: Setpoints,
    known: Option<Known>,
}

/// What replays of one shot said.
#[derive(Clone, Debug)]
struct Known {
    sense: Sense,
    gradient: Gradient,
    /// Setpoints they were run around.
    around: Setpoints,
    /// What the reference shots came to by the reduced solver.
    reference: [Banded; QUANTITIES],
}

impl Tracker {
    /// For the cavity sensors `used` and a check ring that leaks `leakage`, m3/(s Pa).
    pub fn new(used: &[usize], leakage: f64) -> Self {
        Self {
            used: used.to_vec(),
            leakage,
            learned: Vec::new(),
            marks: None,
            setpoints: Setpoints::default(),
            known: None,
        }
    }

    /// The same before its first shot.
    pub fn fresh(&self) -> Self {
        Self::new(&self.used, self.leakage)
    }

    /// Reference shots still needed.
    pub fn missing(&self) -> u32 {
        REFERENCE_SHOTS.saturating_sub(self.learned.len() as u32)
    }

    /// What the reference shots came to: value and standard deviation; the model's word, right only as far as the belief is.
    pub fn reference(&self, quantity: Quantity) -> Option<Banded> {
        Some(self.known.as_ref()?.reference[quantity as usize])
    }

    /// What setpoints do, as of the last time it was asked.
    pub fn gradient(&self) -> Option<&Gradient> {
        self.known.as_ref().map(|k| &k.gradient)
    }

    /// Takes a finished production shot whose setpoints had reached `reached`: one of the reference, or one to compare with it.
    /// `None` while the reference is being learned; other setpoints than before begin it anew. `effect` is asked at the end of
    /// the reference and when setpoints have moved far.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn shot(
        &mut self,
        shot: &Recorded,
        reached: &Setpoints,
        movable: &[Setpoint],
        effect: impl FnOnce() -> Result<Option<Effect>, PipelineError>,
    ) -> Result<Option<Off>, PipelineError> {
        let marks = Marks::of_record(shot, &self.used, self.leakage);
        if self.missing() > 0 {
            self.learn(marks, reached);
            if self.missing() == 0 {
                match effect()? {
                    Some(effect) => self.known = Some(self.ask(&effect, movable)?),
                    None => _ = self.learned.pop(),
                }
                self.marks = Marks::mean(&self.learned);
            }
            return Ok(None);
        }
        let far = self
            .known
            .as_ref()
            .is_some_and(|known| apart(&known.around, reached));
        if far && let Some(effect) = effect()? {
            let reference = self.known.as_ref().map(|known| known.reference);
            let mut known = self.ask(&effect, movable)?;
            known.reference = reference.unwrap_or(known.reference);
            self.known = Some(known);
        }
        let (Some(reference), Some(known)) = (&self.marks, &self.known) else {
            return Ok(None);
        };
        Ok(Some(self.compare(&marks, reference, &known.sense, reached)))
    }

    /// One more reference shot.
    fn learn(&mut self, marks: Marks, reached: &Setpoints) {
        let same = |s: &Setpoint| {
            let (a, b) = (self.setpoints[*s], reached[*s]);
            (a - b).abs() <= 1e-4 * a.abs() || a.is_nan() && b.is_nan()
        };
        if !Setpoint::ALL.iter().all(same) {
            self.learned.clear();
        }
        self.setpoints = *reached;
        self.learned.push(marks);
    }

    /// The reference shots less their own mean, oldest first, once the reference is known: how shots scatter, and whether they drifted.
    pub fn references(&self) -> Vec<Off> {
        let (Some(mean), Some(known)) = (&self.marks, &self.known) else {
            return Vec::new();
        };
        let off = |marks| self.compare(marks, mean, &known.sense, &self.setpoints);
        self.learned.iter().map(off).collect()
    }

    fn ask(&self, effect: &Effect, movable: &[Setpoint]) -> Result<Known, PipelineError> {
        let (value, sd) = (effect.estimate(), effect.estimate_sd()?);
        Ok(Known {
            sense: effect.sense(&self.used)?,
            gradient: effect.gradient(movable)?,
            around: *effect.setpoints(),
            reference: std::array::from_fn(|q| [value.0[q], sd.0[q]]),
        })
    }

    /// Setpoints less those of the reference, hold pressure as it was measured, temperatures apart.
    fn moved(&self, marks: &Marks, reference: &Marks, reached: &Setpoints) -> [f64; SETPOINTS] {
        std::array::from_fn(|i| {
            let moved = reached.0[i] - self.setpoints.0[i];
            match Setpoint::ALL[i] {
                Setpoint::HoldPressure => {
                    let set = self.setpoints[Setpoint::HoldPressure];
                    let arrived = reference.hold_pa / set;
                    let measured = (marks.hold_pa - reference.hold_pa) / arrived;
                    if measured.is_finite() { measured } else { 0.0 }
                }
                _ if moved.is_finite() => moved,
                _ => 0.0,
            }
        })
    }

    fn compare(&self, marks: &Marks, reference: &Marks, sense: &Sense, reached: &Setpoints) -> Off {
        let moved = self.moved(marks, reference, reached);
        let mut mean = [0.0; LATENTS];
        mean[1] = moved[Setpoint::MeltTemperature as usize];
        mean[2] = moved[Setpoint::MoldTemperature as usize];
        let mut p = [[0.0; LATENTS]; LATENTS];
        for (i, (_, step)) in TRACKED.iter().enumerate() {
            p[i][i] = step.sd * step.sd;
        }
        let (mut surprise, mut count) = (0.0, 0.0);
        let sds = marks.sd();
        for (m, residual) in marks.less(reference).into_iter().enumerate() {
            let h: [f64; LATENTS] = std::array::from_fn(|k| sense.latents[k].marks[m]);
            let by_setpoints: f64 = (0..moved.len())
                .map(|s| sense.setpoints[s].marks[m] * moved[s])
                .filter(|x| x.is_finite())
                .sum();
            // Slopes are right to a tenth or so.
            let noise = sds[m].hypot(0.1 * by_setpoints);
            let expected: f64 = by_setpoints + (0..LATENTS).map(|k| h[k] * mean[k]).sum::<f64>();
            let innovation = residual - expected;
            if !innovation.is_finite() || h.iter().any(|x| !x.is_finite()) {
                continue;
            }
            let ph: [f64; LATENTS] =
                std::array::from_fn(|i| (0..LATENTS).map(|k| p[i][k] * h[k]).sum());
            let s = noise * noise + (0..LATENTS).map(|k| h[k] * ph[k]).sum::<f64>();
            surprise += innovation * innovation / s;
            count += 1.0;
            for i in 0..LATENTS {
                mean[i] += ph[i] / s * innovation;
            }
            for i in 0..LATENTS {
                for j in 0..LATENTS {
                    p[i][j] -= ph[i] * ph[j] / s;
                }
            }
        }
        let result = |q: usize| {
            let by_setpoints: f64 = (0..moved.len())
                .map(|s| sense.setpoints[s].outcome.0[q] * moved[s])
                .sum();
            by_setpoints
                + (0..LATENTS)
                    .map(|k| sense.latents[k].outcome.0[q] * mean[k])
                    .sum::<f64>()
        };
        let variance = |q: usize| {
            let r: [f64; LATENTS] = std::array::from_fn(|k| sense.latents[k].outcome.0[q]);
            (0..LATENTS)
                .flat_map(|i| (0..LATENTS).map(move |j| (i, j)))
                .map(|(i, j)| r[i] * p[i][j] * r[j])
                .sum::<f64>()
                .max(0.0)
        };
        let mut outcome = Outcome::default();
        let mut sd = Outcome::default();
        for q in 0..QUANTITIES {
            outcome.0[q] = result(q);
            sd.0[q] = variance(q).sqrt();
        }
        Off {
            outcome,
            sd,
            latents: mean,
            understood: count > 0.0 && surprise / count < NOT_UNDERSTOOD,
        }
    }
}
