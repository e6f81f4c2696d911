//! AVX-512: sixteen floats; with VNNI four 8-bit products a lane and instruction.

use core::arch::x86_64::*;

use super::int8::Quads;
use super::lanes::{Lanes, ROUND};

/// Sixteen floats.
#[derive(Clone, Copy)]
pub(crate) struct Sixteen(__m512);

/// One intrinsic a method.
macro_rules! by {
    ($($name:ident($($arg:ident),*) => $what:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $arg: Self)*) -> Self {
                let a = self;
                // SAFETY: `self` exists, so the CPU has AVX-512 F.
                unsafe { Self($what(a.0 $(, $arg.0)*)) }
            }
        )*
    };
}

impl Lanes for Sixteen {
    const WIDTH: usize = 16;
    const TILE: usize = 2;

    by! {
        add(b) => _mm512_add_ps;
        sub(b) => _mm512_sub_ps;
        mul(b) => _mm512_mul_ps;
        div(b) => _mm512_div_ps;
        mul_add(b, c) => _mm512_fmadd_ps;
        min(b) => _mm512_min_ps;
        max(b) => _mm512_max_ps;
        abs() => _mm512_abs_ps;
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller vouches for the CPU.
        unsafe { Self(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe { Self(_mm512_loadu_ps(p)) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for the address, `self` for the CPU.
        unsafe { _mm512_storeu_ps(p, self.0) }
    }

    /// An estimate of 14 bits and one step of Newton's.
    #[inline(always)]
    fn reciprocal(self) -> Self {
        // SAFETY: `self` exists, so the CPU has AVX-512 F.
        unsafe {
            let r = _mm512_rcp14_ps(self.0);
            let off = _mm512_fnmadd_ps(self.0, r, _mm512_set1_ps(1.0));
            Self(_mm512_fmadd_ps(r, off, r))
        }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: `self` exists, so the CPU has AVX-512 F.
        unsafe {
            let zero = _mm512_set1_epi32(127 - ROUND.to_bits() as i32);
            let n = _mm512_add_epi32(_mm512_castps_si512(self.0), zero);
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(n)))
        }
    }
}

impl Quads for Sixteen {
    type Quad = __m512i;
    type Sums = __m512i;

    #[inline(always)]
    fn larger_magnitude(self, of: Self) -> Self {
        // SAFETY: `self` exists, so the CPU has AVX-512 F.
        unsafe {
            let of = _mm512_castps_si512(_mm512_abs_ps(of.0));
            let m = _mm512_max_epu32(_mm512_castps_si512(self.0), of);
            Self(_mm512_castsi512_ps(m))
        }
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        // SAFETY: `self` exists, so the CPU has AVX-512 F.
        unsafe { f32::from_bits(_mm512_reduce_max_epu32(_mm512_castps_si512(self.0))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut i8) {
        // SAFETY: the caller vouches for the address, `self` for the CPU.
        unsafe {
            let whole = _mm512_cvtps_epi32(self.0);
            let whole = _mm512_add_epi32(whole, _mm512_set1_epi32(128));
            _mm_storeu_si128(p.cast(), _mm512_cvtepi32_epi8(whole));
        }
    }

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn start(p: *const i32) -> __m512i {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe {
            let sums = _mm512_slli_epi32::<7>(_mm512_loadu_si512(p.cast()));
            _mm512_sub_epi32(_mm512_setzero_si512(), sums)
        }
    }

    #[inline(always)]
    unsafe fn quad(p: *const i8) -> __m512i {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe { _mm512_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m512i, w: *const i8, quad: __m512i) -> __m512i {
        // SAFETY: the caller vouches for the CPU (with VNNI) and the address.
        unsafe { _mm512_dpbusd_epi32(sums, quad, _mm512_loadu_si512(w.cast())) }
    }

    #[inline(always)]
    fn plus(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the sums exist, so the CPU has AVX-512 F.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn floats(sums: __m512i) -> Self {
        // SAFETY: the sums exist, so the CPU has AVX-512 F.
        unsafe { Self(_mm512_cvtepi32_ps(sums)) }
    }
}

super::entries::float!(Sixteen, "avx512f");
super::entries::int8!(Sixteen, "avx512f,avx512bw,avx512vnni");
