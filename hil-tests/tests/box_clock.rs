//! A clock that is set back a day while the box runs. `libfaketime` (a Debian package) stands between the box and its clock.

use std::path::Path;

use hil_tests::moldsight::Moldsight;
use hil_tests::press::{Press, config};

const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// Start and number of the newest whole shot with a number above `after`.
fn next_shot(moldsight: &Moldsight, after: u64) -> (u64, i64) {
    moldsight.wait("/api/v1/shots?limit=10", 60, |page| {
        let rows = page["shots"].as_array()?;
        let newest = rows.iter().find(|r| r["kind"] != "broken")?;
        let number = newest["shot"].as_u64().filter(|n| *n > after)?;
        Some((number, newest["started_ms"].as_i64()?))
    })
}

#[test]
fn a_clock_set_back_a_day_changes_times_of_day_and_nothing_else() {
    let Some(library) = LIBRARIES.into_iter().find(|l| Path::new(l).exists()) else {
        println!("not proven here: the package libfaketime is not installed");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let _press = Press::measured(folder.path());
    let file = config(folder.path(), "measured", |text| text);
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0\n").expect("a file");
    let clock_text = clock.to_str().expect("text");
    let environment = [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", clock_text),
        ("FAKETIME_NO_CACHE", "1"),
        // Only the time of day is set; the clock that counts seconds runs on.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let moldsight = Moldsight::start_in(&file, &environment).expect("the box comes up");
    let (first, before_ms) = next_shot(&moldsight, 0);
    // WHEN somebody sets the clock back a day
    std::fs::write(&clock, "-1d\n").expect("a file");
    // THEN shots go on counting up, with the time of day the box now believes
    let (second, _) = next_shot(&moldsight, first);
    let (third, after_ms) = next_shot(&moldsight, second);
    assert!(third > second && second > first);
    assert!(
        after_ms < before_ms - 23 * 3_600_000,
        "{before_ms} then {after_ms}"
    );
    // AND the box names the jump, keeps who is logged in, and estimates
    moldsight.wait("/api/v1/health", 20, |health| {
        let problems = health["problems"].as_array()?;
        let told = problems.iter().any(|p| p["key"] == "problem.clock_jumped");
        (told && health["clock"]["wall_jumped"] == true).then_some(())
    });
    let live = moldsight.get("/api/v1/live/latest").expect("live");
    assert!(
        live["readings"][0]["age_s"]
            .as_f64()
            .is_some_and(|s| s < 0.5),
        "{live}"
    );
    assert!(moldsight.stop());
    // AND a restart on the wrong clock gives no number twice
    let again = Moldsight::start_in(&file, &environment).expect("the box comes back");
    assert!(next_shot(&again, third).0 > third);
}
