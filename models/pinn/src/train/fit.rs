//! One stage of a training: steps, looks at shots kept back, checkpoints, an early stop.

use std::time::{Duration, Instant};

use candle_core::{Result as Candle, Tensor, Var};

use super::checkpoint::{Checkpoint, Named};
use super::optimiser::{Block, Optimiser};
use super::{Effort, rate};
use crate::error::PinnError;

/// Looks at the shots kept back over a whole stage.
const LOOKS: usize = 60;
/// Looks without anything better after which a stage ends; not in its first half, when the rate is still high.
const PATIENCE: usize = 15;
/// What counts as better: the loss falls by this share.
const BETTER: f32 = 1e-3;
/// The losses at a look: each an unexplained share of variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Steps done.
    pub step: usize,
    /// Learning rate.
    pub rate: f32,
    /// Losses on the training shots, mean since the last look.
    pub train: [f32; 2],
    /// Losses on the shots kept back, by the mean of the weights; NaN where none is.
    pub kept_back: [f32; 2],
}

/// What watches a training, and where it is kept.
pub struct Watch<'a> {
    /// Where to keep checkpoints, and what tells this training from others (a hash of all that goes into it).
    pub keep: Option<(Checkpoint, [u8; 32])>,
    /// Shortest time between two checkpoints.
    pub pause: Duration,
    /// Told after every look: all rows so far.
    pub told: &'a mut dyn FnMut(&[Row]),
    /// Told after every step.
    pub stepped: &'a mut dyn FnMut(usize),
}

