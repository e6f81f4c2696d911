//! AVX2 with FMA: eight floats; 8-bit products through 16-bit pairs.

use core::arch::x86_64::*;

use super::int8::Quads;
use super::lanes::{Lanes, ROUND};

/// Eight floats.
#[derive(Clone, Copy)]
pub(crate) struct Eight(__m256);

/// One intrinsic a method.
macro_rules! by {
    ($($name:ident($($arg:ident),*) => $what:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $arg: Self)*) -> Self {
                let a = self;
                // SAFETY: `self` exists, so the CPU has AVX2 and FMA.
                unsafe { Self($what(a.0 $(, $arg.0)*)) }
            }
        )*
    };
}

impl Lanes for Eight {
    const WIDTH: usize = 8;
    const TILE: usize = 1;

    by! {
        add(b) => _mm256_add_ps;
        sub(b) => _mm256_sub_ps;
        mul(b) => _mm256_mul_ps;
        div(b) => _mm256_div_ps;
        mul_add(b, c) => _mm256_fmadd_ps;
        min(b) => _mm256_min_ps;
        max(b) => _mm256_max_ps;
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller vouches for the CPU.
        unsafe { Self(_mm256_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe { Self(_mm256_loadu_ps(p)) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for the address, `self` for the CPU.
        unsafe { _mm256_storeu_ps(p, self.0) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe { Self(_mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0)) }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe {
            let zero = _mm256_set1_epi32(127 - ROUND.to_bits() as i32);
            let n = _mm256_add_epi32(_mm256_castps_si256(self.0), zero);
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(n)))
        }
    }
}

impl Quads for Eight {
    /// The activations and their magnitudes.
    type Quad = (__m256i, __m256i);
    type Sums = __m256i;

    #[inline(always)]
    fn larger_magnitude(self, of: Self) -> Self {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe {
            let of = _mm256_castps_si256(of.abs().0);
            let m = _mm256_max_epu32(_mm256_castps_si256(self.0), of);
            Self(_mm256_castsi256_ps(m))
        }
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe {
            let m = _mm256_castps_si256(self.0);
            let m = _mm_max_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256::<1>(m));
            let m = _mm_max_epu32(m, _mm_shuffle_epi32::<0b0100_1110>(m));
            let m = _mm_max_epu32(m, _mm_shuffle_epi32::<0b1011_0001>(m));
            f32::from_bits(_mm_cvtsi128_si32(m) as u32)
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut i8) {
        // SAFETY: the caller vouches for the address, `self` for the CPU.
        unsafe {
            let whole = _mm256_cvtps_epi32(self.0);
            let (low, high) = (
                _mm256_castsi256_si128(whole),
                _mm256_extracti128_si256::<1>(whole),
            );
            let words = _mm_packs_epi32(low, high);
            _mm_storel_epi64(p.cast(), _mm_packs_epi16(words, words));
        }
    }

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn start(_: *const i32) -> __m256i {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn quad(p: *const i8) -> Self::Quad {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe {
            let a = _mm256_set1_epi32(p.cast::<i32>().read_unaligned());
            (a, _mm256_abs_epi8(a))
        }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m256i, w: *const i8, (a, magnitude): Self::Quad) -> __m256i {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe {
            let w = _mm256_sign_epi8(_mm256_loadu_si256(w.cast()), a);
            let pairs = _mm256_maddubs_epi16(magnitude, w);
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    fn plus(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the sums exist, so the CPU has AVX2.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    fn floats(sums: __m256i) -> Self {
        // SAFETY: the sums exist, so the CPU has AVX2.
        unsafe { Self(_mm256_cvtepi32_ps(sums)) }
    }
}

super::entries::float!(Eight, "avx2,fma");
super::entries::int8!(Eight, "avx2,fma");
