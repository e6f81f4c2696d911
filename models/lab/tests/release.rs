//! `moldlab release` on a tiny mold: killed and run again it comes to the same weights; what it signs is checked.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn moldlab(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moldlab"));
    command
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// The strip, coarse enough to be simulated in milliseconds.
fn tiny(folder: &Path) -> PathBuf {
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../molds/strip-ps.toml");
    let text = std::fs::read_to_string(good).unwrap();
    let text = text
        .replace("cells_per_path = 66", "cells_per_path = 12")
        .replace("layers = 16", "layers = 6")
        .replace("name = \"strip-ps\"", "name = \"tiny\"");
    let path = folder.join("tiny.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_killed_release_goes_on_to_the_same_weights_and_is_signed() {
    let out = tempfile::tempdir().unwrap();
    let at = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let mold = tiny(out.path());
    let (mold, key) = (mold.to_str().unwrap(), at("own.key"));
    let args = |folder: &str| {
        let args = format!(
            "release --mold {mold} --out {folder} --key {key} --signer bench --shots 210 --fresh 8 \
             --fill-steps 60 --steps 120 --checkpoint-s 0"
        );
        args.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |folder: &str| {
        let args = args(folder);
        moldlab(&args.iter().map(|a| &a[..]).collect::<Vec<_>>())
    };
    let (whole, killed) = (at("tiny-001"), at("tiny-002"));
    let done = run(&whole).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("signed by bench"), "{}", said(&done));
    // Killed in the middle of the second stage: what is there is some checkpoint of it.
    let mut child = run(&killed)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = PathBuf::from(format!("{killed}.partial/later.safetensors"));
    for _ in 0..3000 {
        if checkpoint.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint.exists() && !Path::new(&killed).exists());
    let done = run(&killed).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    let weights = |folder: &str| std::fs::read(format!("{folder}/weights.safetensors")).unwrap();
    assert!(weights(&whole) == weights(&killed), "other weights");
    assert!(!Path::new(&format!("{killed}.partial")).exists());
    // The report: small, and with its pictures.
    let mut size = 0;
    for name in [
        "README.md",
        "losses.csv",
        "losses.svg",
        "errors_by_time.svg",
        "worst_shots.svg",
    ] {
        let len = std::fs::metadata(format!("{killed}/report/{name}"))
            .unwrap()
            .len();
        assert!(len > 200, "{name}: {len}");
        size += len;
    }
    assert!(size < 400_000, "{size}");
    // A release is never edited, and says who made it.
    assert_eq!(run(&killed).output().unwrap().status.code(), Some(2));
    let verify = |folder: &str, more: &[&str]| {
        let args = [&["verify", "--weights", folder, "--mold", mold][..], more].concat();
        moldlab(&args).output().unwrap()
    };
    let done = verify(&killed, &[]);
    assert!(
        done.status.success() && said(&done).contains("signed by bench"),
        "{}",
        said(&done)
    );
    let other = "0123456789abcdef";
    let done = verify(&killed, &["--signed-by", other]);
    assert!(
        done.status.code() == Some(2) && said(&done).contains("not by key"),
        "{}",
        said(&done)
    );
    let report = format!("{killed}/report/losses.csv");
    std::fs::write(&report, "nothing").unwrap();
    let done = verify(&killed, &[]);
    assert!(
        done.status.code() == Some(2) && said(&done).contains("losses.csv"),
        "{}",
        said(&done)
    );
}
