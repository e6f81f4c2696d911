//! Entry points: the generic kernels, inlined into functions that enable a vector unit.

/// Entry points in single precision for lanes `$lanes` on a CPU with `$features`.
macro_rules! float {
    ($lanes:ty, $features:literal) => {
        /// See [`super::dense::dense`].
        ///
        /// # Safety
        /// The CPU has the features named in the attribute.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn dense(layer: &super::dense::Dense, x: &[f32], y: &mut [f32]) {
            // SAFETY: the caller vouches for the CPU.
            unsafe { super::dense::dense::<$lanes>(layer, x, y) }
        }

        /// See [`super::dense::tangents`].
        ///
        /// # Safety
        /// The CPU has the features named in the attribute.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn tangents<const STRIDE: usize>(
            layer: &super::dense::Dense,
            columns: usize,
            x: &[f32],
            y: &mut [f32],
            slope: &mut [f32],
        ) {
            // SAFETY: the caller vouches for the CPU.
            unsafe { super::dense::tangents::<$lanes, STRIDE>(layer, columns, x, y, slope) }
        }

        /// See [`super::cell::cell`].
        ///
        /// # Safety
        /// The CPU has the features named in the attribute.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn cell(out: &[f32], dt: f32, h: &mut [f32]) {
            // SAFETY: the caller vouches for the CPU.
            unsafe { super::cell::cell::<$lanes>(out, dt, h) }
        }

        /// See [`super::cell::cell_tangents`].
        ///
        /// # Safety
        /// The CPU has the features named in the attribute.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn cell_tangents(
            out: &[f32],
            dt: f32,
            dts: &[f32],
            h: &mut [f32],
            n: usize,
            stride: usize,
        ) {
            // SAFETY: the caller vouches for the CPU.
            unsafe { super::cell::cell_tangents::<$lanes>(out, dt, dts, h, n, stride) }
        }
    };
}

/// The entry point with 8-bit weights.
macro_rules! int8 {
    ($lanes:ty, $features:literal) => {
        /// See [`super::int8::dense8`].
        ///
        /// # Safety
        /// The CPU has the features named in the attribute.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn dense8(
            layer: &super::int8::Dense8,
            x: &[f32],
            q: &mut [i8],
            y: &mut [f32],
        ) {
            // SAFETY: the caller vouches for the CPU.
            unsafe { super::int8::dense8::<$lanes>(layer, x, q, y) }
        }
    };
}

pub(crate) use {float, int8};
