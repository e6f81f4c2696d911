//! The sorting line from press to wire: the whole box beside the simulated press, whose node holds the line. The material is the
//! card, so that trust comes after three shots.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use hil_tests::moldsight::{Moldsight, program};

/// A press on a pseudo terminal, ended when dropped.
struct Press(Child);

impl Press {
    fn start(folder: &Path) -> Self {
        let child = Command::new(program("press-sim"))
            .args(["--scenario", "matched", "--quiet", "--link"])
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
fn good_parts_are_told_to_the_node_and_nothing_else_is_ever_good() {
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

    // WHEN shots go by
    // THEN the line is never good before the estimates are trusted, and good within half a second after an ejection then
    let mut untrusted = 0;
    let mut ended: Option<Instant> = None;
    let mut before = "idle".to_owned();
    let mut said = String::new();
    let after = moldsight.wait("/api/v1/live/latest", 400, |live| {
        let phase = live["phase"].as_str()?.to_owned();
        if phase == "idle" && before != "idle" {
            ended = Some(Instant::now());
        }
        before = phase;
        let good = live["output"] == "good";
        let now = format!(
            "{} {} {} {} {}",
            live["shot"],
            live["trust"],
            live["last_verdict"],
            live["verdict_reason"],
            live["output"]
        );
        if now != said {
            println!("{now}");
            said = now;
        }
        if live["trust"]["state"] != "trusted" {
            assert!(!good, "{live}");
            untrusted += 1;
        }
        good.then(|| ended.map(|e| e.elapsed()))?
    });
    println!(
        "line good {} ms after the end of the shot was seen; {untrusted} looks before trust",
        after.as_millis()
    );
    assert!(after < Duration::from_millis(500) && untrusted > 0);
    let live = moldsight.get("/api/v1/live/latest").expect("live");
    assert_eq!(live["verdict_reason"]["key"], "inside", "{live}");
    let page = moldsight.get("/api/v1/shots?limit=20").expect("shots");
    let rows = page["shots"].as_array().expect("rows");
    assert!(
        rows.iter()
            .any(|r| r["verdict"] == "good" || r["verdict"] == "uncertain")
    );
    assert!(
        rows.iter()
            .all(|r| r["verdict"] != "good" || r["trust"] == "trusted")
    );

    // WHEN the box dies while the verdict stands and comes back
    moldsight.kill();
    std::thread::sleep(Duration::from_millis(700));
    let again = Moldsight::start(&file).expect("the box comes back");
    // THEN the node says that it went to reject by itself
    again.wait("/api/v1/live/latest", 20, |live| {
        assert_ne!(live["output"], "good");
        (live["output"] == "reject").then_some(())
    });
    drop(press);
    // A node that is gone shows nothing.
    again.wait("/api/v1/live/latest", 20, |live| {
        live["output"].is_null().then_some(())
    });
}
