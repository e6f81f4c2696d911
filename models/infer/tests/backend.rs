//! The start-up check finds a backend that is wrong in any part, and failures in a shot are told.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use models_infer::backend::check::{TOLERANCE, beside_the_cpu};
use models_infer::backend::recorder::Recorder;
use models_infer::backend::{Backend, Choice, Cpu, open};
use models_infer::error::InferError;
use models_infer::follow::{Follower, Stage};
use models_infer::network::Network;
use models_infer::release::{Release, to_safetensors};

/// A network whose front is the time over 0.1 s: `silu(x) - silu(-x)` is `x`.
fn net() -> Arc<Network> {
    let mut all = common::tensors();
    for (name, rows) in [
        ("front.0.weight", [[1.0, 0.0], [-1.0, 0.0]].as_slice()),
        ("front.1.weight", &[[1.0, -1.0], [-1.0, 1.0]]),
        ("front.2.weight", &[[1.0, -1.0]]),
    ] {
        let tensor = all.iter_mut().find(|t| t.0 == name).unwrap();
        tensor.2.fill(0.0);
        for (row, pair) in tensor.2.chunks_exact_mut(tensor.1[1]).zip(rows) {
            row[..2].copy_from_slice(pair);
        }
    }
    let weights = to_safetensors(&all).unwrap();
    let about = common::description(&weights);
    Arc::new(Network::new(&Release::from_parts(about, &weights).unwrap()).unwrap())
}

/// The cpu kernel with one part's result off by a factor, or failing.
#[derive(Clone)]
struct Wrong {
    cpu: Cpu,
    factors: [f32; 5],
    trouble: Option<&'static str>,
}

impl Wrong {
    fn new(part: usize, factor: f32) -> Self {
        let mut factors = [1.0; 5];
        factors[part] = factor;
        Self {
            cpu: Cpu::new(net()),
            factors,
            trouble: None,
        }
    }
}

impl Backend for Wrong {
    fn front(&mut self, x: &[f32]) -> f32 {
        self.factors[0] * self.cpu.front(x)
    }
    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        self.cpu.fill(x, out);
        out.iter_mut().for_each(|v| *v *= self.factors[1]);
    }
    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        self.cpu.start(x, state);
        state.iter_mut().for_each(|v| *v *= self.factors[2]);
    }
    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        self.cpu.step(x, dt, state);
        state.iter_mut().for_each(|v| *v *= self.factors[3]);
    }
    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        self.cpu.later(x, out);
        out.iter_mut().for_each(|v| *v *= self.factors[4]);
    }
    fn trouble(&mut self) -> Option<InferError> {
        self.trouble.map(|reason| InferError::Backend {
            backend: "wrong".into(),
            reason: reason.into(),
        })
    }
}

#[test]
fn the_cpu_kernel_agrees_with_itself() {
    let worst = beside_the_cpu("cpu", &mut Cpu::new(net()), &net(), 1e-12).unwrap();
    assert_eq!(worst, 0.0);
}

#[test]
fn a_backend_wrong_in_any_part_is_refused() {
    for (part, name) in ["front", "fill", "start", "cell", "later"]
        .iter()
        .enumerate()
    {
        for factor in [1.01, f32::NAN] {
            let mut wrong = Wrong::new(part, factor);
            let told = match beside_the_cpu("wrong", &mut wrong, &net(), TOLERANCE) {
                Ok(worst) => panic!("{name} times {factor} passed with {worst:.1e}"),
                Err(error) => error.to_string(),
            };
            assert!(
                told.contains("cannot be trusted") || told.contains("no number"),
                "{name}: {told}"
            );
        }
    }
    let told = beside_the_cpu("wrong", &mut Wrong::new(4, 1.01), &net(), TOLERANCE).unwrap_err();
    assert!(told.to_string().contains("1e-4 is allowed"), "{told}");
    assert!(beside_the_cpu("wrong", &mut Wrong::new(4, 1.01), &net(), 0.1).is_ok());
    assert!(beside_the_cpu("wrong", &mut Wrong::new(4, 1.0), &net(), f64::NAN).is_err());
}

#[test]
fn a_mold_that_is_full_at_once_cannot_vouch_for_a_backend() {
    let (about, weights) = common::release();
    let release = Release::from_parts(about, &weights).unwrap();
    let net = Arc::new(Network::new(&release).unwrap());
    let told = beside_the_cpu("cpu", &mut Cpu::new(net.clone()), &net, TOLERANCE).unwrap_err();
    assert!(told.to_string().contains("cannot be checked"), "{told}");
}

#[test]
fn a_failure_in_a_shot_is_told_and_leaves_no_readings() {
    let mut wrong = Wrong::new(0, 1.0);
    wrong.trouble = Some("the device was unplugged");
    let mut f = Follower::on(wrong, net(), &[1.0, 1.0]).unwrap();
    f.push(0.0, 1e5).unwrap();
    let told = f.push(0.01, 20e6).unwrap_err().to_string();
    assert_eq!(told, "backend `wrong`: the device was unplugged");
    assert!(f.readings().iter().all(|v| v.is_nan()));
}

#[test]
fn a_backend_that_was_not_built_in_is_refused() {
    assert!(open(&Choice::Cpu, &net(), TOLERANCE).is_ok());
    for (choice, built) in [
        ("onnx:CUDA", cfg!(feature = "onnx")),
        ("cuda", cfg!(feature = "cuda")),
    ] {
        if !built {
            let told = open(&choice.parse().unwrap(), &net(), TOLERANCE)
                .unwrap_err()
                .to_string();
            assert!(told.contains("--features"), "{told}");
        }
    }
}

/// Every move begins with the state of the move, or the start, that the record names.
#[test]
fn a_record_can_be_played_again() {
    let mut f = Follower::on(Recorder::new(Cpu::new(net())), net(), &[1.0, 1.0]).unwrap();
    for _ in 0..2 {
        f.reset();
        for i in 0..200 {
            let t = f64::from(i) * 0.01;
            f.push(t, 1e5 + 40e6 * (t * 4.0).min(1.0)).unwrap();
        }
        assert_eq!(f.stage(), Stage::Full);
    }
    let record = &f.backend().record;
    let h = net().state;
    assert_eq!(record.start.len, 2);
    assert!(record.cell.len > 300 && record.from.len() == record.cell.len);
    assert!(record.from.contains(&-1) && record.from.contains(&-2));
    for (i, from) in record.from.iter().enumerate() {
        let state = match usize::try_from(*from) {
            Ok(k) => &record.cell.outputs[k * h..][..h],
            Err(_) => &record.start.outputs[(-1 - *from) as usize * h..][..h],
        };
        assert_eq!(&record.before[i * h..][..h], state, "move {i} from {from}");
    }
}
