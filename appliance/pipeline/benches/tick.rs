//! Time of a tick: a measured shot, drawn out to 2 kHz, through phase detection, network, witness and filter.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use appliance_pipeline::estimator::Estimator;
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::sample::Sample;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use models_infer::network::Network;
use models_infer::release::Release;
use models_physics::drive::Drive;

fn ticks(c: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let release = models_infer::shelf::find("strip-ps", &root.join("weights")).expect("a release");
    let net = Network::new(&Release::load(&release).expect("good")).expect("good");
    let mold = models_physics::molds::builtin("strip-ps").expect("a shipped mold");
    let used = ["p1".to_owned(), "p2".to_owned()];
    let keeper = Keeper::new(&mold, Some(Arc::new(net)), &used).expect("a pipeline");
    let drive = Drive::load(root.join("measured/ps_shot_08.csv")).expect("a recording");
    let samples: Vec<Sample> = (0..12_000)
        .map(|k| {
            let t = f64::from(k) * 5e-4;
            let mut s = Sample::at(t);
            s.sensors[0] = drive.sample("p1", t).unwrap_or(1e5);
            s.sensors[1] = drive.sample("p2", t).unwrap_or(1e5);
            s
        })
        .collect();
    let mut group = c.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(samples.len() as u64));
    group.sample_size(10);
    group.bench_function("a shot of 6 s at 2 kHz, by tick", |b| {
        b.iter(|| {
            let tuning = keeper.tuning().expect("models");
            let mut estimator = Estimator::new(keeper.setup().clone(), tuning);
            for s in &samples {
                black_box(estimator.step(s));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, ticks);
criterion_main!(benches);
