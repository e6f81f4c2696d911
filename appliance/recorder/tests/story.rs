//! The recorder as its users meet it: handle in front, book behind, a folder out.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use appliance_recorder::storage::FileLayer;
use appliance_recorder::{
    AuditCheck, Book, EntryKind, ExportFormat, ExportRange, NewEntry, Reason, Recorder,
    RecorderError, RecordingState, Settings, ShotFilter, TrendOf, Verdict, WallTime, columns,
    export,
};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::plug::Plug;
use support::*;

fn settings(folder: &Path) -> Settings {
    Settings {
        pre_trigger: Duration::from_millis(100),
        ..Settings::in_folder(folder.join("records"))
    }
}

/// Records shots of half a second as fast as it goes, and waits until they are stored.
fn record(settings: &Settings, shots: usize) -> Recorder {
    let (recorder, mut handle) = Recorder::open(settings.clone(), Instant::now()).unwrap();
    handle.channels(&table());
    handle.estimate_columns(&columns());
    let mut k = 0;
    for shot in 0..shots {
        for step in 0..60 {
            let at = (k + 1) * BLOCK_NS;
            match step {
                5 => {
                    handle.shot_begin(&context(if shot < 2 { "A" } else { "B" }), at);
                }
                20 => handle.event("node-gap", "node A1", "센서가 20 ms 동안 조용했습니다.", at),
                30 => handle.context("cavity", "2"),
                55 => handle.shot_end(&summary(10.0 + shot as f64), at),
                _ => {}
            }
            block(k, |b| handle.samples(b));
            estimate(at, |e| handle.estimate(e));
            k += 1;
        }
        wait(&recorder, |r| {
            r.health().last_finished.is_some_and(|n| n as usize > shot)
        });
    }
    wait(&recorder, |r| r.health().waiting_shots == 0);
    recorder
}

fn wait(recorder: &Recorder, until: impl Fn(&Recorder) -> bool) {
    let start = Instant::now();
    while !until(recorder) {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            recorder.health()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_shot_that_is_judged_when_the_next_runs_already_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (recorder, mut handle) = Recorder::open(settings.clone(), Instant::now()).unwrap();
    handle.channels(&table());
    handle.estimate_columns(&columns());
    // GIVEN a shot whose results are late
    let first = handle.shot_begin(&context("A"), BLOCK_NS);
    for k in 0..40 {
        block(k, |b| handle.samples(b));
        estimate(k * BLOCK_NS, |e| handle.estimate(e));
    }
    handle.shot_over(40 * BLOCK_NS);
    let second = handle.shot_begin(&context("A"), 60 * BLOCK_NS);
    block(60, |b| handle.samples(b));
    // WHEN they come, and then what the press says
    handle.shot_result(first, &summary(10.0), true);
    handle.context_of(first, "press_mode", "automatic");
    wait(&recorder, |r| r.health().last_finished == Some(first));
    assert!(recorder.book().shot(first).is_err(), "more is to come");
    handle.context_of(first, "press_data", r#"{"cushion_stroke_mm": 4.5}"#);
    handle.shot_settled(first);
    // THEN it is a whole shot that ended when it did, and the next is still open
    wait(&recorder, |r| r.health().waiting_shots == 0);
    let shot = recorder.book().shot(first).unwrap();
    assert_eq!((shot.interrupted, shot.verdict), (None, Verdict::Good));
    assert_eq!(shot.duration_s, Some(39.0 * BLOCK_NS as f64 * 1e-9));
    assert_eq!(shot.notes["press_mode"], "automatic");
    assert!(shot.notes["press_data"].contains("4.5"));
    assert_eq!(recorder.health().open_shot, Some(second));
    // AND one that nobody ever judged is kept as such
    handle.shot_over(80 * BLOCK_NS);
    wait(&recorder, |r| r.health().open_shot.is_none());
    let book = recorder.book();
    recorder.close();
    let shot = book.shot(second).unwrap();
    assert_eq!(shot.interrupted.as_deref(), Some("nobody judged it"));
    // AND an export has a column for each thing the press said
    let out = folder.path().join("export");
    let range = ExportRange::Shots {
        first,
        last: second,
    };
    export(&book, range, ExportFormat::Csv, &out).unwrap();
    let text = std::fs::read_to_string(out.join("shots.csv")).unwrap();
    let head = text.lines().next().unwrap();
    for column in ["press_mode", "press.cushion_stroke_mm", "recipe.hold_mpa"] {
        assert!(head.contains(column), "{column} in {head}");
    }
    let about = std::fs::read_to_string(out.join("dictionary.json")).unwrap();
    assert!(about.contains("press.cushion_stroke_mm"));
}

#[test]
fn what_follows_an_end_is_found_after_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (recorder, mut handle) = Recorder::open(settings.clone(), Instant::now()).unwrap();
    let number = handle.shot_begin(&context("A"), BLOCK_NS);
    handle.shot_over(40 * BLOCK_NS);
    handle.shot_result(number, &summary(10.0), true);
    handle.context_of(number, "press_mode", "manual");
    wait(&recorder, |r| r.health().last_finished == Some(number));
    wait(&recorder, |r| r.health().unsynced_bytes == 0);
    // WHEN the plug is pulled before the press has said more: the folder as it is now
    let copy = folder.path().join("copy");
    let copied = Settings {
        folder: copy.clone(),
        ..settings.clone()
    };
    std::fs::create_dir_all(copied.log_dir()).unwrap();
    for entry in std::fs::read_dir(settings.log_dir()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copied.log_dir().join(entry.file_name())).unwrap();
    }
    // THEN the shot is whole, with what was said until then
    let (after, _handle) = Recorder::open(copied, Instant::now()).unwrap();
    assert_eq!(after.recovery().finished, [number]);
    wait(&after, |r| r.health().waiting_shots == 0);
    let shot = after.book().shot(number).unwrap();
    assert_eq!(shot.interrupted, None);
    assert_eq!(shot.notes["press_mode"], "manual");
}

