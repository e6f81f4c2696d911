//! Tridiagonal columns, solved as they stand and transposed.

/// Solves a tridiagonal system in place.
pub(super) fn thomas(lower: &[f64], diag: &[f64], upper: &[f64], x: &mut [f64], pivot: &mut [f64]) {
    let n = x.len();
    pivot[0] = diag[0];
    for k in 1..n {
        let w = lower[k] / pivot[k - 1];
        pivot[k] = diag[k] - w * upper[k - 1];
        x[k] -= w * x[k - 1];
    }
    x[n - 1] /= pivot[n - 1];
    for k in (0..n - 1).rev() {
        x[k] = (x[k] - upper[k] * x[k + 1]) / pivot[k];
    }
}

/// The same with the transposed matrix.
pub(super) fn transposed_thomas(
    lower: &[f64],
    diag: &[f64],
    upper: &[f64],
    x: &mut [f64],
    pivot: &mut [f64],
) {
    let n = x.len();
    pivot[0] = diag[0];
    for k in 1..n {
        let w = upper[k - 1] / pivot[k - 1];
        pivot[k] = diag[k] - w * lower[k];
        x[k] -= w * x[k - 1];
    }
    x[n - 1] /= pivot[n - 1];
    for k in (0..n - 1).rev() {
        x[k] = (x[k] - lower[k + 1] * x[k + 1]) / pivot[k];
    }
}
