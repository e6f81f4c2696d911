//! The live observer: close to the reference, at a fixed cost, without allocating.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use models_physics::drive::Drive;
use models_physics::molds;
use models_physics::observer::Observer;
use models_physics::shot::{Keep, run_drive};
use models_physics::solver::downstream_of;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: forwards to the system allocator unchanged; the counter is a plain thread-local cell that
// does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: same contract as ours.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: same contract as ours.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_observer_follows_the_reference_and_does_not_allocate() {
    let mold = downstream_of(&molds::builtin("strip-ps").unwrap(), "p1").unwrap();
    let material = mold.card().unwrap().require_simulation().unwrap();
    let latents = mold.latents().unwrap();
    let mut observer = Observer::new(&mold, &material, &latents).unwrap();
    for name in ["02", "05", "08"] {
        let drive = Drive::load(format!(
            "{}/../measured/ps_shot_{name}.csv",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        let reference = run_drive(
            &mold,
            &latents,
            mold.cut(),
            &drive,
            "p1",
            6.0,
            &Keep::default(),
        )
        .unwrap();
        let mut p1 = drive.follow("p1").unwrap();
        observer.reset();
        let times: Vec<f64> = (1..=6000).map(|i| f64::from(i) * 1e-3).collect();
        let mut live = vec![0.0; times.len()];
        let before = ALLOCATIONS.with(Cell::get);
        for (t, out) in times.iter().zip(&mut live) {
            observer.step(p1.at_or_end(*t), 1e-3).unwrap();
            *out = observer.read(1);
        }
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "a step allocated");
        let exact = reference.sample(1, &times);
        let peak = exact.iter().fold(0.0_f64, |m, p| m.max(*p));
        let rms = (live
            .iter()
            .zip(&exact)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            / times.len() as f64)
            .sqrt()
            / peak;
        println!(
            "{name}: live against reference {:.2} % of peak",
            100.0 * rms
        );
        assert!(rms < 0.025, "{name}: {rms}");
    }
}

#[test]
fn a_nan_is_refused_and_the_state_kept() {
    let mold = downstream_of(&molds::builtin("strip-ps").unwrap(), "p1").unwrap();
    let material = mold.card().unwrap().require_simulation().unwrap();
    let mut observer = Observer::new(&mold, &material, &mold.latents().unwrap()).unwrap();
    for i in 1..200 {
        observer.step(1e5 + 1e5 * f64::from(i), 1e-3).unwrap();
    }
    let before = observer.state().pressure.clone();
    assert!(observer.step(f64::NAN, 1e-3).is_err());
    assert_eq!(observer.state().pressure, before);
    observer.step(2e7, 1e-3).unwrap();
}
