//! What labelled parts teach on the box, on top of the physics.

use crate::linalg::{Cholesky, Matrix, dot, quantile};
use crate::standard::Standard;
use crate::{Cusum, Drift, QualityError, RangeCheck};

/// A value and what it is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Corrected {
    /// In the target's unit.
    pub value: f64,
    /// Standard deviation of what would be measured, in the target's unit.
    pub sd: f64,
}

/// A shot as the learner sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    /// What the physics says, with its band.
    pub physics: Corrected,
    /// Features, always in the same order; NaN where one is not known.
    pub features: Vec<f64>,
    /// What it belongs to: material lot, state of the machine since the last operator action. Any numbers.
    pub levels: Vec<u64>,
}

/// A prediction of the next label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foretold {
    /// Without what labels taught.
    pub physics: Corrected,
    /// With it.
    pub corrected: Corrected,
    /// Labels behind it.
    pub labels: usize,
    /// The last labels left the prediction, this way.
    pub drift: Option<Drift>,
    /// Its features lie outside what the labels cover.
    pub out_of_range: bool,
    /// It belongs to something no label has seen, a new lot for example; the band is wider for it.
    pub unseen: bool,
}

/// Labels kept.
const MOST_LABELS: usize = 300;
/// Weight of a label against the next one: about a hundred count.
const KEEP: f64 = 0.99;
/// A label this many standard deviations off counts less, as the square of the ratio: a typing error must not rule.
const WILD: f64 = 4.0;
/// Labels that must agree before a drift is over.
const SETTLED: u32 = 5;
/// How far beyond the labelled shots a feature may lie, in its own scatter.
const MARGIN: f64 = 2.0;
/// Standard deviations of offset, features (all together), and one label, in those of the physics: the values tried.
const OFFSET: [f64; 4] = [0.3, 1.0, 3.0, 10.0];
const EXPLAINED: [f64; 5] = [0.03, 0.1, 0.3, 1.0, 3.0];
const NOISE: [f64; 8] = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.3, 2.6];
/// Most likely of each before any label, and the spread of the logarithm.
const USUAL: [f64; 3] = [1.0, 0.3, 0.15];
const SPREAD: f64 = 1.2;

/// One labelled shot.
#[derive(Clone, Debug)]
struct Sample {
    case: Case,
    label: f64,
    weight: f64,
    /// Counts the drifts before it.
    epoch: u32,
}

/// One guess at how large offset, correction and noise are, and what follows from it.
#[derive(Clone, Debug)]
struct Guess {
    /// Share of belief.
    share: f64,
    factor: Cholesky,
    mean: Vec<f64>,
    /// Variance of a label and of a level that no label has seen.
    noise: f64,
    unseen: f64,
}

/// Everything that follows from the labels so far.
#[derive(Clone, Debug)]
struct Fit {
    standard: Standard,
    levels: Vec<u64>,
    epochs: Vec<u32>,
    /// Band of the physics that the guesses are multiples of.
    base: f64,
    guesses: Vec<Guess>,
    low: Vec<f64>,
    high: Vec<f64>,
    range: Option<RangeCheck>,
}

/// Bayesian correction of a physics prediction.
///
/// ```text
/// label - physics = b0 + b . z + level + epoch + noise,     each Gaussian around zero
/// ```
///
/// `z` are the features in units of their own scatter. How large the parts are is not known either: a grid of guesses is
/// weighed by evidence, so that one label moves the value and hundred narrow the band. Without labels the physics stands as
/// it is. Each label is first predicted: [`Cusum`] watches what comes out, and a drift begins a new epoch with its own offset.
/// Source: Bishop (2006), Pattern Recognition and Machine Learning, 3.3 to 3.5.
#[derive(Clone, Debug)]
pub struct Learner {
    standard: Standard,
    samples: Vec<Sample>,
    cusum: Cusum,
    drift: Option<Drift>,
    agreed: u32,
    /// What the last label was off, in standard deviations.
    last_off: f64,
    fit: Option<Fit>,
}

impl Learner {
    /// Knows nothing yet about `features` features.
    pub fn new(features: usize) -> Self {
        Self {
            standard: Standard::new(features),
            samples: Vec::new(),
            cusum: Cusum::default(),
            drift: None,
            agreed: 0,
            last_off: 0.0,
            fit: None,
        }
    }

    /// Takes a shot without a label: only how features scatter is learned from it.
    pub fn see(&mut self, features: &[f64]) {
        self.standard.see(features);
    }

    /// Labels behind the predictions.
    pub const fn labels(&self) -> usize {
        self.samples.len()
    }

