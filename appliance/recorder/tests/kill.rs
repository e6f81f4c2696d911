//! `kill -9` of a recording process at random moments: 5 times, or 100 with `MOLDSIGHT_PROVE=1`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use appliance_recorder::book::curves::CurveFile;
use appliance_recorder::{Book, Recorder, Settings, ShotFilter};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::*;

const FOLDER: &str = "MOLDSIGHT_TEST_RECORD_INTO";
/// Blocks of a shot, and of the pause after it.
const SHOT: i64 = 80;
const PAUSE: i64 = 15;

fn settings(folder: &Path) -> Settings {
    Settings {
        pre_trigger: Duration::from_millis(100),
        // Small, so that the log changes segments under the test.
        segment_bytes: 64 << 10,
        ..Settings::in_folder(folder.to_owned())
    }
}

/// Not a test: the process that is killed. Records in real time until someone ends it, and says on
/// its output what it has handed over and what the recorder says is proven.
#[test]
#[ignore = "started by the test below"]
fn the_recording_process() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let start = Instant::now();
    let (recorder, mut handle) = Recorder::open(settings(Path::new(&folder)), start).unwrap();
    let mut out = std::io::stdout();
    handle.channels(&table());
    handle.estimate_columns(&columns());
    // The test harness has begun a line of its own.
    writeln!(out).unwrap();
    let mut proven = None;
    for k in 0.. {
        let at = (k + 1) * BLOCK_NS;
        let due = Duration::from_nanos(at as u64);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        match k % (SHOT + PAUSE) {
            0 => {
                let number = handle.shot_begin(&context("lot"), at);
                writeln!(out, "begin {number}").unwrap();
            }
            SHOT => {
                handle.shot_end(&summary(10.0), at);
                writeln!(out, "end 0").unwrap();
            }
            _ => {}
        }
        block(k, |b| handle.samples(b));
        estimate(at, |e| handle.estimate(e));
        writeln!(out, "row {}", (k + 1) * ROWS).unwrap();
        let health = recorder.health();
        if health.last_finished != proven {
            proven = health.last_finished;
            writeln!(out, "proven {}", proven.unwrap()).unwrap();
        }
        out.flush().unwrap();
    }
}

/// What the killed process had said.
#[derive(Debug, Default)]
struct Said {
    open: Option<u64>,
    rows: i64,
    proven: Vec<u64>,
    /// Number and moment of each end.
    ended: Vec<(u64, Instant)>,
}

fn record_and_kill(folder: &Path, after: Duration) -> (Said, Instant) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "the_recording_process",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        let mut said = Said::default();
        for line in lines.map_while(Result::ok) {
            let Some((word, number)) = line.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match word {
                "begin" => said.open = Some(number),
                "end" => said.ended.push((said.open.take().unwrap(), Instant::now())),
                "proven" => said.proven.push(number),
                "row" => said.rows = number as i64,
                _ => {}
            }
        }
        said
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    let killed = Instant::now();
    child.wait().unwrap();
    (reader.join().unwrap(), killed)
}

/// First and last row of a shot's raw codes; all in between are there and right.
fn rows_of(book: &Book, number: u64) -> Option<(i64, i64)> {
    let (_, file) = book
        .curve_file(number, CurveFile::Raw)
        .inspect_err(|error| println!("shot {number}: {error}"))
        .ok()?;
    let group = &file.groups[0];
    let of = |name: &str| &group.iter().find(|c| c.name == name).unwrap().values;
    let index = of("index");
    for row in 0..index.len() {
        let at = index.integer(row).unwrap();
        assert_eq!(
            at,
            index.integer(0).unwrap() + row as i64,
            "a gap in shot {number}"
        );
        for c in 0..CHANNELS {
            assert_eq!(
                of(&format!("p{c}")).integer(row),
                Some(i64::from(code(at, c)))
            );
        }
    }
    Some((index.integer(0)?, index.integer(index.len() - 1)?))
}

#[test]
fn kill_dash_nine_costs_at_most_a_second_and_no_finished_shot() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let kills = if std::env::var_os("MOLDSIGHT_PROVE").is_some() {
        100
    } else {
        5
    };
    let mut random = 0x9E37_79B9_u64 ^ u64::from(std::process::id());
    let mut known = BTreeMap::new();
    let (mut slowest, mut worst, mut interrupted) = (Duration::ZERO, 0, 0);
    for kill in 0..kills {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let after = Duration::from_millis(400 + (random >> 33) % 2200);
        let (said, killed) = record_and_kill(folder.path(), after);

        // WHEN the box comes back
        let reopened = Instant::now();
        let (recorder, _handle) = Recorder::open(settings.clone(), reopened).unwrap();
        slowest = slowest.max(reopened.elapsed());
        while recorder.health().waiting_shots > 0 || recorder.health().segments > 2 {
            assert!(
                reopened.elapsed() < Duration::from_secs(20),
                "{:?}",
                recorder.health()
            );
            std::thread::sleep(Duration::from_millis(5));
        }

        // THEN every finished shot is there, whole
        let book = recorder.book();
        let a_second_ago = killed - Duration::from_secs(1);
        let old = said.ended.iter().filter(|(_, at)| *at < a_second_ago);
        for number in said.proven.iter().chain(old.map(|(number, _)| number)) {
            let shot = book.shot(*number).unwrap();
            assert_eq!(shot.interrupted, None, "kill {kill}: {said:?}");
            let (first, last) = rows_of(&book, *number).unwrap();
            assert!(
                last - first + 1 >= SHOT * ROWS,
                "kill {kill}: shot {number} is short"
            );
            assert_eq!(shot.lost_samples, 0);
        }
        // AND of the shot that was going on at most a second is missing
        if let Some(open) = said.open
            && said.rows > RATE
        {
            let last = rows_of(&book, open).map_or(0, |(_, last)| last);
            worst = worst.max(said.rows - 1 - last);
            if let Ok(shot) = book.shot(open) {
                assert!(shot.interrupted.is_some());
                interrupted += 1;
            }
        }
        // AND what was recorded before is as it was
        for (number, sha) in &known {
            assert_eq!(&book.shot(*number).unwrap(), sha, "shot {number} changed");
        }
        for shot in book.shots(&ShotFilter::default(), 10_000).unwrap() {
            known.insert(shot.number, shot);
        }
        recorder.close();
    }
    println!(
        "{kills} kills: {} shots, {interrupted} of them cut off; at most {:.0} ms of raw data lost, \
         slowest reopening {:.1} ms",
        known.len(),
        worst as f64 * 1000.0 / RATE as f64,
        slowest.as_secs_f64() * 1e3,
    );
    assert!(worst <= RATE, "{worst} rows lost");
    assert!(slowest < Duration::from_secs(2));
    assert!(known.len() >= kills / 2);
}
