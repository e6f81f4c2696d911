//! The sorting line from press to wire: the whole box beside the simulated press, whose node holds the line.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use hil_tests::moldsight::{Moldsight, program};
use serde_json::Value;

const LIVE: &str = "/api/v1/live/latest";

/// A press on a pseudo terminal, ended when dropped.
struct Press(Child);

impl Press {
    fn start(folder: &Path) -> Self {
        let child = Command::new(program("press-sim"))
            .args(["--scenario", "demo", "--quiet", "--link"])
            .arg(folder.join("press"))
            .arg("--calibration")
            .arg(folder.join("calibration.toml"))
            .spawn()
            .expect("press-sim starts");
        let end = Instant::now() + Duration::from_secs(30);
        while !(folder.join("press").exists() && folder.join("calibration.toml").exists()) {
            assert!(Instant::now() < end, "the press did not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for Press {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_node_shows_each_verdict_until_the_next_shot_and_never_good_without_trust() {
    let folder = tempfile::tempdir().expect("a folder");
    let press = Press::start(folder.path());
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../appliance/demo/demo.toml");
    let text = std::fs::read_to_string(demo).expect("the demo's configuration");
    let file = folder.path().join("moldsight.toml");
    // GIVEN limits that every part of this press keeps, and a verdict that stands for a minute
    let text = text
        .replace("127.0.0.1:8088", "127.0.0.1:0")
        .replace("valid_s = 5.0", "valid_s = 60.0")
        .replace("lower = 0.0105", "lower = 0.009")
        .replace("upper = 0.0111", "upper = 0.013");
    assert!(text.contains("valid_s = 60.0") && text.contains("lower = 0.009"));
    std::fs::write(&file, text).expect("a file");
    let moldsight = Moldsight::start(&file).expect("the box comes up");
    let honest = |live: &Value| {
        let trusted = live["trust"]["state"] == "trusted";
        assert!(trusted || live["output"] != "good", "{live}");
    };

    // WHEN shots go by
    for _ in 0..2 {
        // THEN the line is at reject while one runs, whatever the verdict on the part before
        moldsight.wait(LIVE, 90, |live| {
            honest(live);
            (live["phase"] == "hold").then(|| assert_eq!(live["output"], "reject", "{live}"))
        });
        // AND shows the verdict, with its reason, at once when it is over
        let mut ended: Option<Instant> = None;
        let after = moldsight.wait(LIVE, 90, |live| {
            honest(live);
            if live["phase"] == "idle" {
                ended.get_or_insert_with(Instant::now);
            }
            let shown = live["output"] != "reject" && live["output"] == live["last_verdict"];
            shown.then(|| ended.map(|e| e.elapsed()))?
        });
        let live = moldsight.get(LIVE).expect("live");
        println!(
            "line {} {} ms after the end of the shot was seen, {}",
            live["output"],
            after.as_millis(),
            live["verdict_reason"]
        );
        assert!(after < Duration::from_secs(1));
        assert!(live["verdict_reason"]["key"].is_string(), "{live}");
    }
    let row = moldsight.wait("/api/v1/shots?limit=1", 20, |page| {
        Some(page["shots"][0].clone()).filter(|row| row["verdict"].is_string())
    });
    assert!(row["verdict_reason"]["key"].is_string(), "{row}");

    // WHEN the box dies while a verdict stands, and comes back
    moldsight.kill();
    std::thread::sleep(Duration::from_millis(700));
    let again = Moldsight::start(&file).expect("the box comes back");
    // THEN the node says that it went to reject by itself
    again.wait(LIVE, 20, |live| {
        let told = live["output"].as_str()?;
        assert_eq!(told, "reject", "{live}");
        Some(())
    });
    drop(press);
    // A node that is gone shows nothing.
    again.wait(LIVE, 20, |live| live["output"].is_null().then_some(()));
}
