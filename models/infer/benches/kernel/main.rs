//! One network, one core, batch one, one run: own kernels side by side with ONNX Runtime, tract and candle.
//!
//! ```text
//! RAYON_NUM_THREADS=1 ORT_DYLIB_PATH=.../libonnxruntime.so \
//!     taskset -c 0 cargo bench -p models-infer --features onnx,tract,candle --bench kernel
//! ```
//! Without those features, own kernels alone; a library that is not at hand is left out, and told so.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use models_infer::follow::{Follower, TangentFollower};
use models_infer::kernel::chain::{Columns, Scratch, TangentScratch};
use models_infer::kernel::lines::Lines;
use models_infer::kernel::{Isa, Precision};
use models_infer::network::Network;
use models_infer::release::Release;

mod mlp;
#[cfg(any(feature = "onnx", feature = "tract"))]
mod onnx_file;
#[cfg(any(feature = "onnx", feature = "tract", feature = "candle"))]
mod others;

use mlp::Mlp;

const WARM: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_millis(1500);
/// Calls in a batch.
const BATCH: u64 = 20;

/// Times calls by the median of short batches: another process on the core spoils a few of them and not the figure.
pub fn typical<T>(b: &mut Bencher<'_>, mut f: impl FnMut() -> T) {
    b.iter_custom(|calls| {
        let batch = |_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                black_box(f());
            }
            start.elapsed()
        };
        let mut times: Vec<Duration> = (0..calls.div_ceil(BATCH)).map(batch).collect();
        times.sort();
        times[times.len() / 2].mul_f64(calls as f64 / BATCH as f64)
    });
}

/// Latents that derivatives are taken by.
const LATENTS: usize = 12;

/// An input for a network of `n` inputs.
fn input(n: usize) -> Lines<f32> {
    let mut x = Lines::zeros(n);
    let values = x[..n].iter_mut().enumerate();
    values.for_each(|(i, x)| *x = (i as f32).sin());
    x
}

fn side_by_side(c: &mut Criterion, name: &str, widths: &[usize]) {
    let net = Mlp::new(widths);
    let n = net.widths[0];
    let x = input(n);
    let mut group = c.benchmark_group(name);
    for isa in Isa::available() {
        for int8 in [false, true] {
            let chain = net.chain(isa, int8);
            let mut scratch = Scratch::new(chain.width());
            let precision = if int8 { "int8" } else { "f32" };
            group.bench_function(format!("own {precision} {isa}"), |b| {
                typical(b, || chain.forward(&x, &mut scratch)[0]);
            });
        }
        let chain = net.chain(isa, false);
        let mut seeds = Columns::new(LATENTS + 1, chain.width()).expect("narrow");
        seeds.column_mut(0)[..n].copy_from_slice(&x[..n]);
        for k in 0..LATENTS {
            seeds.column_mut(k + 1)[n - LATENTS + k] = 1.0;
        }
        let mut scratch = TangentScratch::new(LATENTS + 1, chain.width()).expect("narrow");
        group.bench_function(format!("own f32 and {LATENTS} tangents {isa}"), |b| {
            typical(b, || chain.tangents(&seeds, &mut scratch).column(0)[0]);
        });
    }
    #[cfg(any(feature = "onnx", feature = "tract", feature = "candle"))]
    {
        let chain = net.chain(Isa::Portable, false);
        let mut scratch = Scratch::new(chain.width());
        let due = chain.forward(&x, &mut scratch)[..widths[widths.len() - 1]].to_vec();
        #[cfg(feature = "onnx")]
        others::onnx_runtime(&mut group, &onnx_file::bytes(&net), &x[..n], &due);
        #[cfg(feature = "tract")]
        others::tract(&mut group, &onnx_file::bytes(&net), &x[..n], &due);
        #[cfg(feature = "candle")]
        others::candle(&mut group, &net, &x[..n], &due);
    }
    group.finish();
}

/// A sample of a shot in hold, as the box takes it: state, decoder and sensors.
fn tick(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/strip-ps-001");
    let release = Release::load(&folder).expect("shipped");
    let latents: Vec<f64> = release.about.latents.iter().map(|l| l.value).collect();
    let drive = |t: f64| 1e5 + 40e6 * (t / 0.2).min(1.0);
    let mut group = c.benchmark_group("strip-ps-001, one sample of a full mold");
    for isa in Isa::available() {
        let net = Arc::new(Network::with(&release, isa, Precision::Float).expect("available"));
        let mut follower = Follower::new(net.clone(), &latents).expect("its own");
        let mut tangents = TangentFollower::new(net, &latents).expect("its own");
        for i in 0..1000 {
            let t = f64::from(i) * 1e-3;
            follower.push(t, drive(t)).expect("in range");
            tangents.push(t, drive(t)).expect("in range");
        }
        // Microseconds apart, so that no benchmark runs out of shot.
        let mut t = 1.0;
        group.bench_function(format!("values {isa}"), |b| {
            typical(b, || {
                t += 1e-7;
                follower.push(t, drive(t)).expect("in range");
            });
        });
        let mut t = 1.0;
        group.bench_function(format!("values and Jacobian {isa}"), |b| {
            typical(b, || {
                t += 1e-7;
                tangents.push(t, drive(t)).expect("in range");
            });
        });
    }
    group.finish();
}

fn kernel(c: &mut Criterion) {
    side_by_side(c, "24-128x4-96", &[24, 128, 128, 128, 128, 96]);
    // Decoder of a full mold in the shipped releases: state, drive, clock and latents to three pressures.
    side_by_side(c, "65-128x3-6", &[65, 128, 128, 128, 6]);
    tick(c);
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20).warm_up_time(WARM).measurement_time(MEASURED); targets = kernel }
criterion_main!(benches);
