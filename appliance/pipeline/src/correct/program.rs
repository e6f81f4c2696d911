//! The least movement that brings results to their targets: a small quadratic program, solved by an interior point method.
//!
//! ```text
//! minimise   sum_j cost_j z_j^2 + sum_t ((off_t + sum_j g_tj step_j z_j) / tolerance_t)^2
//! subject to low_j <= z_j <= high_j                   limits, largest step, what the hour has left
//!            off_h + sum_j g_hj step_j z_j <= room    hard limits; where one is already broken: no worse
//! ```
//! `z_j` is the move of setpoint `j` in steps. No movement is always allowed, so there is always a solution.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, SupportedConeT,
};

/// A setpoint that may be moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lever {
    /// Price of moving it by a whole step, beside a result that is off by its tolerance.
    pub cost: f64,
    /// Lowest move, in steps; at most zero.
    pub low: f64,
    /// Highest move, in steps; at least zero.
    pub high: f64,
}

/// A result that has a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Aimed {
    /// Off its target, in tolerances.
    pub off: f64,
    /// Change with a whole step of each lever, in tolerances.
    pub slopes: Vec<f64>,
}

/// A result that may not grow beyond something. One that may not fall is written with its signs changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Wall {
    /// How far it may still grow, in any unit; at least zero.
    pub room: f64,
    /// Change with a whole step of each lever, in the same unit.
    pub slopes: Vec<f64>,
}

/// Moves smaller than this many steps are not worth writing.
const SMALLEST: f64 = 0.02;

