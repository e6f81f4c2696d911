//! NEON: four floats; 8-bit products through 16-bit ones.

use core::arch::aarch64::*;

use super::int8::Quads;
use super::lanes::{Lanes, ROUND};

/// Four floats.
#[derive(Clone, Copy)]
pub(crate) struct Four(float32x4_t);

/// One intrinsic a method.
macro_rules! by {
    ($($name:ident($($arg:ident),*) => $what:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $arg: Self)*) -> Self {
                let a = self;
                // SAFETY: `self` exists, so the CPU has NEON.
                unsafe { Self($what(a.0 $(, $arg.0)*)) }
            }
        )*
    };
}

impl Lanes for Four {
    const WIDTH: usize = 4;
    const TILE: usize = 2;

    by! {
        add(b) => vaddq_f32;
        sub(b) => vsubq_f32;
        mul(b) => vmulq_f32;
        div(b) => vdivq_f32;
        min(b) => vminq_f32;
        max(b) => vmaxq_f32;
        abs() => vabsq_f32;
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        // SAFETY: `self` exists, so the CPU has NEON.
        unsafe { Self(vfmaq_f32(c.0, self.0, b.0)) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller vouches for the CPU.
        unsafe { Self(vdupq_n_f32(x)) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe { Self(vld1q_f32(p)) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for the address, `self` for the CPU.
        unsafe { vst1q_f32(p, self.0) }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: `self` exists, so the CPU has NEON.
        unsafe {
            let zero = vdupq_n_s32(127 - ROUND.to_bits() as i32);
            let n = vaddq_s32(vreinterpretq_s32_f32(self.0), zero);
            Self(vreinterpretq_f32_s32(vshlq_n_s32::<23>(n)))
        }
    }
}

impl Quads for Four {
    type Quad = int8x8_t;
    type Sums = int32x4_t;

    #[inline(always)]
    fn larger_magnitude(self, of: Self) -> Self {
        // SAFETY: `self` exists, so the CPU has NEON.
        unsafe {
            let of = vreinterpretq_u32_f32(vabsq_f32(of.0));
            let m = vmaxq_u32(vreinterpretq_u32_f32(self.0), of);
            Self(vreinterpretq_f32_u32(m))
        }
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        // SAFETY: `self` exists, so the CPU has NEON.
        unsafe { f32::from_bits(vmaxvq_u32(vreinterpretq_u32_f32(self.0))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut i8) {
        // SAFETY: the caller vouches for the address, `self` for the CPU.
        unsafe {
            let words = vqmovn_s32(vcvtnq_s32_f32(self.0));
            let bytes = vqmovn_s16(vcombine_s16(words, words));
            let four = vget_lane_s32::<0>(vreinterpret_s32_s8(bytes));
            p.cast::<i32>().write_unaligned(four);
        }
    }

    #[inline(always)]
    unsafe fn zero() -> int32x4_t {
        // SAFETY: the caller vouches for the CPU.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn start(_: *const i32) -> int32x4_t {
        // SAFETY: the caller vouches for the CPU.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn quad(p: *const i8) -> int8x8_t {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe { vreinterpret_s8_s32(vdup_n_s32(p.cast::<i32>().read_unaligned())) }
    }

    /// Four products of each output lie beside each other; two rounds of adding neighbours leave their sum.
    #[inline(always)]
    unsafe fn dot(sums: int32x4_t, w: *const i8, quad: int8x8_t) -> int32x4_t {
        // SAFETY: the caller vouches for the CPU and the address.
        unsafe {
            let w = vld1q_s8(w);
            let low = vpaddlq_s16(vmull_s8(vget_low_s8(w), quad));
            let high = vpaddlq_s16(vmull_s8(vget_high_s8(w), quad));
            vaddq_s32(sums, vpaddq_s32(low, high))
        }
    }

    #[inline(always)]
    fn plus(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: the sums exist, so the CPU has NEON.
        unsafe { vaddq_s32(a, b) }
    }

    #[inline(always)]
    fn floats(sums: int32x4_t) -> Self {
        // SAFETY: the sums exist, so the CPU has NEON.
        unsafe { Self(vcvtq_f32_s32(sums)) }
    }
}

super::entries::float!(Four, "neon");
super::entries::int8!(Four, "neon");
