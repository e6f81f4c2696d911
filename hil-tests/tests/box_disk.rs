//! A disk that is full, that was mounted read-only, and that fails: estimates go on, the box says why records do not, and
//! records go on by themselves where the disk does.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hil_tests::disk::{SmallDisk, may_mount};
use hil_tests::moldsight::{Moldsight, reading};
use hil_tests::press::{Press, config};
use serde_json::{Value, json};

/// A box that keeps its data on the small disk.
fn on(folder: &Path, disk: &Path) -> PathBuf {
    config(folder, "measured", |text| {
        let data = format!("data = \"{}\"", disk.join("box").display());
        let text = text.replace("data = \"box\"", &data);
        text.replace(
            "[web]",
            "[records]\ncurves_gb = 0.01\nfree_gb = 0.0005\n\n[web]",
        )
    })
}

/// Waits until a problem is shown, or no longer is.
fn wait_problem(moldsight: &Moldsight, key: &str, there: bool) -> Value {
    moldsight.wait("/api/v1/health", 60, |health| {
        let problems = health["problems"].as_array()?;
        let found = problems
            .iter()
            .any(|p| p["key"] == format!("problem.{key}"));
        (found == there).then(|| health.clone())
    })
}

/// A whole shot is estimated from now on: P3 comes under pressure, with a band, though nobody may use it.
fn a_shot_is_estimated(moldsight: &Moldsight) {
    let pressed = |live: &Value, pressed: bool| {
        let p3 = reading(live, "p3")?;
        let pa = p3["estimate"].as_f64()?;
        (p3["missing"].is_null() && p3["sd"].is_f64() && (pa > 5e6) == pressed).then_some(())
    };
    moldsight.wait("/api/v1/live/latest", 30, |live| pressed(live, false));
    moldsight.wait("/api/v1/live/latest", 30, |live| pressed(live, true));
    moldsight.wait("/api/v1/live/latest", 30, |live| pressed(live, false));
}

/// Waits for the next whole shot in the table; its number.
fn next_shot(moldsight: &Moldsight, after: u64) -> u64 {
    moldsight.wait("/api/v1/shots?limit=50", 60, |page| {
        let rows = page["shots"].as_array()?;
        let numbers = rows.iter().filter(|r| r["kind"] != "broken");
        numbers
            .filter_map(|r| r["shot"].as_u64())
            .find(|n| *n > after)
    })
}

fn numbers(moldsight: &Moldsight) -> Vec<u64> {
    let page = moldsight.get("/api/v1/shots?limit=200").expect("the shots");
    let rows = page["shots"].as_array().expect("a list");
    rows.iter().filter_map(|r| r["shot"].as_u64()).collect()
}

#[test]
fn a_full_disk_stops_records_not_estimates_and_records_go_on_when_there_is_room() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("disk");
    let disk = SmallDisk::in_memory(&place, 48);
    let _press = Press::measured(folder.path());
    // GIVEN a box at work
    let moldsight = Moldsight::start(&on(folder.path(), &place)).expect("the box comes up");
    let first = next_shot(&moldsight, 0);
    // WHEN its disk has no room left
    let ballast = disk.fill();
    // THEN it says so, and what cannot be written is refused with the reason
    let began = Instant::now();
    let health = wait_problem(&moldsight, "disk_full", true);
    println!(
        "a full disk is named after {:.1} s",
        began.elapsed().as_secs_f64()
    );
    assert_ne!(health["disk"]["state"], "recording", "{health}");
    let line = json!({ "kind": "note", "text": "the disk is full" });
    let (status, told) = moldsight.post("/api/v1/log", &line).expect("an answer");
    assert!(status == 503 && told.contains("full"), "{status}: {told}");
    // AND estimates go on
    a_shot_is_estimated(&moldsight);
    // WHEN there is room again
    std::fs::remove_file(ballast).expect("room");
    let began = Instant::now();
    wait_problem(&moldsight, "disk_full", false);
    println!(
        "records go on {:.1} s after there is room",
        began.elapsed().as_secs_f64()
    );
    // THEN records go on by themselves, and the shots of that time are there too
    let last = moldsight.get("/api/v1/live/latest").expect("live")["shot"].as_u64();
    let last = next_shot(&moldsight, last.expect("a number"));
    let there = numbers(&moldsight);
    assert!((first..=last).all(|n| there.contains(&n)), "{there:?}");
    let (status, told) = moldsight.post("/api/v1/log", &line).expect("an answer");
    assert!((200..300).contains(&status), "{status}: {told}");
    assert!(moldsight.stop());
}

#[test]
fn a_box_starts_on_a_read_only_disk_estimates_and_records_when_it_may() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("disk");
    let disk = SmallDisk::in_memory(&place, 48);
    let _press = Press::measured(folder.path());
    let file = on(folder.path(), &place);
    // GIVEN a box that has run before, and a disk that came up read-only
    let before = Moldsight::start(&file).expect("the box comes up");
    let first = next_shot(&before, 0);
    assert!(before.stop());
    disk.remount("ro");
    // WHEN it starts
    let moldsight = Moldsight::start(&file).expect("the box comes up on a read-only disk");
    // THEN it estimates, shows what it had, and says why it records nothing
    wait_problem(&moldsight, "disk_read_only", true);
    a_shot_is_estimated(&moldsight);
    assert!(numbers(&moldsight).contains(&first));
    // WHEN the disk may be written
    disk.remount("rw");
    wait_problem(&moldsight, "disk_read_only", false);
    // THEN records go on
    next_shot(&moldsight, first);
    assert!(moldsight.stop());
}

#[test]
fn a_disk_that_fails_while_the_box_runs_does_not_stop_estimates() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("disk");
    let disk = SmallDisk::in_file(&place, 64);
    let _press = Press::measured(folder.path());
    let moldsight = Moldsight::start(&on(folder.path(), &place)).expect("the box comes up");
    let first = next_shot(&moldsight, 0);
    // WHEN the file system goes read-only under the running box
    disk.fail();
    wait_problem(&moldsight, "disk_read_only", true);
    // THEN estimates go on, and what was recorded can still be read
    a_shot_is_estimated(&moldsight);
    assert!(numbers(&moldsight).contains(&first));
    let line = json!({ "kind": "note", "text": "the disk has failed" });
    let (status, told) = moldsight.post("/api/v1/log", &line).expect("an answer");
    assert!(
        status == 503 && told.contains("error.disk"),
        "{status}: {told}"
    );
    std::thread::sleep(Duration::from_millis(100));
    moldsight.kill();
}
