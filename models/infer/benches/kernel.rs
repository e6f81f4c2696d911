//! One network, one core, batch one: own kernels side by side with other people's.

use criterion::{Criterion, criterion_group, criterion_main};
use models_infer::kernel::chain::{Chain, Columns, Scratch, TangentScratch, Weights};
use models_infer::kernel::int8::quantise;
use models_infer::kernel::lines::Lines;
use models_infer::kernel::{Activation, Isa};

/// Weights of an MLP: rows, bias, whole numbers and scales of each layer.
struct Mlp {
    widths: Vec<usize>,
    layers: Vec<(Vec<f32>, Vec<f32>, Vec<i8>, Vec<f32>)>,
}

impl Mlp {
    fn new(widths: &[usize]) -> Self {
        let mut draw = 7_u64;
        let mut next = || {
            draw = draw
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            ((draw >> 40) as f32) / (1_u64 << 23) as f32 - 1.0
        };
        let layers = widths
            .windows(2)
            .map(|w| {
                let gain = 1.3 * (3.0 / w[0] as f32).sqrt();
                let rows: Vec<f32> = (0..w[0] * w[1]).map(|_| gain * next()).collect();
                let bias = (0..w[1]).map(|_| 0.1 * next()).collect();
                let (q, scales) = quantise(&rows, w[1]);
                (rows, bias, q, scales)
            })
            .collect();
        Self {
            widths: widths.to_vec(),
            layers,
        }
    }

    /// SiLU between layers; with `int8`, all but the first and the last have 8-bit weights.
    fn chain(&self, isa: Isa, int8: bool) -> Chain {
        let last = self.layers.len() - 1;
        let layers: Vec<_> = self
            .layers
            .iter()
            .enumerate()
            .map(|(i, (rows, bias, q, scales))| {
                let weights = if int8 && i > 0 && i < last {
                    Weights::Int8(q, scales)
                } else {
                    Weights::Float(rows)
                };
                let f = if i < last {
                    Activation::Silu
                } else {
                    Activation::Linear
                };
                (weights, &bias[..], f)
            })
            .collect();
        Chain::new(isa, &layers).expect("available")
    }
}

fn own(c: &mut Criterion, name: &str, widths: &[usize]) {
    let net = Mlp::new(widths);
    let mut group = c.benchmark_group(name);
    let mut x = Lines::zeros(widths[0]);
    x.iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x = (i as f32).sin());
    for isa in Isa::available() {
        for int8 in [false, true] {
            let chain = net.chain(isa, int8);
            let mut scratch = Scratch::new(chain.width());
            let precision = if int8 { "int8" } else { "f32" };
            group.bench_function(format!("own {precision} {isa}"), |b| {
                b.iter(|| chain.forward(&x, &mut scratch)[0]);
            });
        }
        let chain = net.chain(isa, false);
        let mut seeds = Columns::new(13, chain.width()).expect("narrow");
        let n = net.widths[0];
        seeds.column_mut(0)[..n].copy_from_slice(&x[..n]);
        for k in 0..12 {
            seeds.column_mut(k + 1)[n - 12 + k] = 1.0;
        }
        let mut scratch = TangentScratch::new(13, chain.width()).expect("narrow");
        group.bench_function(format!("own f32 and 12 tangents {isa}"), |b| {
            b.iter(|| chain.tangents(&seeds, &mut scratch).column(0)[0]);
        });
    }
    group.finish();
}

fn kernel(c: &mut Criterion) {
    own(c, "24-128x4-96", &[24, 128, 128, 128, 128, 96]);
}

criterion_group! { name = benches; config = Criterion::default().sample_size(30); targets = kernel }
criterion_main!(benches);
