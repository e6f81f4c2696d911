//! The basis of a field: what lies in its span comes back, and its modes are the strongest there are.
#![allow(clippy::unwrap_used)]

use models_pinn::basis::Basis;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const WIDTH: usize = 23;
const STRENGTHS: [f32; 4] = [5.0, 2.0, 0.7, 0.2];
/// More rows than are summed at a time.
const ROWS: usize = 700;

/// Rows about an offset field, in the span of as many smooth shapes as there are strengths.
fn rows(seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..ROWS)
        .flat_map(|_| {
            let a = STRENGTHS.map(|s| s * rng.random_range(-1.0_f32..1.0));
            (0..WIDTH).map(move |i| {
                let x = (i as f32 + 0.5) / WIDTH as f32;
                let shape = |k: usize| (std::f32::consts::PI * (k + 1) as f32 * x).cos();
                3.0 + x + (0..a.len()).map(|k| a[k] * shape(k)).sum::<f32>()
            })
        })
        .collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// Largest difference between rows and what their coefficients give back.
fn loss(basis: &Basis, rows: &[f32]) -> f32 {
    let z = basis.project(rows);
    let mut field = vec![0.0; basis.width];
    let mut worst = 0.0_f32;
    for (row, z) in rows
        .chunks_exact(basis.width)
        .zip(z.chunks_exact(basis.len()))
    {
        basis.field(z, &mut field);
        worst = (field.iter().zip(row)).fold(worst, |m, (a, b)| m.max((a - b).abs()));
    }
    worst
}

#[test]
fn rows_in_its_span_come_back() {
    let basis = Basis::fit(&rows(1), WIDTH, STRENGTHS.len());
    assert_eq!(basis.len(), STRENGTHS.len());
    assert!(basis.rest < 1e-6, "{}", basis.rest);
    assert!(loss(&basis, &rows(1)) < 2e-4);
    // Rows it never saw lie in the same span.
    assert!(loss(&basis, &rows(2)) < 2e-4);
    // One mode less cannot do it: the weakest shape is missing.
    let short = Basis::fit(&rows(1), WIDTH, STRENGTHS.len() - 1);
    assert!(loss(&short, &rows(1)) > 0.1);
    assert!(short.rest > 1e-4 && short.rest < 1e-2, "{}", short.rest);
}

#[test]
fn modes_are_orthonormal_and_the_strongest_comes_first() {
    let basis = Basis::fit(&rows(1), WIDTH, STRENGTHS.len());
    let mode = |k: usize| &basis.modes[k * WIDTH..][..WIDTH];
    for i in 0..basis.len() {
        for j in 0..basis.len() {
            let wanted = if i == j { 1.0 } else { 0.0 };
            assert!(
                (dot(mode(i), mode(j)) - wanted).abs() < 1e-5,
                "{i} {j}: {}",
                dot(mode(i), mode(j))
            );
        }
    }
    assert!(basis.deviation.windows(2).all(|d| d[0] > d[1]));
}

/// Coefficients of the rows it was made of have mean zero and deviation one.
#[test]
fn coefficients_are_scaled() {
    let basis = Basis::fit(&rows(1), WIDTH, STRENGTHS.len());
    let z = basis.project(&rows(1));
    for k in 0..basis.len() {
        let of: Vec<f64> = z[k..]
            .iter()
            .step_by(basis.len())
            .map(|z| f64::from(*z))
            .collect();
        let mean = of.iter().sum::<f64>() / ROWS as f64;
        let square = of.iter().map(|z| z * z).sum::<f64>() / ROWS as f64;
        assert!(
            mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3,
            "mode {k}: {mean} {square}"
        );
    }
}

/// More modes than a field has entries are not invented, and a field that never moves is its mean.
#[test]
fn what_there_is_not_is_not_made_up() {
    assert_eq!(Basis::fit(&rows(1), WIDTH, 99).len(), WIDTH);
    let still: Vec<f32> = (0..40).flat_map(|_| (0..WIDTH).map(|i| i as f32)).collect();
    let basis = Basis::fit(&still, WIDTH, 3);
    assert!(basis.deviation.iter().all(|d| d.is_finite() && *d > 0.0));
    assert!(loss(&basis, &still) < 1e-4);
}
