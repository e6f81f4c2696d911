//! The network's arithmetic, for the vector unit that the CPU has.
//!
//! Reading order: [`Isa`] (which kernels there are, and which a machine runs), `lanes` (what a kernel asks of a vector unit),
//! `dense` (a layer, and a layer with tangents), `int8` (the same with 8-bit weights), `cell` (the recurrent step),
//! [`chain`] (layers one after the other), [`engine`] (the parts of a network), `avx512`, `avx2`, `neon` (the units), `portable` (plain Rust, the reference).
//!
//! All `unsafe` of this crate is in this folder. It rests on two facts: a chain is built only for an [`Isa`] that this CPU
//! has, and every kernel asserts its lengths before it touches a pointer.
// Loops over lanes, vectors and columns index several arrays at once.
#![allow(clippy::needless_range_loop)]

mod cell;
pub mod chain;
mod dense;
pub mod engine;
mod entries;
pub mod int8;
mod lanes;
pub mod lines;
mod portable;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

pub use lanes::Activation;

/// A set of instructions that a kernel is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Any CPU.
    Portable,
    /// 64-bit Arm.
    Neon,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F; 8-bit weights run on AVX2.
    Avx512,
    /// x86-64 with AVX-512 F, BW and VNNI.
    Avx512Vnni,
}

impl Isa {
    /// All of them, slowest first.
    pub const ALL: [Self; 5] = [
        Self::Portable,
        Self::Neon,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Vnni,
    ];

    /// This CPU has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_available() && is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx512.is_available()
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            _ => false,
        }
    }

    /// Those this CPU has, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|i| i.is_available())
    }

    /// The fastest this CPU has.
    pub fn best() -> Self {
        Self::available().last().unwrap_or(Self::Portable)
    }

    /// Outputs of a full panel in single precision.
    fn widest(self) -> usize {
        match self {
            Self::Portable => portable::WIDEST,
            Self::Neon => 8 * 4,
            Self::Avx2 => 8 * 8,
            Self::Avx512 | Self::Avx512Vnni => 8 * 16,
        }
    }

    /// The same with 8-bit weights.
    fn widest8(self) -> usize {
        match self {
            Self::Avx512 => Self::Avx2.widest(),
            other => other.widest(),
        }
    }
}

impl std::fmt::Display for Isa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512-vnni",
        })
    }
}

/// Precision of the arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    Float,
    /// 8-bit weights and activations where the release has them.
    Int8,
}