    /// Learns a label. Returns what it was off the prediction before it, in standard deviations.
    ///
    /// # Errors
    /// When a number is not finite or the number of features is another; nothing is learned then.
    pub fn learn(&mut self, case: &Case, label: f64) -> Result<f64, QualityError> {
        if !label.is_finite() {
            return Err(QualityError::BadSetting {
                what: "a label",
                must: "finite",
                got: label,
            });
        }
        let before = self.foretell(case)?;
        let off = (label - before.corrected.value) / before.corrected.sd;
        let last_epoch = self.samples.last().map_or(0, |s| s.epoch);
        self.samples.push(Sample {
            case: case.clone(),
            label,
            weight: (WILD / off.abs()).powi(2).min(1.0),
            epoch: last_epoch,
        });
        // The first label only says how far the physics is off here; that is no drift.
        if self.samples.len() > 1 {
            self.watch(off, last_epoch);
        }
        let extra = self.samples.len().saturating_sub(MOST_LABELS);
        self.samples.drain(..extra);
        self.fit = Some(self.refit()?);
        Ok(off)
    }

    fn watch(&mut self, off: f64, epoch: u32) {
        let before = std::mem::replace(&mut self.last_off, off);
        // One wild label alone is a typing error; it takes a second one on the same side.
        let confirmed = before * off.signum() > WILD;
        if off.abs() > WILD && !confirmed {
            return;
        }
        let Some(drift) = self.cusum.step(off) else {
            self.agreed += 1;
            if self.agreed >= SETTLED {
                self.drift = None;
            }
            return;
        };
        let began = self
            .samples
            .len()
            .saturating_sub(self.cusum.run().max(1) as usize);
        for sample in &mut self.samples[began..] {
            (sample.epoch, sample.weight) = (epoch + 1, 1.0);
        }
        self.cusum.reset();
        (self.drift, self.agreed) = (Some(drift), 0);
    }

    /// What will be measured on a shot.
    ///
    /// # Errors
    /// When the physics has no finite value and band, or the number of features is another.
    pub fn foretell(&self, case: &Case) -> Result<Foretold, QualityError> {
        let (got, expected) = (case.features.len(), self.standard.width());
        if got != expected {
            return Err(QualityError::Length {
                what: "the features",
                got,
                expected,
            });
        }
        let physics = case.physics;
        for (what, must, got, fine) in [
            ("the physics", "finite", physics.value, true),
            (
                "the band of the physics",
                "positive",
                physics.sd,
                physics.sd > 0.0,
            ),
        ] {
            if !(fine && got.is_finite()) {
                return Err(QualityError::BadSetting { what, must, got });
            }
        }
        let Some(fit) = &self.fit else {
            return Ok(Foretold {
                physics,
                corrected: physics,
                labels: 0,
                drift: None,
                out_of_range: false,
                unseen: false,
            });
        };
        let z = fit.standard.apply(&case.features);
        let design = fit.design(&z, &case.levels, self.samples.last().map_or(0, |s| s.epoch));
        let unseen = case
            .levels
            .iter()
            .filter(|l| !fit.levels.contains(l))
            .count() as f64;
        let (mut value, mut square) = (0.0, 0.0);
        for g in &fit.guesses {
            let m = dot(&design, &g.mean);
            let v = g.factor.forward(&design);
            value += g.share * m;
            square += g.share * (m * m + dot(&v, &v) + g.noise + unseen * g.unseen);
        }
        // Where the physics is less sure than it was on the labelled shots, so is the sum.
        let extra = (physics.sd.powi(2) - fit.base.powi(2)).max(0.0);
        let variance = (square - value * value).max(0.0) * fit.base.powi(2) + extra;
        let beyond = |j: usize| z[j] < fit.low[j] - MARGIN || z[j] > fit.high[j] + MARGIN;
        let off_line = match &fit.range {
            Some(range) => range.is_outside(&z)?,
            None => false,
        };
        Ok(Foretold {
            physics,
            corrected: Corrected {
                value: physics.value + value * fit.base,
                sd: variance.sqrt(),
            },
            labels: self.samples.len(),
            drift: self.drift,
            out_of_range: off_line || (0..z.len()).any(beyond),
            unseen: unseen > 0.0,
        })
    }

