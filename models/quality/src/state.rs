//! Setpoints and what the machine does at them, apart.
//!
//! A setting's target is what its setpoints make of it plus what state the machine is in (lot, moisture, heat). The state shows
//! in the measured features as what they do beyond their setpoints. Both are learned by a Gaussian process on the means of
//! settings: shots of one setting share setpoints and state, so settings, not shots, are what is known.

use crate::QualityError;
use crate::gp::Process;
use crate::linalg::{Matrix, mean, quantile};
use crate::ridge::QuadraticRidge;

/// Penalty of the law from setpoints to a measured feature, in settings.
const LAMBDA: f64 = 1.0;
/// Median of the absolute deviation to standard deviation, for a Gaussian.
const MAD: f64 = 1.4826;

/// Columns of scaled features by kind.
#[derive(Clone, Debug)]
pub struct Kinds {
    /// Those that stand still within every setting.
    setpoints: Vec<usize>,
    /// The others.
    measured: Vec<usize>,
}

impl Kinds {
    /// Tells the columns of `z` apart. `None` where all are of one kind.
    pub fn of(z: &Matrix, groups: &[usize]) -> Option<Self> {
        let settings = groups.iter().max().map_or(0, |m| m + 1);
        let stands_still = |j: &usize| {
            let mut first = vec![f64::NAN; settings];
            (0..z.rows()).all(|i| {
                let held = &mut first[groups[i]];
                if held.is_nan() {
                    *held = z.row(i)[*j];
                }
                *held == z.row(i)[*j]
            })
        };
        let (setpoints, measured): (Vec<_>, Vec<_>) = (0..z.cols()).partition(stands_still);
        (!setpoints.is_empty() && !measured.is_empty()).then_some(Self {
            setpoints,
            measured,
        })
    }
}

/// How features are shown to the process.
#[derive(Clone, Debug)]
struct View {
    kinds: Kinds,
    /// By measured column: what setpoints let expect, and the scatter around it; empty where columns are taken as they are.
    laws: Vec<(QuadraticRidge, f64)>,
}

/// A process that knows setpoints from the rest.
#[derive(Clone, Debug)]
pub struct StateProcess {
    view: View,
    process: Process,
}

impl StateProcess {
    /// Two of them on scaled features `z`, one that sees measured features as they are and one that sees them beyond their
    /// setpoints: their errors differ.
    ///
    /// # Errors
    /// When a linear system has no solution.
    pub fn fit_both(
        z: &Matrix,
        y: &[f64],
        groups: &[usize],
        kinds: &Kinds,
        seed: u64,
    ) -> Result<[Self; 2], QualityError> {
        let (z, y) = means(z, y, groups);
        let plain = View {
            kinds: kinds.clone(),
            laws: Vec::new(),
        };
        Ok([
            Self::fit(View::beyond(kinds, &z)?, &z, &y, seed)?,
            Self::fit(plain, &z, &y, seed)?,
        ])
    }

    fn fit(view: View, z: &Matrix, y: &[f64], seed: u64) -> Result<Self, QualityError> {
        let settings: Vec<usize> = (0..y.len()).collect();
        let (first, shown) = (view.kinds.setpoints.len(), view.show(z));
        let process = Process::fit(&shown, y, &settings, first, y.len(), seed)?;
        Ok(Self { view, process })
    }

    /// Mean and standard deviation of a new shot in a new setting, by row of scaled features.
    pub fn predict(&self, z: &Matrix) -> Vec<(f64, f64)> {
        self.process.predict(&self.view.show(z))
    }
}

impl View {
    /// Sees measured features beyond their setpoints.
    fn beyond(kinds: &Kinds, z: &Matrix) -> Result<Self, QualityError> {
        let setpoints = columns(z, &kinds.setpoints);
        let law = |&j: &usize| {
            let seen = z.column(j);
            let law = QuadraticRidge::fit(&setpoints, &seen, LAMBDA)?;
            let expected = law.predict(&setpoints);
            let off: Vec<f64> = seen
                .iter()
                .zip(&expected)
                .map(|(s, e)| (s - e).abs())
                .collect();
            Ok((law, (MAD * quantile(&off, 0.5)).max(1e-9)))
        };
        Ok(Self {
            kinds: kinds.clone(),
            laws: kinds.measured.iter().map(law).collect::<Result<_, _>>()?,
        })
    }

