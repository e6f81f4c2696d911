//! Buffers that begin and end on cache lines.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Floats are padded to whole vectors of the widest kernel.
pub const PAD: usize = 16;

/// `n` rounded up to whole vectors.
pub const fn padded(n: usize) -> usize {
    n.div_ceil(PAD) * PAD
}

/// A cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// What a line may hold.
///
/// # Safety
/// Any bytes are a value, the size divides 64 and the alignment is at most 64.
pub unsafe trait Plain: Copy {}
// SAFETY: four bytes, and any of them are a float.
unsafe impl Plain for f32 {}
// SAFETY: one byte, and any is an integer.
unsafe impl Plain for i8 {}
// SAFETY: four bytes, and any of them are an integer.
unsafe impl Plain for i32 {}

/// Zeros on whole cache lines.
#[derive(Clone, Debug)]
pub struct Lines<T> {
    lines: Vec<Line>,
    kind: PhantomData<T>,
}

impl<T: Plain> Lines<T> {
    /// At least `n` zeros.
    pub fn zeros(n: usize) -> Self {
        let lines = (n * size_of::<T>()).div_ceil(64);
        Self {
            lines: vec![Line([0; 64]); lines],
            kind: PhantomData,
        }
    }
}

impl<T: Plain> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let n = self.lines.len() * 64 / size_of::<T>();
        // SAFETY: the lines are initialised, aligned for `T`, `n` values long, and any bytes are a `T` (`Plain`).
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), n) }
    }
}

impl<T: Plain> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let n = self.lines.len() * 64 / size_of::<T>();
        // SAFETY: as in `deref`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_lie_on_lines_and_hold_what_is_written() {
        for n in [1, 15, 16, 17, 100] {
            let mut f = Lines::<f32>::zeros(n);
            assert!(f.as_ptr().addr().is_multiple_of(64) && f.len() == padded(n));
            f[n - 1] = 3.0;
            assert_eq!(f.iter().sum::<f32>(), 3.0);
            assert_eq!(Lines::<i8>::zeros(n).len(), n.div_ceil(64) * 64);
        }
    }
}