    fn refit(&self) -> Result<Fit, QualityError> {
        let bands: Vec<f64> = self.samples.iter().map(|s| s.case.physics.sd).collect();
        let mut fit = Fit {
            standard: self.standard.clone(),
            levels: Vec::new(),
            epochs: Vec::new(),
            base: quantile(&bands, 0.5),
            guesses: Vec::new(),
            low: vec![f64::INFINITY; self.standard.width()],
            high: vec![f64::NEG_INFINITY; self.standard.width()],
            range: None,
        };
        for s in &self.samples {
            for level in &s.case.levels {
                if !fit.levels.contains(level) {
                    fit.levels.push(*level);
                }
            }
            if s.epoch > 0 && !fit.epochs.contains(&s.epoch) {
                fit.epochs.push(s.epoch);
            }
        }
        let rows: Vec<Vec<f64>> = self
            .samples
            .iter()
            .map(|s| fit.standard.apply(&s.case.features))
            .collect();
        for z in &rows {
            for (j, v) in z.iter().enumerate() {
                fit.low[j] = fit.low[j].min(*v);
                fit.high[j] = fit.high[j].max(*v);
            }
        }
        let width = fit.standard.width();
        if rows.len() > 3 * (width + 1) {
            fit.range = Some(RangeCheck::fit(&Matrix::from_rows(&rows))?);
        }
        fit.weigh(&self.samples, &rows)?;
        Ok(fit)
    }
}

impl Fit {
    fn design(&self, z: &[f64], levels: &[u64], epoch: u32) -> Vec<f64> {
        let yes = |b: bool| f64::from(u8::from(b));
        let ones = std::iter::once(1.0);
        let of_level = self.levels.iter().map(|l| yes(levels.contains(l)));
        let of_epoch = self.epochs.iter().map(|e| yes(*e == epoch));
        ones.chain(z.iter().copied())
            .chain(of_level)
            .chain(of_epoch)
            .collect()
    }

    /// Fills in the guesses. A label of weight w counts as a w-th part of a label, in the fit and in the evidence.
    ///
    /// ```text
    /// P = V^-1 + D' W D / n^2,   h = D' W r / n^2,   m = P^-1 h
    /// log Z = -1/2 [sum(w) log n^2 + log|P| + log|V| + r' W r / n^2 - h' m]
    /// ```
    fn weigh(&mut self, samples: &[Sample], rows: &[Vec<f64>]) -> Result<(), QualityError> {
        let width = rows.first().map_or(0, Vec::len);
        let size = 1 + width + self.levels.len() + self.epochs.len();
        let (mut gram, mut pull) = (Matrix::zeros(size, size), vec![0.0; size]);
        let (mut square, mut count) = (0.0, 0.0);
        for (age, (s, z)) in samples.iter().zip(rows).rev().enumerate() {
            let weight = (s.weight * KEEP.powi(age as i32)).max(1e-6);
            let d = self.design(z, &s.case.levels, s.epoch);
            let r = (s.label - s.case.physics.value) / self.base;
            for i in 0..size {
                pull[i] += weight * d[i] * r;
                for (g, dj) in gram.row_mut(i).iter_mut().zip(&d) {
                    *g += weight * d[i] * dj;
                }
            }
            square += weight * r * r;
            count += weight;
        }
        let mut logs = Vec::new();
        for offset in OFFSET {
            for explained in EXPLAINED {
                for noise in NOISE {
                    let prior = |i: usize| match i {
                        0 => offset * offset,
                        i if i <= width => explained * explained / width.max(1) as f64,
                        i if i <= width + self.levels.len() => explained * explained,
                        _ => offset * offset,
                    };
                    let gain = noise.powi(-2);
                    let mut precision = gram.clone();
                    let mut log_prior = 0.0;
                    for i in 0..size {
                        let row = precision.row_mut(i);
                        row.iter_mut().for_each(|p| *p *= gain);
                        row[i] += prior(i).recip();
                        log_prior += prior(i).ln();
                    }
                    let factor = Cholesky::new(precision)?;
                    let h: Vec<f64> = pull.iter().map(|p| p * gain).collect();
                    let mean = factor.solve(&h);
                    let fit = count * noise.powi(2).ln()
                        + 2.0 * factor.half_log_det()
                        + log_prior
                        + gain * square
                        - dot(&h, &mean);
                    let unusual: f64 = [offset, explained, noise]
                        .iter()
                        .zip(USUAL)
                        .map(|(v, u)| ((v / u).ln() / SPREAD).powi(2))
                        .sum();
                    logs.push(-0.5 * (fit + unusual));
                    self.guesses.push(Guess {
                        share: 0.0,
                        factor,
                        mean,
                        noise: noise * noise,
                        unseen: explained * explained,
                    });
                }
            }
        }
        let best = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (g, log) in self.guesses.iter_mut().zip(&logs) {
            g.share = (log - best).exp();
        }
        self.guesses.retain(|g| g.share > 1e-4);
        let sum: f64 = self.guesses.iter().map(|g| g.share).sum();
        self.guesses.iter_mut().for_each(|g| g.share /= sum);
        Ok(())
    }
}
