//! Limited-memory BFGS with a backtracking line search.
//!
//! Source: Nocedal and Wright (2006), Numerical Optimization, algorithms 7.4 and 7.5.

use std::collections::VecDeque;

use crate::linalg::dot;

const MEMORY: usize = 8;

/// Minimises `f`, which returns its value and gradient (or `None` where it is not defined), from
/// `x` in at most `iterations` steps. Returns the best point seen.
pub fn minimise(
    mut x: Vec<f64>,
    iterations: usize,
    f: impl Fn(&[f64]) -> Option<(f64, Vec<f64>)>,
) -> Vec<f64> {
    let Some((mut value, mut gradient)) = f(&x) else {
        return x;
    };
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    for _ in 0..iterations {
        let mut direction = descent(&gradient, &pairs);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        let largest = direction.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
        if largest < 1e-6 {
            break;
        }
        let mut step = (2.0 / largest).min(1.0);
        let mut accepted = None;
        for _ in 0..12 {
            let trial: Vec<f64> = x
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + step * d)
                .collect();
            if let Some((v, g)) = f(&trial)
                && v <= value + 1e-4 * step * slope
            {
                accepted = Some((trial, v, g));
                break;
            }
            step *= 0.4;
        }
        let Some((next, next_value, next_gradient)) = accepted else {
            break;
        };
        let s: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient
            .iter()
            .zip(&gradient)
            .map(|(a, b)| a - b)
            .collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-12 {
            pairs.push_back((s, y, 1.0 / curvature));
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        let gain = value - next_value;
        (x, value, gradient) = (next, next_value, next_gradient);
        if gain < 1e-5 * value.abs().max(1.0) {
            break;
        }
    }
    x
}

fn descent(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut alphas = Vec::with_capacity(pairs.len());
    for (s, y, rho) in pairs.iter().rev() {
        let alpha = rho * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    if let Some((_, y, rho)) = pairs.back() {
        let scale = 1.0 / (rho * dot(y, y));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, rho), alpha) in pairs.iter().zip(alphas.iter().rev()) {
        let beta = rho * dot(y, &q);
        q.iter_mut()
            .zip(s)
            .for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q.iter_mut().for_each(|q| *q = -*q);
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let end = minimise(vec![-1.2, 1.0], 400, |x| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            Some((
                a * a + 100.0 * b * b,
                vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b],
            ))
        });
        assert!(
            (end[0] - 1.0).abs() < 0.05 && (end[1] - 1.0).abs() < 0.1,
            "{end:?}"
        );
    }
}
