//! `kill -9` of the whole box at random moments, the press running on: 5 times, or 100 with `MOLDSIGHT_PROVE=1`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hil_tests::moldsight::Moldsight;
use hil_tests::press::{Press, config};
use hil_tests::records;
use serde_json::Value;

/// Most raw data a kill may cost, s.
const MOST_LOST_S: f64 = 1.0;
/// Longest time from the start of the program to its first estimate, s.
const LONGEST_START_S: f64 = 2.0;
/// The same where other programs keep the machine busy.
const LONGEST_START_BUSY_S: f64 = 10.0;
/// Longest time from one start to the next kill, s.
const LONGEST_LIFE_S: f64 = 14.0;
/// Longest wait for a whole shot: the rest of the one under way, a pause and the next, s.
const LONGEST_SHOT_S: u64 = 60;

/// Finished shots by number, as the table of shots shows them.
fn finished(moldsight: &Moldsight) -> BTreeMap<u64, Value> {
    let page = moldsight.get("/api/v1/shots?limit=200").expect("the shots");
    let rows = page["shots"].as_array().expect("a list").clone();
    let whole = rows.into_iter().filter(|r| r["kind"] != "broken");
    whole
        .map(|r| (r["shot"].as_u64().expect("a number"), r))
        .collect()
}

/// Every shot of `known` and every one of `ended` is in the table, as it was.
fn nothing_is_missing(moldsight: &Moldsight, known: &BTreeMap<u64, Value>, ended: &[u64]) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let now = finished(moldsight);
        let lacks: Vec<u64> = ended
            .iter()
            .copied()
            .filter(|n| !now.contains_key(n))
            .collect();
        if lacks.is_empty() {
            for (number, row) in known {
                assert_eq!(now.get(number), Some(row), "shot {number}");
            }
            return;
        }
        assert!(
            Instant::now() < end,
            "shots {lacks:?} ended and are not stored"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn random(seed: &mut u64) -> f64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn a_box_killed_at_any_moment_loses_no_finished_shot_and_at_most_a_second_of_codes() {
    let prove = std::env::var_os("MOLDSIGHT_PROVE").is_some();
    let rounds = if prove { 100 } else { 5 };
    let folder = tempfile::tempdir().expect("a folder");
    let _press = Press::measured(folder.path());
    let file = config(folder.path(), "measured", |text| text);
    let log_folder = folder.path().join("box/records/log");
    let mut seed = 20_261_121;
    let (mut known, mut ended) = (BTreeMap::new(), Vec::new());
    let (mut lost_s, mut start_s) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let moldsight = Moldsight::start(&file).expect("the box comes up");
        start_s.push(moldsight.first_estimate_s("p3"));
        nothing_is_missing(&moldsight, &known, &ended);
        if round == 1 {
            // A shot under way at the start counts for nothing: without a wait a short story may never see a whole one.
            moldsight.wait("/api/v1/shots?limit=200", LONGEST_SHOT_S, |page| {
                let mut rows = page["shots"].as_array()?.iter();
                rows.any(|r| r["kind"] != "broken").then_some(())
            });
        }
        std::thread::sleep(Duration::from_secs_f64(LONGEST_LIFE_S * random(&mut seed)));
        known = finished(&moldsight);
        let health = moldsight.get("/api/v1/health").expect("health");
        let asked = Instant::now();
        let box_s = health["uptime_s"].as_f64().expect("a time");
        // WHEN the process is gone from one instant to the next
        moldsight.kill();
        let killed_s = box_s + asked.elapsed().as_secs_f64();
        // THEN the log holds all but the last moment
        let log = records::log(&log_folder);
        assert_eq!(log.damage, 0, "round {round}");
        let kept_s = log.last_raw_ns.map_or(0.0, |ns| ns as f64 * 1e-9);
        lost_s.push(killed_s - kept_s);
        ended.extend(log.ended);
    }
    // AND the box comes back with every shot that had ended, as it was
    let moldsight = Moldsight::start(&file).expect("the box comes up");
    start_s.push(moldsight.first_estimate_s("p3"));
    nothing_is_missing(&moldsight, &known, &ended);
    let shots = finished(&moldsight);
    for number in shots.keys() {
        let detail = moldsight.get(&format!("/api/v1/shots/{number}?points=100"));
        assert!(
            detail.is_ok_and(|d| d["curves"].is_array()),
            "shot {number}"
        );
    }
    assert!(moldsight.stop(), "the box ends well");
    assert_eq!(
        integrity(&folder.path().join("box/records/book.sqlite")),
        "ok"
    );
    assert_eq!(integrity(&folder.path().join("box/access.sqlite")), "ok");
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    println!(
        "{rounds} kills of the whole box: {} finished shots, none lost; at most {:.2} s of raw codes lost; \
         first estimate after {:.2} s at most",
        shots.len(),
        most(&lost_s),
        most(&start_s)
    );
    assert!(
        !shots.is_empty(),
        "no shot was finished: nothing was proven"
    );
    assert!(most(&lost_s) <= MOST_LOST_S, "{lost_s:?}");
    let limit = if prove {
        LONGEST_START_S
    } else {
        LONGEST_START_BUSY_S
    };
    assert!(most(&start_s) <= limit, "{start_s:?}");
}

fn integrity(file: &Path) -> String {
    let book = rusqlite::Connection::open(file).expect("a book");
    book.query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("an answer")
}
