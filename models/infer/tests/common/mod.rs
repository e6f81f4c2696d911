//! A small release with random weights: what it computes means nothing, how it computes it does.
#![allow(clippy::unwrap_used)]

use models_infer::kernel::int8::quantise;
use models_infer::memory::FEATURES;
use models_infer::network::{CLOCK, DRIVE, FILL_SUMMARY};
use models_infer::release::{
    Description, Errors, FORMAT, LatentInput, Quantity, SensorPlace, Tensor, WholeTensor, sha256,
    to_safetensors,
};

pub const NODES: usize = 6;
const LAYERS: usize = 3;
const LATENTS: usize = 2;
const STATE: usize = 5;

/// Numbers between -1 and 1 that are the same on every machine.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.0 >> 40) as f32) / (1_u64 << 23) as f32 - 1.0
    }
}

fn mlp(all: &mut Vec<Tensor>, draw: &mut Draw, name: &str, widths: &[usize]) {
    for (i, w) in widths.windows(2).enumerate() {
        let scale = 1.0 / (w[0] as f32).sqrt();
        all.push((
            format!("{name}.{i}.weight"),
            vec![w[1], w[0]],
            (0..w[0] * w[1]).map(|_| scale * draw.next()).collect(),
        ));
        all.push((format!("{name}.{i}.bias"), vec![w[1]], vec![0.0; w[1]]));
    }
}

pub fn tensors() -> Vec<Tensor> {
    let (mut all, mut draw) = (Vec::new(), Draw(7));
    let (u, wide) = (LATENTS, NODES * LAYERS);
    mlp(&mut all, &mut draw, "front", &[FEATURES + u, 8, 8, 1]);
    // The front is ln(time / 0.1 s) here, so that the mold is full after 0.1 s.
    let last = all.iter_mut().find(|t| t.0 == "front.2.weight").unwrap();
    last.2.iter_mut().for_each(|w| *w *= 0.02);
    mlp(&mut all, &mut draw, "fill", &[FEATURES + 1 + u, 8, 8, 8, 4]);
    mlp(&mut all, &mut draw, "start", &[FILL_SUMMARY + u, 8, STATE]);
    mlp(
        &mut all,
        &mut draw,
        "later",
        &[STATE + DRIVE + CLOCK + u, 8, 8, 8, 6],
    );
    let mut block = |name: &str, dims: Vec<usize>| {
        let n = dims.iter().product();
        all.push((
            name.into(),
            dims,
            (0..n).map(|_| 0.4 * draw.next()).collect(),
        ));
    };
    block("cell.inputs.weight", vec![7, DRIVE + CLOCK + u]);
    block("cell.state.weight", vec![7, STATE]);
    block("cell.hidden.bias", vec![7]);
    block("cell.out.weight", vec![2 * STATE, 7]);
    block("cell.out.bias", vec![2 * STATE]);
    for (name, modes, width) in [
        ("fill_pressure", 2, NODES),
        ("fill_temperature", 2, wide),
        ("pressure", 2, NODES),
        ("temperature", 2, wide),
    ] {
        block(&format!("basis.{name}.mean"), vec![1, width]);
        block(&format!("basis.{name}.modes"), vec![modes, width]);
    }
    // Pressures that stay above atmosphere.
    let mean = all
        .iter_mut()
        .find(|t| t.0 == "basis.pressure.mean")
        .unwrap();
    mean.2.fill(0.8);
    all.push((
        "order".into(),
        vec![NODES],
        (0..NODES).map(|i| i as f32 / NODES as f32).collect(),
    ));
    all
}

pub fn description(weights: &[u8]) -> Description {
    let latent = |name: &str| LatentInput {
        name: name.into(),
        unit: "1".into(),
        low: 0.5,
        high: 2.0,
        value: 1.0,
    };
    let place = |name: &str, quantity| SensorPlace {
        name: name.into(),
        quantity,
        layer: 1,
        nodes: vec![2, 3],
        shares: vec![0.25, 0.75],
    };
    Description {
        format: FORMAT.into(),
        mold: "test".into(),
        mold_sha256: String::new(),
        driven_by: "p1".into(),
        program: String::new(),
        commit: String::new(),
        seed: 1,
        shots: 0,
        dataset_seed: 1,
        waveforms: 0.0,
        spread: 1.0,
        latent_law: Default::default(),
        fresh_shots: 0,
        weights_sha256: sha256(weights),
        pressure_scale_pa: 40e6,
        atmosphere_pa: 1e5,
        highest_pa: 100e6,
        longest_s: 8.0,
        melt_k: 500.0,
        mold_k: 320.0,
        nodes: NODES,
        layers: LAYERS,
        schedule_first_s: 0.002,
        schedule_longest_s: 0.12,
        schedule_growth: 1.055,
        errors: Errors::default(),
        int8: None,
        latents: vec![latent("viscosity"), latent("wall_htc")],
        sensors: vec![
            place("p2", Quantity::Pressure),
            place("t2", Quantity::Temperature),
        ],
    }
}

pub fn release() -> (Description, Vec<u8>) {
    let weights = to_safetensors(&tensors()).unwrap();
    (description(&weights), weights)
}

/// 8-bit weights for the hidden layers behind the first and for the cell.
#[allow(dead_code)]
pub fn whole() -> Vec<WholeTensor> {
    let all = tensors();
    let find = |name: &str| all.iter().find(|t| t.0 == name).unwrap();
    let quantised = |name: &str, shape: [usize; 2], rows: &[f32]| {
        let (q, scales) = quantise(rows, shape[0]);
        (name.to_owned(), shape, q, scales)
    };
    let mut found: Vec<WholeTensor> = [
        "fill.1.weight",
        "later.0.weight",
        "later.1.weight",
        "cell.out.weight",
    ]
    .into_iter()
    .map(|name| {
        let (_, shape, rows) = find(name);
        quantised(name, [shape[0], shape[1]], rows)
    })
    .collect();
    let (h, x) = (find("cell.state.weight"), find("cell.inputs.weight"));
    let both: Vec<f32> =
        h.2.chunks(h.1[1])
            .zip(x.2.chunks(x.1[1]))
            .flat_map(|(h, x)| [h, x].concat())
            .collect();
    found.push(quantised(
        "cell.hidden.weight",
        [h.1[0], h.1[1] + x.1[1]],
        &both,
    ));
    found
}
