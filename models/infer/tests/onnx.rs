//! ONNX Runtime beside the cpu kernel, and what is refused. Needs `ORT_DYLIB_PATH` (`make onnx-check` sets it).
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use models_infer::backend::check::{TOLERANCE, beside_the_cpu};
use models_infer::backend::choice::Provider;
use models_infer::backend::onnx::{LIBRARY, Onnx, PLUGIN};
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
    for name in ["strip-ps-001", "plate-ps-003"] {
        let net = shipped(name);
        let mut onnx = Onnx::new(&net, Provider::Cpu, None).unwrap();
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

/// Whether the library at hand was built with OpenVINO (the pip package `onnxruntime-openvino`).
fn with_openvino() -> bool {
    std::env::var_os(LIBRARY).is_some_and(|p| {
        Path::new(&p)
            .with_file_name("libonnxruntime_providers_openvino.so")
            .is_file()
    })
}

/// Asking for a provider that is not there must never end on the CPU.
#[test]
fn providers_that_the_library_lacks_are_refused() {
    if !given("providers_that_the_library_lacks_are_refused") {
        return;
    }
    let net = shipped("strip-ps-001");
    let mut lacking = vec!["onnx:CUDA", "onnx:TensorRT", "onnx:RKNPU"];
    if std::env::var_os(PLUGIN).is_none() {
        lacking.push("onnx:QNN:libQnnHtp.so");
    }
    if !with_openvino() {
        lacking.extend(["onnx:OpenVINO:NPU", "onnx:OpenVINO:CPU"]);
    }
    for choice in lacking {
        let told = refusal(choice, &net);
        assert!(
            told.contains("has no provider") && told.contains("only CPU"),
            "{told}"
        );
    }
    assert!(refusal("onnx:Hexagon", &net).contains("there are CPU, CUDA"));
}

/// A library with OpenVINO runs its CPU device and refuses devices that this machine lacks.
#[test]
fn openvino_runs_where_it_can_and_nowhere_else() {
    if !given("openvino_runs_where_it_can_and_nowhere_else") {
        return;
    }
    if !with_openvino() {
        eprintln!(
            "SKIPPED openvino_runs_where_it_can_and_nowhere_else: this ONNX Runtime has no OpenVINO; `make openvino-check` installs one that has"
        );
        return;
    }
    let net = shipped("strip-ps-001");
    let mut here = Onnx::new(&net, Provider::OpenVino, Some("CPU")).unwrap();
    let worst = beside_the_cpu("onnx:OpenVINO:CPU", &mut here, &net, TOLERANCE).unwrap();
    println!("OpenVINO on the CPU: {worst:.1e} of full scale");
    assert!(refusal("onnx:OpenVINO", &net).contains("which device"));
    for device in ["AUTO", "HETERO:NPU,CPU", "MULTI:GPU,CPU", "VPU", "cpu"] {
        let told = refusal(&format!("onnx:OpenVINO:{device}"), &net);
        assert!(told.contains("is not one device"), "{told}");
    }
    for (device, node) in [("NPU", "/dev/accel"), ("GPU", "/dev/dri")] {
        if !Path::new(node).exists() {
            let told = refusal(&format!("onnx:OpenVINO:{device}"), &net);
            assert!(
                told.contains(&format!("Device {device} is not available")),
                "{told}"
            );
        }
    }
}

/// Qualcomm's plugin offers the CPU as one of its devices: asked for the NPU it must not take that.
#[test]
fn a_plugin_without_its_device_is_refused() {
    let told = "a_plugin_without_its_device_is_refused";
    if !given(told) {
        return;
    }
    if std::env::var_os(PLUGIN).is_none() {
        eprintln!("SKIPPED {told}: {PLUGIN} names no plugin; `make qnn-check` installs one");
        return;
    }
    let net = shipped("strip-ps-001");
    assert!(refusal("onnx:QNN", &net).contains("which device"));
    assert!(refusal("onnx:QNN:libQnnCpu.so", &net).contains("which device"));
    assert!(refusal("onnx:QNN:libQnnGpu.so", &net).contains("finds no GPU"));
    assert!(refusal("onnx:QNN:libQnnHtp.so", &net).contains("finds no NPU"));
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