#[test]
fn a_shot_is_found_again_with_everything_that_belongs_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = record(&settings(folder.path()), 3);
    let health = recorder.health();
    assert_eq!(health.state, RecordingState::Recording);
    assert_eq!(
        health.dropped.blocks + health.dropped.estimates + health.dropped.others,
        0
    );
    let book = recorder.book();

    // newest first, by lot, by verdict, page by page
    let all = book.shots(&ShotFilter::default(), 10).unwrap();
    assert_eq!(all.iter().map(|s| s.number).collect::<Vec<_>>(), [3, 2, 1]);
    let of = |filter: ShotFilter| {
        let shots = book.shots(&filter, 2).unwrap();
        assert!(book.count_shots(&filter).unwrap() >= shots.len() as u64);
        shots.iter().map(|s| s.number).collect::<Vec<_>>()
    };
    assert_eq!(
        of(ShotFilter {
            lot: Some("A".into()),
            ..Default::default()
        }),
        [2, 1]
    );
    assert_eq!(
        of(ShotFilter {
            last: Some(2),
            ..Default::default()
        }),
        [2, 1]
    );
    let none = Vec::<u64>::new();
    assert_eq!(
        of(ShotFilter {
            verdict: Some(Verdict::Reject),
            ..Default::default()
        }),
        none
    );
    assert_eq!(
        of(ShotFilter {
            until: Some(all[2].began),
            ..Default::default()
        }),
        none
    );

    let shot = book.shot(2).unwrap();
    assert_eq!((shot.mold.as_str(), shot.lot.as_str()), ("plate-ps", "A"));
    assert_eq!(shot.features["part_mass_g"], 11.0);
    assert!(!shot.features.contains_key("nothing_k"));
    assert_eq!(shot.latents["viscosity_pa_s"].value, 131.0);
    assert_eq!(shot.notes["cavity"], "2");
    assert_eq!(shot.recipe["hold_mpa"], 40.0);
    assert_eq!(book.events(Some(2), 10).unwrap().len(), 1);
    assert!(matches!(book.shot(99), Err(RecorderError::NoSuchShot(99))));

    // curves: measured in units, estimated with bands, thin and whole
    let whole = book.whole_curves(2).unwrap();
    assert_eq!(whole.measured.len(), CHANNELS);
    let p1 = &whole.measured[1];
    assert_eq!((p1.name.as_str(), p1.unit.as_str()), ("p1", "Pa"));
    let begun = 66 * BLOCK_NS;
    for (t, value) in p1.time_s.iter().zip(&p1.value) {
        let index = ((t * 1e9).round() as i64 + begun) * RATE / 1_000_000_000;
        let expected = f64::from(code(index, 1)) * 50.0 + 1e5;
        assert!((value.unwrap() - expected).abs() < 1e-6);
    }
    let span = (p1.time_s[0], *p1.time_s.last().unwrap());
    // The block that is handed over after the end may find the shot closed.
    assert!(span.0 < -0.09 && span.1 > 0.48, "{span:?}");
    let thin = book.shot_curves(2, 100).unwrap();
    assert!(thin.measured[0].time_s.len() <= 100);
    let v1 = &whole.estimated[0];
    assert_eq!(v1.sd.len(), v1.time_s.len());
    assert!(v1.time_s.len() >= 50);
    assert_eq!(whole.innovations[0].name, "p0");

    // trends
    let trend = |of, name: &str| {
        let points = book.trend(of, name, &ShotFilter::default(), 2).unwrap();
        points
            .iter()
            .map(|p| (p.number, p.value, p.sd))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        trend(TrendOf::Feature, "part_mass_g"),
        [(2, 11.0, None), (3, 12.0, None)]
    );
    assert_eq!(
        trend(TrendOf::Latent, "viscosity_pa_s"),
        [(2, 131.0, Some(0.01)), (3, 132.0, Some(0.01))]
    );
    book.label(1, "weight", 9.0, "g", "kim").unwrap();
    book.label(1, "weight", 9.9, "g", "kim").unwrap();
    assert_eq!(trend(TrendOf::Label, "weight"), [(1, 9.9, None)]);
    assert_eq!(trend(TrendOf::Feature, "x\") --"), []);
    assert!(book.label(99, "weight", 9.9, "g", "kim").is_err());
    assert!(book.label(1, "weight", f64::NAN, "g", "kim").is_err());
}

