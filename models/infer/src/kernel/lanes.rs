//! What a kernel asks of a vector unit, and the smooth functions written once for all of them.
//!
//! A value of a type that implements [`Lanes`] is a witness: it is made only by `load` and `splat`, whose callers vouch for
//! the CPU. So arithmetic on values that exist is safe, and the generic kernels are inlined into entry points that enable
//! the features (macro `entries`).

/// A vector of floats.
pub(crate) trait Lanes: Copy {
    /// Floats in it.
    const WIDTH: usize;
    /// Vectors of outputs in one tile of the tangents: as many as the registers hold with 13 columns.
    const TILE: usize;

    /// # Safety
    /// The CPU has the features of this type.
    unsafe fn splat(x: f32) -> Self;
    /// # Safety
    /// The CPU has the features of this type and `WIDTH` floats can be read at `p`.
    unsafe fn load(p: *const f32) -> Self;
    /// # Safety
    /// `WIDTH` floats can be written at `p`.
    unsafe fn store(self, p: *mut f32);
    /// Another vector of one number.
    #[inline(always)]
    fn of(self, x: f32) -> Self {
        // SAFETY: `self` exists, so the CPU has the features.
        unsafe { Self::splat(x) }
    }
    fn add(self, o: Self) -> Self;
    fn sub(self, o: Self) -> Self;
    fn mul(self, o: Self) -> Self;
    fn div(self, o: Self) -> Self;
    /// `self * b + c`.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller; what is no number in `o` stays.
    fn min(self, o: Self) -> Self;
    /// The larger; what is no number in `o` stays.
    fn max(self, o: Self) -> Self;
    fn abs(self) -> Self;
    /// `1 / self` for normal numbers below `2^126`.
    #[inline(always)]
    fn reciprocal(self) -> Self {
        self.of(1.0).div(self)
    }
    /// `2^n`, where `self` is [`ROUND`] `+ n`.
    fn power_of_two(self) -> Self;
}

/// Adding 1.5 * 2^23 rounds to the nearest integer, which stays in the low bits.
pub(crate) const ROUND: f32 = 12_582_912.0;
/// Arguments of the exponential beyond this change nothing that matters, and its reciprocal stays a normal number.
const FAR: f32 = 87.0;

/// `e^x`; the polynomial of [`crate::smooth::exp`].
#[inline(always)]
pub(crate) fn exp<L: Lanes>(x: L) -> L {
    let c = |v: f32| x.of(v);
    let x = c(-FAR).max(c(FAR).min(x));
    let shifted = x.mul_add(c(std::f32::consts::LOG2_E), c(ROUND));
    let n = shifted.sub(c(ROUND));
    let r = n.mul_add(c(2.121_944_4e-4), n.mul_add(c(-0.693_359_4), x));
    let p = c(1.987_569_1e-4).mul_add(r, c(1.398_199_9e-3));
    let p = p.mul_add(r, c(8.333_452e-3));
    let p = p.mul_add(r, c(4.166_579_6e-2));
    let p = p.mul_add(r, c(1.666_666_5e-1));
    let p = p.mul_add(r, c(5.000_000_3e-1));
    let e = p.mul_add(r.mul(r), r.add(c(1.0)));
    e.mul(shifted.power_of_two())
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(x: L) -> L {
    exp(x.of(0.0).sub(x)).add(x.of(1.0)).reciprocal()
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    let r = exp(x.add(x)).add(x.of(1.0)).reciprocal();
    r.mul_add(x.of(-2.0), x.of(1.0))
}

/// `ln(1 + e^x)`; the series of [`crate::smooth::softplus`].
#[inline(always)]
pub(crate) fn softplus<L: Lanes>(x: L) -> L {
    let c = |v: f32| x.of(v);
    let e = exp(c(0.0).sub(x.abs()));
    let z = e.mul(e.add(c(2.0)).reciprocal());
    let s = z.mul(z);
    let p = c(1.0 / 11.0).mul_add(s, c(1.0 / 9.0));
    let p = p.mul_add(s, c(1.0 / 7.0));
    let p = p.mul_add(s, c(0.2));
    let p = p.mul_add(s, c(1.0 / 3.0));
    let p = p.mul_add(s, c(1.0));
    c(0.0).max(x).add(z.add(z).mul(p))
}

/// What comes after a layer's sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Linear,
    /// `x / (1 + e^-x)`.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
}

/// The activation of `z`.
#[inline(always)]
pub(crate) fn activate<L: Lanes>(activation: Activation, z: L) -> L {
    match activation {
        Activation::Linear => z,
        Activation::Silu => z.mul(sigmoid(z)),
        Activation::Tanh => tanh(z),
    }
}

/// The activation of `z` and its slope.
#[inline(always)]
pub(crate) fn activate_with_slope<L: Lanes>(activation: Activation, z: L) -> (L, L) {
    let one = z.of(1.0);
    match activation {
        Activation::Linear => (z, one),
        Activation::Silu => {
            let s = sigmoid(z);
            let f = z.mul(s);
            // s + z s (1 - s).
            (f, f.mul_add(one.sub(s), s))
        }
        Activation::Tanh => {
            let t = tanh(z);
            (t, one.sub(t.mul(t)))
        }
    }
}
