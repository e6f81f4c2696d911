//! The recurrent cell's last step: `h += (1 - e^(-dt softplus(rate))) (tanh(candidate) - h)`.

use super::lanes::{Lanes, exp, sigmoid, softplus, tanh};

/// Moves the state `h` over `dt`; `out` holds `h.len()` rates, then as many candidates. Lengths are whole vectors.
///
/// # Safety
/// The CPU has the features of `L`.
#[inline(always)]
pub(crate) unsafe fn cell<L: Lanes>(out: &[f32], dt: f32, h: &mut [f32]) {
    let n = h.len();
    assert!(n.is_multiple_of(L::WIDTH) && out.len() >= 2 * n);
    for at in (0..n).step_by(L::WIDTH) {
        // SAFETY: the caller vouches for the CPU; `at` and a whole vector more lie below `n`.
        unsafe {
            let p = h.as_mut_ptr().add(at);
            let (rate, candidate) = (
                L::load(out.as_ptr().add(at)),
                L::load(out.as_ptr().add(n + at)),
            );
            let h = L::load(p);
            let kept = exp(softplus(rate).mul(rate.of(-dt)));
            let c = tanh(candidate);
            // c + kept (h - c).
            kept.mul_add(h.sub(c), c).store(p);
        }
    }
}

/// The same with tangents: column `c` of `out` and `h` begins at `c * stride`, `dts[c]` is the derivative of `dt`
/// (`dts[0]` is not used), the state has `n` entries.
///
/// # Safety
/// The CPU has the features of `L`.
#[inline(always)]
pub(crate) unsafe fn cell_tangents<L: Lanes>(
    out: &[f32],
    dt: f32,
    dts: &[f32],
    h: &mut [f32],
    n: usize,
    stride: usize,
) {
    let columns = dts.len();
    assert!(n.is_multiple_of(L::WIDTH) && 2 * n <= stride && columns > 0);
    assert!(out.len() >= columns * stride && h.len() >= columns * stride);
    for at in (0..n).step_by(L::WIDTH) {
        // SAFETY: the caller vouches for the CPU; `at` and a whole vector more lie below `n`, so that all addresses lie
        // in the columns checked above.
        unsafe {
            let (o, p) = (out.as_ptr().add(at), h.as_mut_ptr().add(at));
            let (rate, candidate, h) = (L::load(o), L::load(o.add(n)), L::load(p));
            let speed = softplus(rate);
            let kept = exp(speed.mul(rate.of(-dt)));
            let c = tanh(candidate);
            let away = h.sub(c);
            kept.mul_add(away, c).store(p);
            // d kept = -kept (dt sigmoid(rate) d rate + speed d dt); d c = (1 - c^2) d candidate.
            let by_kept = kept.mul(away).mul(rate.of(-1.0));
            let by_rate = by_kept.mul(sigmoid(rate)).mul(rate.of(dt));
            let by_dt = by_kept.mul(speed);
            let one = rate.of(1.0);
            let by_candidate = one.sub(c.mul(c)).mul(one.sub(kept));
            for (k, d) in dts.iter().enumerate().skip(1) {
                let (o, p) = (o.add(k * stride), p.add(k * stride));
                let moved = kept
                    .mul(L::load(p))
                    .add(by_candidate.mul(L::load(o.add(n))));
                by_rate
                    .mul_add(L::load(o), by_dt.mul_add(rate.of(*d), moved))
                    .store(p);
            }
        }
    }
}
