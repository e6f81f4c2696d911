//! The same network in ONNX Runtime, tract and candle, one thread each.

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

#[cfg(feature = "candle")]
use crate::mlp::Mlp;

use crate::typical;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// Others must compute the network that is timed.
fn agree(name: &str, found: &[f32], due: &[f32]) {
    assert_eq!(found.len(), due.len(), "{name}");
    for (a, b) in found.iter().zip(due) {
        assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{name}: {a} {b}");
    }
}

/// ONNX Runtime, where `ORT_DYLIB_PATH` names a library.
#[cfg(feature = "onnx")]
pub fn onnx_runtime(group: &mut Group<'_>, file: &[u8], x: &[f32], due: &[f32]) {
    use ort::environment::Environment;
    use ort::session::{Session, builder::GraphOptimizationLevel};
    use ort::value::TensorRef;
    use std::sync::{Mutex, PoisonError};

    let Some(path) = std::env::var_os("ORT_DYLIB_PATH") else {
        eprintln!("ONNX Runtime left out: ORT_DYLIB_PATH names no library");
        return;
    };
    // One a process.
    static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);
    let opened = || -> Result<Session, Box<dyn std::error::Error>> {
        let mut kept = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        let environment = match kept.take() {
            Some(environment) => environment,
            None => ort::init_from(&path)?.with_telemetry(false).build()?,
        };
        let environment = kept.insert(environment);
        let session = Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::Level3)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .commit_from_memory(file)?;
        Ok(session)
    };
    let mut session = match opened() {
        Ok(session) => session,
        Err(error) => {
            eprintln!("ONNX Runtime left out: {error}");
            return;
        }
    };
    let mut y = vec![0.0; due.len()];
    let mut run = |y: &mut [f32]| {
        let row = TensorRef::from_array_view(([1, x.len()], x)).expect("a row");
        let out = session.run(vec![("x", row)]).expect("ran before");
        let (_, values) = out[0].try_extract_tensor::<f32>().expect("floats");
        y.copy_from_slice(values);
    };
    run(&mut y);
    agree("ONNX Runtime", &y, due);
    group.bench_function("ONNX Runtime f32", |b| typical(b, || run(&mut y)));
}

/// tract, which has no threads of its own.
#[cfg(feature = "tract")]
pub fn tract(group: &mut Group<'_>, file: &[u8], x: &[f32], due: &[f32]) {
    use tract_onnx::prelude::*;

    let fact = f32::fact([1, x.len()]);
    let plan = tract_onnx::onnx()
        .model_for_read(&mut std::io::Cursor::new(file))
        .and_then(|m| m.with_input_fact(0, fact.into()))
        .and_then(|m| m.into_optimized())
        .and_then(|m| m.into_runnable())
        .expect("operators that tract knows");
    let x = Tensor::from_shape(&[1, x.len()], x).expect("a row");
    let run = || plan.run(tvec!(x.clone().into())).expect("ran before");
    let y = run();
    let view = y[0].to_plain_array_view::<f32>();
    agree(
        "tract",
        view.expect("floats").as_slice().expect("a row"),
        due,
    );
    group.bench_function("tract f32", |b| typical(b, run));
}

/// candle on the CPU; its threads are those of `RAYON_NUM_THREADS`.
#[cfg(feature = "candle")]
pub fn candle(group: &mut Group<'_>, net: &Mlp, x: &[f32], due: &[f32]) {
    use candle_core::{Device, Result, Tensor};

    if std::env::var("RAYON_NUM_THREADS").as_deref() != Ok("1") {
        eprintln!("candle left out: set RAYON_NUM_THREADS=1, or it uses every core");
        return;
    }
    let device = Device::Cpu;
    let layers: Result<Vec<(Tensor, Tensor)>> = net
        .layers
        .iter()
        .map(|(rows, bias, ..)| {
            let shape = (bias.len(), rows.len() / bias.len());
            let rows = Tensor::from_slice(rows, shape, &device)?;
            let bias = Tensor::from_slice(bias, (1, bias.len()), &device)?;
            Ok((rows.t()?.contiguous()?, bias))
        })
        .collect();
    let layers = layers.expect("on the CPU");
    let x = Tensor::from_slice(x, (1, x.len()), &device).expect("a row");
    let run = || -> Result<Tensor> {
        let mut x = x.clone();
        for (i, (weight, bias)) in layers.iter().enumerate() {
            x = (x.matmul(weight)? + bias)?;
            if i + 1 < layers.len() {
                x = x.silu()?;
            }
        }
        Ok(x)
    };
    let y = run().and_then(|y| y.flatten_all()?.to_vec1::<f32>());
    agree("candle", &y.expect("on the CPU"), due);
    group.bench_function("candle f32", |b| typical(b, run));
}
