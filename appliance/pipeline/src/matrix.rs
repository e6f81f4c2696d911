//! Small symmetric matrices of fixed size: what a filter over a dozen latents needs.

/// A lower triangle `l` with `l l' = a`, in place, for the leading `n` rows; directions without variance stay zero.
///
/// Rows are taken in the order given. A pivot below `1e-12` of its diagonal counts as zero, so that a covariance that lost
/// rank to rounding still has a root.
pub fn cholesky<const N: usize>(a: &[[f64; N]; N], n: usize) -> [[f64; N]; N] {
    let mut l = [[0.0; N]; N];
    for j in 0..n {
        let pivot = a[j][j] - (0..j).map(|k| l[j][k] * l[j][k]).sum::<f64>();
        if pivot <= 1e-12 * a[j][j] || pivot <= 0.0 {
            continue;
        }
        l[j][j] = pivot.sqrt();
        for i in j + 1..n {
            let dot: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            l[i][j] = (a[i][j] - dot) / l[j][j];
        }
    }
    l
}

/// Solves `l x = b` for a lower triangle from [`cholesky`]; directions without variance come out zero.
pub fn forward<const N: usize>(l: &[[f64; N]; N], b: &[f64; N]) -> [f64; N] {
    let mut x = [0.0; N];
    for i in 0..N {
        if l[i][i] > 0.0 {
            let dot: f64 = (0..i).map(|k| l[i][k] * x[k]).sum();
            x[i] = (b[i] - dot) / l[i][i];
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_root_times_itself_is_the_matrix(values in proptest::collection::vec(-1.0..1.0_f64, 16)) {
            let mut a = [[0.0; 4]; 4];
            for i in 0..4 {
                for j in 0..4 {
                    a[i][j] = (0..4).map(|k| values[4 * i + k] * values[4 * j + k]).sum();
                }
            }
            let l = cholesky(&a, 4);
            for i in 0..4 {
                for j in 0..4 {
                    let back: f64 = (0..4).map(|k| l[i][k] * l[j][k]).sum();
                    prop_assert!((back - a[i][j]).abs() < 1e-6, "{back} {}", a[i][j]);
                }
            }
            // What the root makes of a vector is solved back, along the directions that have variance.
            let x: [f64; 4] = std::array::from_fn(|i| if l[i][i] > 0.0 { 1.0 + i as f64 } else { 0.0 });
            let b = std::array::from_fn(|i| (0..4).map(|k| l[i][k] * x[k]).sum());
            let found = forward(&l, &b);
            for i in 0..4 {
                prop_assert!((found[i] - x[i]).abs() * l[i][i] < 1e-6, "{found:?}");
            }
        }
    }
}
