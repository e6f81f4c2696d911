//! Speed of a whole shot on the default grid and of one step of the live observer, on one core.

use criterion::{Criterion, criterion_group, criterion_main};
use models_physics::drive::Drive;
use models_physics::molds;
use models_physics::observer::Observer;
use models_physics::shot::{Keep, run_drive};
use models_physics::solver::downstream_of;

fn solver(c: &mut Criterion) {
    let mold = downstream_of(&molds::builtin("strip-ps").expect("shipped"), "p1")
        .expect("p1 is the inlet");
    let latents = mold.latents().expect("shipped");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../measured/ps_shot_05.csv");
    let drive = Drive::load(path).expect("shipped");
    c.bench_function("shot of 6 s, 66 x 16", |b| {
        b.iter(|| {
            run_drive(
                &mold,
                &latents,
                mold.cut(),
                &drive,
                "p1",
                6.0,
                &Keep::default(),
            )
            .expect("solves")
        });
    });
    let material = mold
        .card()
        .and_then(|c| c.require_simulation())
        .expect("complete");
    let mut observer = Observer::new(&mold, &material, &latents).expect("a path");
    let mut p1 = drive.follow("p1").expect("has p1");
    let mut tick = 0_u32;
    c.bench_function("live step of 1 ms, 28 x 12", |b| {
        b.iter(|| {
            if tick.is_multiple_of(6000) {
                observer.reset();
            }
            tick += 1;
            observer
                .step(p1.at_or_end(f64::from(tick % 6000) * 1e-3), 1e-3)
                .expect("steps");
        });
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = solver }
criterion_main!(benches);