/// Runs `f` with a watch that keeps nothing and tells the step and both losses on the training shots at every look.
pub(super) fn told_only<R>(
    mut told: impl FnMut(usize, f32, f32),
    f: impl FnOnce(&mut Watch<'_>) -> R,
) -> R {
    f(&mut Watch {
        keep: None,
        pause: Duration::MAX,
        told: &mut |rows| {
            if let Some(row) = rows.last() {
                told(row.step, row.train[0], row.train[1]);
            }
        },
        stepped: &mut |_| (),
    })
}

/// A loss to go down and its two parts.
pub(super) struct Loss {
    pub whole: Tensor,
    pub parts: [Tensor; 2],
}

/// The state of a stage apart from the optimiser's.
#[derive(Default)]
struct Progress {
    step: usize,
    rows: Vec<Row>,
    sum: [f32; 2],
    summed: usize,
    best: Vec<Vec<f32>>,
    best_loss: f32,
    stale: usize,
}

impl Progress {
    /// All steps are done, or nothing has become better for long.
    fn done(&self, effort: &Effort) -> bool {
        let idle = self.stale >= PATIENCE && 2 * self.step > effort.steps;
        idle || self.step >= effort.steps
    }
}

/// Trains `vars`; leaves in them the means of the weights that were best on the shots kept back, by `judge`.
pub(super) fn fit(
    vars: Vec<(Var, Vec<Block>)>,
    effort: &Effort,
    mut loss: impl FnMut(usize) -> Candle<Loss>,
    mut judge: impl FnMut() -> Candle<Option<[f32; 2]>>,
    watch: &mut Watch<'_>,
) -> Result<Vec<Row>, PinnError> {
    let mut optimiser = Optimiser::new(vars)?;
    let mut at = Progress {
        best_loss: f32::INFINITY,
        ..Progress::default()
    };
    if let Some((checkpoint, identity)) = &watch.keep
        && let Some(state) = checkpoint.read()?
    {
        resume(&state, &mut optimiser, &mut at, identity, checkpoint)?;
        (watch.told)(&at.rows);
    }
    let every = (effort.steps / LOOKS).max(1);
    let mut written = Instant::now();
    while !at.done(effort) {
        let now = loss(at.step)?;
        optimiser.step(&now.whole.backward()?, rate(effort, at.step))?;
        for (sum, part) in at.sum.iter_mut().zip(&now.parts) {
            *sum += part.to_scalar::<f32>()?;
        }
        at.summed += 1;
        at.step += 1;
        if at.sum.iter().any(|s| !s.is_finite()) {
            return Err(PinnError::Training {
                reason: format!("diverged at step {}; use another seed", at.step),
            });
        }
        (watch.stepped)(at.step);
        if at.step.is_multiple_of(every) || at.step == effort.steps {
            look(&mut at, effort, &optimiser, &mut judge)?;
            (watch.told)(&at.rows);
        }
        let done = at.done(effort);
        if let Some((checkpoint, identity)) = &watch.keep
            && (done || written.elapsed() >= watch.pause)
        {
            keep(checkpoint, identity, &mut optimiser, &at)?;
            written = Instant::now();
        }
    }
    optimiser.show(&at.best)?;
    Ok(at.rows)
}

/// Judges the means of the weights.
fn look(
    at: &mut Progress,
    effort: &Effort,
    optimiser: &Optimiser,
    judge: &mut impl FnMut() -> Candle<Option<[f32; 2]>>,
) -> Result<(), PinnError> {
    optimiser.show_means()?;
    let kept_back = judge()?;
    optimiser.show_weights()?;
    let count = at.summed.max(1) as f32;
    at.rows.push(Row {
        step: at.step,
        rate: rate(effort, at.step - 1) as f32,
        train: at.sum.map(|s| s / count),
        kept_back: kept_back.unwrap_or([f32::NAN; 2]),
    });
    (at.sum, at.summed) = ([0.0; 2], 0);
    let Some(kept_back) = kept_back else {
        // Nothing to judge by: the last weights are the best.
        at.best = optimiser.means();
        return Ok(());
    };
    let whole: f32 = kept_back.iter().sum();
    at.stale += 1;
    if whole < at.best_loss * (1.0 - BETTER) {
        at.stale = 0;
    }
    if whole < at.best_loss {
        at.best_loss = whole;
        at.best = optimiser.means();
    }
    Ok(())
}

/// Numbers of a row.
const ROW: usize = 6;

fn keep(
    checkpoint: &Checkpoint,
    identity: &[u8; 32],
    optimiser: &mut Optimiser,
    at: &Progress,
) -> Result<(), PinnError> {
    let mut state: Vec<Named> = Vec::new();
    optimiser.save(&mut state);
    let rows: Vec<f32> = at
        .rows
        .iter()
        .flat_map(|r| {
            let [a, b] = r.train;
            let [c, d] = r.kept_back;
            [r.step as f32, r.rate, a, b, c, d]
        })
        .collect();
    let counters = vec![
        at.step as f32,
        at.summed as f32,
        at.sum[0],
        at.sum[1],
        at.best_loss,
        at.stale as f32,
    ];
    let mut push = |name: String, v: Vec<f32>| state.push((name, vec![v.len()], v));
    push("rows".into(), rows);
    push("counters".into(), counters);
    push("identity".into(), identity.map(f32::from).to_vec());
    for (i, best) in at.best.iter().enumerate() {
        push(format!("best.{i}"), best.clone());
    }
    checkpoint.write(&state)
}

fn resume(
    state: &[Named],
    optimiser: &mut Optimiser,
    at: &mut Progress,
    identity: &[u8; 32],
    checkpoint: &Checkpoint,
) -> Result<(), PinnError> {
    let find = |name: &str| state.iter().find(|n| n.0 == name).map(|n| &n.2[..]);
    let foreign = || PinnError::Training {
        reason: format!(
            "{} is of another training (other data, options or program); delete it or use another folder",
            checkpoint.path().display()
        ),
    };
    if find("identity") != Some(&identity.map(f32::from)[..]) || !optimiser.restore(state)? {
        return Err(foreign());
    }
    let Some(&[step, summed, a, b, best, stale]) = find("counters") else {
        return Err(foreign());
    };
    at.step = step as usize;
    at.summed = summed as usize;
    at.sum = [a, b];
    at.best_loss = best;
    at.stale = stale as usize;
    at.rows = find("rows")
        .unwrap_or_default()
        .chunks_exact(ROW)
        .map(|r| Row {
            step: r[0] as usize,
            rate: r[1],
            train: [r[2], r[3]],
            kept_back: [r[4], r[5]],
        })
        .collect();
    at.best = (0..)
        .map_while(|i| find(&format!("best.{i}")).map(<[f32]>::to_vec))
        .collect();
    Ok(())
}