    /// Setpoints first, then what is measured.
    fn show(&self, z: &Matrix) -> Matrix {
        let setpoints = columns(z, &self.kinds.setpoints);
        let mut measured = columns(z, &self.kinds.measured);
        for (j, (law, scatter)) in self.laws.iter().enumerate() {
            for (i, expected) in law.predict(&setpoints).into_iter().enumerate() {
                let off = (measured.row(i)[j] - expected) / scatter;
                // One wild sample must not take a setting to where no other is.
                measured.row_mut(i)[j] = off.signum() * off.abs().ln_1p();
            }
        }
        setpoints.beside(&measured)
    }
}

/// Means of every setting.
fn means(z: &Matrix, y: &[f64], groups: &[usize]) -> (Matrix, Vec<f64>) {
    let settings = groups.iter().max().map_or(0, |m| m + 1);
    let mut rows = vec![Vec::new(); settings];
    for (i, g) in groups.iter().enumerate() {
        rows[*g].push(i);
    }
    rows.retain(|r| !r.is_empty());
    let of = |rows: &[usize], value: &dyn Fn(usize) -> f64| {
        mean(&rows.iter().map(|i| value(*i)).collect::<Vec<_>>())
    };
    let z = Matrix::par_rows(rows.len(), z.cols(), |k, row| {
        for (j, v) in row.iter_mut().enumerate() {
            *v = of(&rows[k], &|i| z.row(i)[j]);
        }
    });
    let y = rows.iter().map(|r| of(r, &|i| y[i])).collect();
    (z, y)
}

fn columns(z: &Matrix, which: &[usize]) -> Matrix {
    Matrix::par_rows(z.rows(), which.len(), |i, row| {
        for (v, &j) in row.iter_mut().zip(which) {
            *v = z.row(i)[j];
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Two setpoints, and one feature that follows them and the machine's hidden state; four shots a setting.
    fn shots() -> (Matrix, Vec<f64>, Vec<usize>) {
        let mut random = Random::new(5);
        let mut unit = || random.below(2001) as f64 / 1000.0 - 1.0;
        let (mut rows, mut y, mut groups) = (vec![], vec![], vec![]);
        for group in 0..60 {
            let (a, b, state) = (unit().signum(), unit(), unit());
            for _ in 0..4 {
                rows.push(vec![a, b, a * b + 2.0 * a + 0.2 * state + 0.01 * unit()]);
                y.push(a + b * b + state + 0.02 * unit());
                groups.push(group);
            }
        }
        (Matrix::from_rows(&rows), y, groups)
    }

    #[test]
    fn columns_that_stand_still_in_every_setting_are_setpoints() {
        let (x, _, groups) = shots();
        let kinds = Kinds::of(&x, &groups).unwrap();
        assert_eq!((kinds.setpoints, kinds.measured), (vec![0, 1], vec![2]));
        assert!(Kinds::of(&columns(&x, &[0, 1]), &groups).is_none());
        assert!(Kinds::of(&columns(&x, &[2]), &groups).is_none());
        // Where every shot is a setting of its own nothing tells them apart.
        let alone: Vec<usize> = (0..groups.len()).collect();
        assert!(Kinds::of(&x, &alone).is_none());
    }

    /// The state is a tenth of what the feature does and half of what the target does.
    #[test]
    fn a_hidden_state_is_read_from_what_a_feature_does_beyond_its_setpoints() {
        let (x, y, groups) = shots();
        let kinds = Kinds::of(&x, &groups).unwrap();
        let rest: Vec<usize> = (0..y.len()).filter(|&i| groups[i] < 40).collect();
        let seen: Vec<f64> = rest.iter().map(|&i| y[i]).collect();
        let setting: Vec<usize> = rest.iter().map(|&i| groups[i]).collect();
        let [beyond, plain] =
            StateProcess::fit_both(&x.select(&rest), &seen, &setting, &kinds, 1).unwrap();
        let wrong = |process: &StateProcess| {
            let off = process.predict(&x).into_iter().zip(&y).skip(160);
            let squares: Vec<f64> = off.map(|((m, _), y)| (m - y).powi(2)).collect();
            mean(&squares).sqrt()
        };
        let (beyond, plain) = (wrong(&beyond), wrong(&plain));
        println!("{beyond:.3} beyond setpoints, {plain:.3} as it is");
        // The state alone scatters by 0.6.
        assert!(beyond < 0.1 && plain < 0.1, "{beyond} {plain}");
    }
}
