//! ONNX Runtime beside the cpu kernel, and what is refused. Needs `ORT_DYLIB_PATH` (`make onnx-check` sets it).
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use models_infer::backend::check::{TOLERANCE, beside_the_cpu};
use models_infer::backend::onnx::{LIBRARY, Onnx};
use models_infer::backend::{Any, Choice, open};
use models_infer::network::Network;
use models_infer::release::Release;

/// False, and said so, where no ONNX Runtime was given.
fn given(test: &str) -> bool {
    let there = std::env::var_os(LIBRARY).is_some_and(|p| Path::new(&p).is_file());
    if !there {
        eprintln!(
            "SKIPPED {test}: {LIBRARY} names no ONNX Runtime; `make onnx-check` installs one"
        );
    }
    there
}

fn shipped(name: &str) -> Arc<Network> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../weights")
        .join(name);
    Arc::new(Network::new(&Release::load(&folder).unwrap()).unwrap())
}

fn refusal(choice: &str, net: &Arc<Network>) -> String {
    let opened = choice
        .parse::<Choice>()
        .and_then(|c| open(&c, net, TOLERANCE));
    let told = match opened {
        Ok(_) => panic!("`{choice}` was opened"),
        Err(error) => error.to_string(),
    };
    println!("{told}");
    told
}

#[test]
fn whole_shots_agree_with_the_cpu_kernel() {
    if !given("whole_shots_agree_with_the_cpu_kernel") {
        return;
    }
    for name in ["strip-ps-001", "plate-ps-001"] {
        let net = shipped(name);
        let mut onnx = Onnx::new(&net, models_infer::backend::choice::Provider::Cpu, None).unwrap();
        let worst = beside_the_cpu("onnx:CPU", &mut onnx, &net, 1e-5).unwrap();
        println!("{name}: {worst:.1e} of full scale");
        assert!(worst > 0.0, "two kernels that never differ are one kernel");
    }
}

#[test]
fn the_default_choice_opens() {
    if given("the_default_choice_opens") {
        let net = shipped("strip-ps-001");
        let any = open(&"onnx".parse().unwrap(), &net, TOLERANCE).unwrap();
        assert!(matches!(any, Any::Onnx(_)));
    }
}

/// The pip wheel knows none of these: asking for one must never end on the CPU.
#[test]
fn providers_that_the_library_lacks_are_refused() {
    if !given("providers_that_the_library_lacks_are_refused") {
        return;
    }
    let net = shipped("strip-ps-001");
    for choice in [
        "onnx:CUDA",
        "onnx:TensorRT",
        "onnx:OpenVINO:NPU",
        "onnx:OpenVINO:CPU",
        "onnx:QNN:libQnnHtp.so",
        "onnx:RKNPU",
    ] {
        let told = refusal(choice, &net);
        assert!(
            told.contains("has no provider") && told.contains("only CPU"),
            "{told}"
        );
    }
    assert!(refusal("onnx:Hexagon", &net).contains("there are CPU, CUDA"));
}

#[test]
fn a_missing_library_is_refused() {
    // In a process of its own: a library stays loaded.
    let me = std::env::current_exe().unwrap();
    for (path, told) in [
        ("/nonexistent/libonnxruntime.so", "cannot be loaded"),
        ("libc.so.6", "OrtGetApiBase"),
    ] {
        let child = std::process::Command::new(&me)
            .args(["--exact", "opens_what_is_named", "--nocapture", "--ignored"])
            .env(LIBRARY, path)
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(out.contains(told) && out.contains(LIBRARY), "{out}");
    }
}

#[test]
#[ignore = "run by `a_missing_library_is_refused`"]
fn opens_what_is_named() {
    refusal("onnx:CPU", &shipped("strip-ps-001"));
}
