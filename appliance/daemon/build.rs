//! Notes the commit the program is built from; empty where there is no git. `MOLDSIGHT_COMMIT` in the environment goes first: an
//! image is built from an archive.

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let out = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    (out.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn main() {
    println!("cargo::rerun-if-env-changed=MOLDSIGHT_COMMIT");
    // The log of HEAD grows with every commit and every checkout.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--path-format=absolute", "--git-path", file])
            && std::path::Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let given = std::env::var("MOLDSIGHT_COMMIT").ok();
    let commit = given
        .filter(|c| !c.is_empty())
        .or_else(|| git(&["rev-parse", "--short=10", "HEAD"]));
    println!(
        "cargo::rustc-env=MOLDSIGHT_COMMIT={}",
        commit.unwrap_or_default()
    );
}
