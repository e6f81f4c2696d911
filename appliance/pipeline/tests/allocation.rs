//! A tick allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use appliance_pipeline::estimator::Estimator;
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::sample::Sample;
use models_infer::network::Network;
use models_infer::release::Release;
use models_physics::drive::Drive;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches a thread-local `Cell` of an integer, which
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_whole_shot_and_the_next_one_allocate_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let release = models_infer::shelf::find("strip-ps", &root.join("weights")).unwrap();
    let net = Arc::new(Network::new(&Release::load(&release).unwrap()).unwrap());
    let mold = models_physics::molds::builtin("strip-ps").unwrap();
    let drive = Drive::load(root.join("measured/ps_shot_08.csv")).unwrap();
    let (p1, p2) = (drive.column("p1").unwrap(), drive.column("p2").unwrap());
    for network in [Some(net), None] {
        let used = ["p1".to_owned(), "p2".to_owned()];
        let keeper = Keeper::new(&mold, network, &used).unwrap();
        let mut estimator = Estimator::new(keeper.setup().clone(), keeper.tuning().unwrap());
        let before = COUNT.with(Cell::get);
        for round in 0..2 {
            for (k, t) in drive.time_s.iter().enumerate() {
                let mut sample = Sample::at(t + 100.0 * f64::from(round));
                sample.sensors[0] = p1[k];
                sample.sensors[1] = if k % 50 == 0 { f64::NAN } else { p2[k] };
                estimator.step(&sample);
            }
            for k in 0..300 {
                let mut sample = Sample::at(20.0 + 100.0 * f64::from(round) + 0.01 * f64::from(k));
                sample.sensors[0] = 1e5;
                sample.sensors[1] = 1e5;
                estimator.step(&sample);
            }
        }
        assert_eq!(COUNT.with(Cell::get) - before, 0);
        assert_eq!(estimator.estimate().shot, 2);
    }
}