#[test]
fn a_restart_goes_on_counting() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    record(&settings, 2).close();
    let recorder = record_one_more(&settings);
    assert!(recorder.recovery().damage.is_empty());
    let all = recorder.book().shots(&ShotFilter::default(), 10).unwrap();
    assert_eq!(all.iter().map(|s| s.number).collect::<Vec<_>>(), [3, 2, 1]);
    // A shot that was open at a clean end is kept and says so.
    let said = all[0].interrupted.as_deref();
    assert_eq!(said, Some("the box was shut down"));
}

fn record_one_more(settings: &Settings) -> Recorder {
    let (recorder, mut handle) = Recorder::open(settings.clone(), Instant::now()).unwrap();
    assert_eq!(handle.shot_begin(&context("C"), 0), 3);
    let second = Recorder::open(settings.clone(), Instant::now());
    assert!(matches!(second, Err(RecorderError::InUse(_))));
    recorder.close();
    Recorder::open(settings.clone(), Instant::now()).unwrap().0
}

#[test]
fn a_disk_that_hangs_never_holds_up_the_tick_thread() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Plug::default();
    let layer: Arc<dyn FileLayer> = Arc::new(disk.clone());
    let settings = Settings {
        queue_bytes: 1 << 21,
        ..settings(folder.path())
    };
    std::fs::create_dir_all(&settings.folder).unwrap();
    let start = Instant::now();
    let (recorder, mut handle) = Recorder::open_on(layer, settings, start).unwrap();
    handle.channels(&table());
    handle.shot_begin(&context("A"), 0);
    wait(&recorder, |r| r.health().open_shot == Some(1));
    // WHEN every sync hangs and ten times more comes than the queue takes
    disk.hang(true);
    std::thread::sleep(Duration::from_millis(600));
    let (mut slowest, mut slow) = (Duration::ZERO, 0);
    let mut sent = 0;
    for k in 0..100_000 {
        block(k, |b| {
            let before = Instant::now();
            handle.samples(b);
            let took = before.elapsed();
            slowest = slowest.max(took);
            slow += usize::from(took > Duration::from_millis(1));
        });
        sent += 1;
    }
    handle.shot_end(&summary(10.0), 100 * BLOCK_NS);
    // The operating system may take the core away at any time, but no call waited for the disk.
    assert!(slowest < start.elapsed() / 2, "{slowest:?}");
    assert!(slow < 200, "{slow} calls took more than a millisecond");
    // THEN, once it goes on, the loss is counted and shown, and the shot has its end
    disk.hang(false);
    wait(&recorder, |r| r.health().last_finished == Some(1));
    wait(&recorder, |r| r.health().waiting_shots == 0);
    let health = recorder.health();
    assert!(
        health.dropped.blocks > 10_000 && health.dropped.blocks < sent,
        "{health:?}"
    );
    assert_eq!(health.dropped.others, 0);
    assert!(matches!(
        health.state,
        RecordingState::Losing {
            reason: Reason::TooSlow,
            ..
        }
    ));
    let shot = recorder.book().shot(1).unwrap();
    assert_eq!(shot.interrupted, None);
    assert_eq!(shot.features["part_mass_g"], 10.0);
    println!(
        "{slow} calls above 1 ms, {} of {sent} blocks dropped",
        health.dropped.blocks
    );
}