/// The moves, in steps; `None` when the solver gives up.
pub fn least_movement(levers: &[Lever], aimed: &[Aimed], walls: &[Wall]) -> Option<Vec<f64>> {
    let n = levers.len();
    if n == 0 || aimed.is_empty() {
        return Some(vec![0.0; n]);
    }
    let mut quadratic = vec![vec![0.0; n]; n];
    let mut linear = vec![0.0; n];
    for (j, lever) in levers.iter().enumerate() {
        quadratic[j][j] += 2.0 * lever.cost;
    }
    for a in aimed {
        for ((slope, l), row) in a.slopes.iter().zip(&mut linear).zip(&mut quadratic) {
            *l += 2.0 * slope * a.off;
            for (other, q) in a.slopes.iter().zip(row) {
                *q += 2.0 * slope * other;
            }
        }
    }
    let mut rows: Vec<(Vec<f64>, f64)> = Vec::new();
    let unit = |j: usize, sign: f64| (0..n).map(|k| if k == j { sign } else { 0.0 }).collect();
    for (j, lever) in levers.iter().enumerate() {
        rows.push((unit(j, 1.0), lever.high.max(0.0)));
        rows.push((unit(j, -1.0), -lever.low.min(0.0)));
    }
    for wall in walls {
        // In the size of its own slopes: units differ by many orders of magnitude.
        let size = wall.slopes.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
        if size > 0.0 {
            let scaled = wall.slopes.iter().map(|s| s / size).collect();
            rows.push((scaled, wall.room.max(0.0) / size));
        }
    }
    let z = solve(&quadratic, &linear, &rows)?;
    let inside = z.iter().zip(levers);
    let exact: Vec<f64> = inside
        .map(|(z, lever)| z.clamp(lever.low.min(0.0), lever.high.max(0.0)))
        .collect();
    let worth = |z: &f64| if z.abs() < SMALLEST { 0.0 } else { *z };
    let rounded: Vec<f64> = exact.iter().map(worth).collect();
    // Leaving out a small move must not cross a wall or cost more than it saves.
    let fits = walls
        .iter()
        .all(|w| dot(&w.slopes, &rounded) <= w.room.max(0.0));
    let off = |z: &[f64]| -> f64 {
        let sum = aimed.iter().map(|a| (a.off + dot(&a.slopes, z)).powi(2));
        sum.sum()
    };
    let still = vec![0.0; n];
    let good = fits && off(&rounded) <= off(&still);
    Some(if good { rounded } else { exact })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn solve(quadratic: &[Vec<f64>], linear: &[f64], rows: &[(Vec<f64>, f64)]) -> Option<Vec<f64>> {
    let n = linear.len();
    let upper = |i: usize, j: usize| if i <= j { quadratic[i][j] } else { 0.0 };
    let p = sparse(n, n, upper);
    let a = sparse(rows.len(), n, |i, j| rows[i].0[j]);
    let b: Vec<f64> = rows.iter().map(|(_, room)| *room).collect();
    let cones: [SupportedConeT<f64>; 1] = [NonnegativeConeT(rows.len())];
    let settings = DefaultSettings {
        verbose: false,
        ..DefaultSettings::default()
    };
    let mut solver = DefaultSolver::new(&p, linear, &a, &b, &cones, settings).ok()?;
    solver.solve();
    let solved = matches!(
        solver.solution.status,
        SolverStatus::Solved | SolverStatus::AlmostSolved
    );
    let z = &solver.solution.x;
    (solved && z.iter().all(|z| z.is_finite())).then(|| z.clone())
}

/// Column by column, as the solver wants it.
fn sparse(m: usize, n: usize, at: impl Fn(usize, usize) -> f64) -> CscMatrix<f64> {
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..n {
        for i in 0..m {
            let value = at(i, j);
            if value != 0.0 {
                rows.push(i);
                values.push(value);
            }
        }
        starts.push(values.len());
    }
    CscMatrix::new(m, n, starts, rows, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lever() -> impl Strategy<Value = Lever> {
        (0.001..1.0_f64, -1.0..0.0_f64, 0.0..1.0_f64).prop_map(|(cost, low, high)| Lever {
            cost,
            low,
            high,
        })
    }

    fn slopes() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(-5.0..5.0_f64, 3)
    }

    proptest! {
        /// Whatever is wanted: no move leaves its box, and no wall is crossed.
        #[test]
        fn limits_hold(
            levers in proptest::collection::vec(lever(), 3),
            aimed in proptest::collection::vec((-100.0..100.0_f64, slopes()), 1..3),
            walls in proptest::collection::vec((0.0..5.0_f64, slopes(), -9.0..9.0_f64), 0..3),
        ) {
            let aimed: Vec<Aimed> = aimed.into_iter().map(|(off, slopes)| Aimed { off, slopes }).collect();
            let walls: Vec<Wall> = walls
                .into_iter()
                .map(|(room, slopes, size)| {
                    let unit = 10f64.powf(size);
                    Wall { room: room * unit, slopes: slopes.iter().map(|s| s * unit).collect() }
                })
                .collect();
            let z = least_movement(&levers, &aimed, &walls).expect("always solvable");
            for (z, lever) in z.iter().zip(&levers) {
                prop_assert!((lever.low..=lever.high).contains(z));
            }
            for wall in &walls {
                let grown: f64 = wall.slopes.iter().zip(&z).map(|(s, z)| s * z).sum();
                let size = wall.slopes.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
                prop_assert!(grown <= wall.room + size * 1e-6, "{grown} {}", wall.room);
            }
        }

        /// On target nothing moves; off it, the result never gets worse.
        #[test]
        fn on_target_nothing_moves(levers in proptest::collection::vec(lever(), 3), slopes in slopes(), off in -50.0..50.0_f64) {
            let still = Aimed { off: 0.0, slopes: slopes.clone() };
            prop_assert_eq!(least_movement(&levers, &[still], &[]).unwrap(), vec![0.0; 3]);
            let aimed = Aimed { off, slopes: slopes.clone() };
            let z = least_movement(&levers, &[aimed], &[]).unwrap();
            let moved: f64 = slopes.iter().zip(&z).map(|(s, z)| s * z).sum();
            prop_assert!((off + moved).abs() <= off.abs() + 1e-6);
        }
    }

    #[test]
    fn the_cheaper_lever_moves_and_a_free_target_is_reached() {
        let levers = [
            Lever {
                cost: 0.01,
                low: -1.0,
                high: 1.0,
            },
            Lever {
                cost: 1.0,
                low: -1.0,
                high: 1.0,
            },
        ];
        let aimed = Aimed {
            off: -2.0,
            slopes: vec![4.0, 4.0],
        };
        let z = least_movement(&levers, &[aimed], &[]).unwrap();
        assert!((z[0] - 0.5).abs() < 0.01 && z[1].abs() < 0.02, "{z:?}");
    }
}
