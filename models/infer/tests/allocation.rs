//! Following a shot allocates nothing.
#![allow(clippy::unwrap_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use models_infer::follow::{Follower, Stage, TangentFollower};
use models_infer::kernel::{Isa, Precision};
use models_infer::network::Network;
use models_infer::release::{Release, int8_to_safetensors};

struct Counting;

thread_local! {
    /// Of this thread: the test harness has its own.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() -> usize {
    COUNT.with(Cell::get)
}

// SAFETY: every call goes to the system allocator unchanged; the counter is constant at first and has no destructor, so
// that counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|c| c.set(c.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a tick, on every kernel of this CPU, in both precisions and with tangents.
#[test]
fn a_tick_allocates_nothing() {
    let (about, weights) = common::release();
    let int8 = int8_to_safetensors(&common::whole()).unwrap();
    let release = Release::from_parts(about, &weights).unwrap();
    let release = release.with_int8(&int8).unwrap();
    let pressure = |t: f64| 1e5 + 40e6 * (t * 4.0).min(1.0);
    for isa in Isa::available() {
        for precision in [Precision::Float, Precision::Int8] {
            let net = Network::with(&release, isa, precision).unwrap();
            let mut f = Follower::new(Arc::new(net), &[1.0, 1.0]).unwrap();
            let before = count();
            for i in 0..4000 {
                let t = f64::from(i) * 5e-4;
                f.push(t, pressure(t)).unwrap();
            }
            assert_eq!(f.stage(), Stage::Full);
            f.reset();
            assert_eq!(count(), before, "{isa} {precision:?}");
            assert_eq!(f.stage(), Stage::Waiting);
            assert!(before > 0);
        }
        let net = Network::with(&release, isa, Precision::Float).unwrap();
        let mut f = TangentFollower::new(Arc::new(net), &[1.0, 1.0]).unwrap();
        let before = count();
        for i in 0..4000 {
            let t = f64::from(i) * 5e-4;
            f.push(t, pressure(t)).unwrap();
        }
        assert_eq!(f.plain().stage(), Stage::Full);
        f.reset();
        assert_eq!(count(), before, "{isa} tangents");
    }
}