#[test]
fn a_changed_audit_names_its_first_broken_row() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::create_dir_all(&settings.folder).unwrap();
    let book = Book::new(&settings);
    for k in 0..20 {
        let place = book.audit("kim", "login", &format!("attempt {k}")).unwrap();
        assert_eq!(place, k + 1);
    }
    let AuditCheck::Whole(head) = book.verify_audit().unwrap() else {
        panic!("a whole chain is whole");
    };
    assert_eq!(head.rows, 20);
    let page = book.audit_page(Some(11), 3).unwrap();
    assert_eq!(page.iter().map(|r| r.id).collect::<Vec<_>>(), [10, 9, 8]);
    assert_eq!(book.audit_page(None, 1).unwrap()[0].hash, head.hash);

    let raw = Connection::open(settings.book_file()).unwrap();
    assert!(
        raw.execute("UPDATE audit SET who = 'lee' WHERE id = 7", [])
            .is_err()
    );
    assert!(raw.execute("DELETE FROM audit", []).is_err());
    raw.execute_batch("DROP TRIGGER audit_stays_as_it_is; DROP TRIGGER audit_stays_whole")
        .unwrap();
    let broken = |sql: &str| {
        raw.execute_batch("SAVEPOINT before").unwrap();
        raw.execute(sql, []).unwrap();
        raw.execute_batch("RELEASE before").unwrap();
        book.verify_audit().unwrap()
    };
    let expected = |id| AuditCheck::Broken { id };
    assert_eq!(
        broken("UPDATE audit SET at_ms = at_ms + 1 WHERE id = 15"),
        expected(15)
    );
    assert_eq!(broken("DELETE FROM audit WHERE id = 12"), expected(12));
    assert_eq!(
        broken("UPDATE audit SET who = 'lee' WHERE id = 7"),
        expected(7)
    );
    assert_eq!(
        broken("UPDATE audit SET detail = x'00' WHERE id = 5"),
        expected(5)
    );
    // Moving a letter from one field to the next changes the hash as well.
    let moved = "UPDATE audit SET who = 'ki', action = 'mlogin' WHERE id = 3";
    assert_eq!(broken(moved), expected(3));
}

#[test]
fn entries_and_photos_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::create_dir_all(&settings.folder).unwrap();
    let book = Book::new(&settings);
    let png = b"\x89PNG\r\n\x1a\nand so on".to_vec();
    let mut entry = NewEntry {
        who: "이순신".into(),
        kind: EntryKind::Defect,
        shot: Some(3),
        text: "싱크마크".into(),
        form: serde_json::json!({"place": "gate", "size_mm": 2.5}),
        photo: Some(png.clone()),
    };
    let id = book.enter(&entry).unwrap();
    let found = book.entries(Some(EntryKind::Defect), None, 10).unwrap();
    assert_eq!(found[0].form["size_mm"], 2.5);
    assert_eq!(book.photo(id).unwrap(), png);
    assert_eq!(book.entries(Some(EntryKind::Lot), None, 10).unwrap(), []);
    assert_eq!(book.audit_page(None, 1).unwrap()[0].action, "entry");
    entry.photo = Some(b"<svg onload=alert(1)>".to_vec());
    assert!(matches!(
        book.enter(&entry),
        Err(RecorderError::Photo { .. })
    ));
    entry.photo = None;
    let id = book.enter(&entry).unwrap();
    assert!(matches!(book.photo(id), Err(RecorderError::NoPhoto(_))));
}

