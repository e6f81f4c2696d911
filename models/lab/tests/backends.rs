//! Exports and backends as their users meet them.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn moldlab(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_moldlab"))
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap()
}

fn refusal(args: &[&str]) -> String {
    let done = moldlab(args);
    assert_eq!(done.status.code(), Some(2));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(told.trim().lines().count(), 1, "{told}");
    told
}

/// Rows and columns that a NumPy file says it has, checked against its length.
fn shape(path: &Path) -> Vec<usize> {
    let bytes = std::fs::read(path).unwrap();
    let header = String::from_utf8_lossy(&bytes[..128]).into_owned();
    let inside = header.split(['(', ')']).nth(1).unwrap();
    let numbers = inside.split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape: Vec<usize> = numbers.map(|n| n.parse().unwrap()).collect();
    assert_eq!(shape.iter().product::<usize>() * 4, bytes.len() - 128);
    shape
}

#[test]
fn an_export_holds_graphs_and_the_rows_they_met() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("strip");
    let args = [
        "export-onnx",
        "--weights",
        "strip-ps",
        "--shots",
        "0",
        "--drive",
        "models/measured/ps_shot_05.csv",
        "models/measured/ps_shot_08.csv",
        "--out",
        folder.to_str().unwrap(),
    ];
    let done = moldlab(&args);
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["opset"], 13);
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let (parts, shots) = (&manifest["parts"], &manifest["shots"]);
    assert_eq!(parts.as_array().unwrap().len(), 5);
    assert_eq!(shots.as_array().unwrap().len(), 2);
    for part in parts.as_array().unwrap() {
        let name = part["name"].as_str().unwrap();
        let file = part["file"].as_str().unwrap();
        assert!(readme.contains(file));
        let bytes = std::fs::read(folder.join(file)).unwrap();
        assert_eq!(part["sha256"], models_infer::release::sha256(&bytes));
        let rows = shots[1]["rows"][name][1].as_u64().unwrap() as usize;
        for port in ["inputs", "outputs"].map(|k| part[k].as_array().unwrap()) {
            for port in port {
                let found = shape(&folder.join(port["file"].as_str().unwrap()));
                let columns = port["columns"].as_array().unwrap().len();
                assert_eq!(found, [rows, columns], "{name} {}", port["name"]);
                assert_eq!(port["shape"][1], columns);
            }
        }
    }
    // The second shot's rows follow the first one's.
    assert_eq!(shots[0]["rows"]["start"], serde_json::json!([0, 1]));
    assert_eq!(shots[1]["rows"]["start"], serde_json::json!([1, 2]));
    assert!(refusal(&args).contains("exists"));
}

#[test]
fn an_export_without_shots_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("none");
    let path = folder.to_str().unwrap();
    let told = refusal(&[
        "export-onnx",
        "--weights",
        "strip-ps",
        "--shots",
        "0",
        "--out",
        path,
    ]);
    assert!(told.contains("--drive") && !folder.exists(), "{told}");
}

#[test]
fn a_backend_that_is_not_there_is_refused_before_anything_is_written() {
    let out = tempfile::tempdir().unwrap();
    let csv = out.path().join("sensors.csv");
    let with = |backend: &str| {
        let drive = "models/measured/ps_shot_05.csv";
        let out = csv.to_str().unwrap();
        refusal(&[
            "predict",
            "--weights",
            "strip-ps",
            "--drive",
            drive,
            "--at",
            "p1",
            "--out",
            out,
            "--backend",
            backend,
        ])
    };
    assert!(with("gpu").contains("onnx[:PROVIDER"));
    assert!(with("onnx:Hexagon").contains("OpenVINO, QNN"));
    if !cfg!(feature = "onnx") {
        assert!(with("onnx:CUDA").contains("--features onnx"));
    }
    if !cfg!(feature = "cuda") {
        assert!(with("cuda").contains("--features cuda"));
    }
    assert!(!csv.exists());
}
