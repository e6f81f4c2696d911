//! Cost of one sample of a shot with the newest release of the strip, on one core: value at every virtual sensor.

use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use models_infer::follow::Follower;
use models_infer::network::Network;
use models_infer::release::Release;

fn follow(c: &mut Criterion) {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../weights/strip-ps-001"
    ));
    let release = Release::load(folder).expect("shipped");
    let latents: Vec<f64> = release.about.latents.iter().map(|l| l.value).collect();
    let net = Arc::new(Network::new(&release).expect("shipped"));
    let mut follower = Follower::new(net, &latents).expect("its own latents");
    // A straight rise to 40 MPa in 0.2 s, then a slow fall: sampled at 2 kHz.
    let drive = |t: f64| {
        1e5 + 40e6
            * if t < 0.2 {
                t / 0.2
            } else {
                1.0 - 0.1 * (t - 0.2)
            }
    };
    let mut tick = 0_u32;
    c.bench_function("network, one sample at 2 kHz", |b| {
        b.iter(|| {
            if tick.is_multiple_of(8000) {
                follower.reset();
                tick = 0;
            }
            tick += 1;
            let t = f64::from(tick) * 5e-4;
            follower.push(t, drive(t)).expect("in range");
        });
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = follow }
criterion_main!(benches);