/// A table of an export, either format, as texts.
fn table_of(dir: &Path, name: &str, format: ExportFormat) -> (Vec<String>, Vec<Vec<String>>) {
    match format {
        ExportFormat::Csv => {
            let mut csv = csv::Reader::from_path(dir.join(format!("{name}.csv"))).unwrap();
            let head = csv.headers().unwrap().iter().map(str::to_owned).collect();
            let rows = csv
                .records()
                .map(|r| r.unwrap().iter().map(str::to_owned).collect())
                .collect();
            (head, rows)
        }
        ExportFormat::Parquet => {
            let bytes = std::fs::read(dir.join(format!("{name}.parquet"))).unwrap();
            let file = columns::from_parquet(bytes).unwrap();
            let group = &file.groups[0];
            let rows = (0..group[0].values.len())
                .map(|row| group.iter().map(|c| c.values.text(row)).collect())
                .collect();
            (group.iter().map(|c| c.name.clone()).collect(), rows)
        }
    }
}

#[test]
fn an_export_reads_back_as_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = record(&settings(folder.path()), 3);
    let book = recorder.book();
    book.label(2, "weight", 11.62, "g", "kim").unwrap();
    book.enter(&NewEntry {
        who: "kim".into(),
        kind: EntryKind::Lot,
        shot: Some(2),
        text: "lot 2411-3, \"dried\"".into(),
        photo: Some(b"\xFF\xD8\xFFphoto".to_vec()),
        ..NewEntry::default()
    })
    .unwrap();
    let whole = book.whole_curves(2).unwrap();
    let range = ExportRange::Shots { first: 2, last: 3 };
    for format in [ExportFormat::Csv, ExportFormat::Parquet] {
        let dir = folder.path().join(format!("out-{format:?}"));
        let made = export(&book, range, format, &dir).unwrap();
        assert_eq!((made.shots, made.without_curves), (2, 0));
        let cell = |(head, rows): &(Vec<String>, Vec<Vec<String>>), row: usize, name: &str| {
            let at = head.iter().position(|h| h == name).unwrap();
            rows[row][at].clone()
        };
        let shots = table_of(&dir, "shots", format);
        assert_eq!(shots.1.len(), 2);
        assert_eq!(cell(&shots, 0, "shot"), "2");
        assert_eq!(cell(&shots, 0, "feature.part_mass_g"), "11");
        assert_eq!(cell(&shots, 0, "latent.viscosity_pa_s_sd"), "0.01");
        assert_eq!(cell(&shots, 1, "lot"), "B");
        assert_eq!(cell(&shots, 1, "curves"), "yes");
        assert_eq!(
            cell(&shots, 0, "began_utc"),
            book.shot(2).unwrap().began.to_string()
        );
        let labels = table_of(&dir, "labels", format);
        assert_eq!(cell(&labels, 0, "value"), "11.62");
        let log = table_of(&dir, "log", format);
        assert_eq!(cell(&log, 0, "text"), "lot 2411-3, \"dried\"");
        assert!(dir.join(cell(&log, 0, "photo")).is_file());
        assert_eq!(table_of(&dir, "events", format).1.len(), 2);
        let curves = table_of(&dir, "curves/000000002_measured_0", format);
        assert_eq!(curves.0, ["time_s", "p0", "p1", "p2", "p3"]);
        assert_eq!(curves.1.len(), whole.measured[0].time_s.len());
        for (row, cells) in curves.1.iter().enumerate() {
            assert_eq!(
                cells[0].parse::<f64>().unwrap(),
                whole.measured[0].time_s[row]
            );
            let p2: f64 = cells[3].parse().unwrap();
            assert_eq!(Some(p2), whole.measured[2].value[row]);
        }
        let estimates = table_of(&dir, "curves/000000003_estimated", format);
        assert_eq!(estimates.0, ["time_s", "v1", "v1_sd", "v2", "v2_sd"]);
        // The dictionary names every column of every table, with units.
        let text = std::fs::read_to_string(dir.join("dictionary.json")).unwrap();
        let dictionary: serde_json::Value = serde_json::from_str(&text).unwrap();
        let suffix = if format == ExportFormat::Csv {
            "csv"
        } else {
            "parquet"
        };
        for (file, head) in [
            ("shots", &shots.0),
            ("labels", &labels.0),
            ("log", &log.0),
            ("curves/*_measured_*", &curves.0),
            ("curves/*_estimated", &estimates.0),
        ] {
            let known = dictionary[format!("{file}.{suffix}")].as_array().unwrap();
            for name in head {
                assert!(known.iter().any(|c| c["name"] == **name), "{file}: {name}");
            }
        }
        let known = dictionary[format!("curves/*_measured_*.{suffix}")]
            .as_array()
            .unwrap();
        assert!(known.iter().any(|c| c["name"] == "p1" && c["unit"] == "Pa"));
        assert!(
            std::fs::read_to_string(dir.join("README.md"))
                .unwrap()
                .contains("`p1` | Pa")
        );
        // Nothing is left beside it, and nothing is written over.
        assert!(matches!(
            export(&book, range, format, &dir),
            Err(RecorderError::TargetNotEmpty(_))
        ));
    }
    let beside = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(beside, 3, "records and two exports");
    let today = WallTime::now().to_string()[..10].to_owned();
    let yesterday = WallTime::from_ms(WallTime::now().ms() - 86_400_000).to_string();
    let days = ExportRange::days(&yesterday[..10], &today).unwrap();
    let dir = folder.path().join("days");
    assert_eq!(
        export(&book, days, ExportFormat::Csv, &dir).unwrap().shots,
        3
    );
    let old = ExportRange::days("2001-01-01", "2001-01-02").unwrap();
    let never = folder.path().join("never");
    assert!(matches!(
        export(&book, old, ExportFormat::Csv, &never),
        Err(RecorderError::NothingToExport)
    ));
    assert!(!never.exists());
}

