//! The simulated press as a program of its own, and a configuration for a box beside it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::moldsight::program;

/// A press on a pseudo terminal `press` in a folder, ended when dropped.
#[derive(Debug)]
pub struct Press(Child);

impl Press {
    /// Plays a scenario: a shipped one by name, or a file.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn scenario(folder: &Path, name: &str) -> Self {
        Self::start(folder, &["--scenario", name])
    }

    /// Plays the measured shots of the strip one after the other, half a second apart.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn measured(folder: &Path) -> Self {
        let shots = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/measured/ps_shot_0");
        let files = [2, 5, 8].map(|n| format!("{shots}{n}.csv"));
        let mut arguments = vec!["--sensors", "p1,p2,p3", "--pause", "0.5"];
        for file in &files {
            arguments.extend(["--play", file]);
        }
        Self::start(folder, &arguments)
    }

    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let (link, calibration) = (folder.join("press"), folder.join("calibration.toml"));
        let child = Command::new(program("press-sim"))
            .args(arguments)
            .arg("--quiet")
            .arg("--link")
            .arg(&link)
            .arg("--calibration")
            .arg(&calibration)
            .stdout(Stdio::null())
            .spawn()
            .expect("press-sim starts");
        let new = Self(child);
        let end = Instant::now() + Duration::from_secs(30);
        while !(link.exists() && calibration.exists()) {
            assert!(Instant::now() < end, "the press did not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        new
    }
}

impl Drop for Press {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The configuration of a demo (`demo`, `measured`) on a free port, changed by `edit`, in a folder.
///
/// # Panics
/// When the checkout lacks it or the folder cannot be written.
pub fn config(folder: &Path, demo: &str, edit: impl FnOnce(String) -> String) -> PathBuf {
    let demo = format!(
        "{}/../appliance/demo/{demo}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(demo).expect("a configuration of the checkout");
    let path = folder.join("moldsight.toml");
    let text = edit(text.replace("127.0.0.1:8088", "127.0.0.1:0"));
    std::fs::write(&path, text).expect("a file");
    path
}
