//! The same loops for whatever vectors the machine has: programs are built for any x86, machines have more.

/// Runs `f` compiled for the widest vectors of this machine. What `f` calls must be inlined to profit.
#[inline(always)]
pub(crate) fn wide<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}