#[test]
fn a_book_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::create_dir_all(&settings.folder).unwrap();
    Connection::open(settings.book_file())
        .unwrap()
        .pragma_update(None, "user_version", 999)
        .unwrap();
    let error = Book::new(&settings).shot(1).unwrap_err();
    assert!(error.to_string().contains("format 999"), "{error}");
}

/// Prints what recording costs; run with `--nocapture`.
#[test]
fn figures() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (recorder, mut handle) = Recorder::open(settings, Instant::now()).unwrap();
    handle.channels(&table());
    handle.estimate_columns(&columns());
    handle.shot_begin(&context("A"), 0);
    // 15 s of 4 channels at 2 kHz, estimates at 200 Hz.
    let blocks = 1500;
    let mut spent = Duration::ZERO;
    for k in 0..blocks {
        let at = (k + 1) * BLOCK_NS;
        block(k, |b| {
            let start = Instant::now();
            handle.samples(b);
            spent += start.elapsed();
        });
        estimate(at, |e| handle.estimate(e));
        estimate(at + BLOCK_NS / 2, |e| handle.estimate(e));
        if k % 100 == 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let end = Instant::now();
    handle.shot_end(&summary(10.0), blocks * BLOCK_NS);
    wait(&recorder, |r| r.health().last_finished == Some(1));
    wait(&recorder, |r| r.health().waiting_shots == 0);
    let stored = end.elapsed();
    let shot = recorder.book().shot(1).unwrap();
    let size = |file: Option<String>| {
        std::fs::metadata(recorder.book().path(&file.unwrap()))
            .unwrap()
            .len()
    };
    let raw = (blocks * ROWS) as u64 * CHANNELS as u64 * 4;
    let start = Instant::now();
    let curves = recorder.book().shot_curves(1, 1000).unwrap();
    println!(
        "block of 20 rows x 4 channels handed over in {:.2} us; shot of 15 s stored {:.0} ms after \
         its end: raw {} kB ({:.1} times smaller), estimates {} kB; {} curves read in {:.0} ms",
        spent.as_secs_f64() * 1e6 / blocks as f64,
        stored.as_secs_f64() * 1e3,
        size(shot.raw_file.clone()) / 1000,
        raw as f64 / size(shot.raw_file) as f64,
        size(shot.estimate_file) / 1000,
        curves.measured.len() + curves.estimated.len(),
        start.elapsed().as_secs_f64() * 1e3,
    );
    assert!(stored < Duration::from_secs(5));
}
