//! The same as the kill, on a disk that forgets what was not synced: in virtual time, cut by cut,
//! with torn and garbled tails.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use appliance_recorder::archive::Archive;
use appliance_recorder::book::curves::CurveFile;
use appliance_recorder::front::{Front, Work};
use appliance_recorder::recorder::resume;
use appliance_recorder::storage::{Disk, FileLayer};
use appliance_recorder::{
    Book, Reason, RecordingState, Settings, ShotFilter, ShotRow, TrendOf, WallTime,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::plug::{Lie, Plug};
use support::*;

/// A box in virtual time: one step is a block, 10 ms.
struct Rig {
    disk: Plug,
    settings: Settings,
    book: Book,
    front: Front,
    archive: Archive,
    /// Work the archive has been asked for and has not done.
    work: Vec<Work>,
    k: i64,
    wall_ms: i64,
    /// Finished shots that the front says are proven: number, first and last row.
    proven: BTreeMap<u64, (i64, i64)>,
    begun_at: i64,
}

fn settings(folder: PathBuf) -> Settings {
    Settings {
        pre_trigger: Duration::from_millis(100),
        segment_bytes: 16 << 10,
        unsynced_bytes: 256 << 10,
        ..Settings::in_folder(folder)
    }
}

impl Rig {
    fn new(settings: Settings) -> Self {
        let disk = Plug::default();
        let layer: Arc<dyn FileLayer> = Arc::new(disk.clone());
        std::fs::create_dir_all(&settings.folder).unwrap();
        let book = Book::on(Arc::clone(&layer), &settings);
        let (front, _) = resume(&layer, &settings, &book);
        let archive = Archive::new(layer, &settings);
        let mut new = Self {
            disk,
            settings,
            book,
            front,
            archive,
            work: Vec::new(),
            k: 0,
            wall_ms: 1_700_000_000_000,
            proven: BTreeMap::new(),
            begun_at: 0,
        };
        new.greet();
        new
    }

    fn greet(&mut self) {
        self.front.channels(table());
        self.front.estimate_columns(columns());
    }

    fn now(&self) -> i64 {
        self.k * BLOCK_NS
    }

    fn wall(&self) -> WallTime {
        WallTime::from_ms(self.wall_ms + self.now() / 1_000_000)
    }

    fn step(&mut self) {
        let payload = block(self.k, |b| postcard::to_allocvec(b).unwrap());
        self.k += 1;
        let (now, wall) = (self.now(), self.wall());
        self.front.block(&payload);
        let row = estimate(now, |e| postcard::to_allocvec(e).unwrap());
        self.front.estimate(&row);
        self.front.tick(wall, now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(work) = self.front.work() {
            self.work.push(work);
        }
    }

    fn steps(&mut self, n: i64) {
        for _ in 0..n {
            self.step();
        }
    }

    fn begin(&mut self) -> u64 {
        let number = self.front.next_shot();
        let (now, wall) = (self.now(), self.wall());
        self.front.begin_shot(number, context("lot"), wall, now);
        self.begun_at = self.k;
        number
    }

    fn end(&mut self) {
        let Some(number) = self.front.open_shot() else {
            return;
        };
        let (now, wall) = (self.now(), self.wall());
        if self.front.end_shot(summary(number as f64), wall, now) {
            let rows = (self.begun_at * ROWS, self.k * ROWS - 1);
            self.proven.insert(number, rows);
        }
    }

    fn shot(&mut self, blocks: i64) -> u64 {
        let number = self.begin();
        self.steps(blocks);
        self.end();
        number
    }

    /// The archive does at most `most` pieces of work.
    fn archive(&mut self, most: usize) {
        self.collect();
        for _ in 0..most {
            if self.work.is_empty() {
                return;
            }
            match self.archive.step(&self.work[0]) {
                Ok(done) => {
                    self.front.done(done);
                    self.work.remove(0);
                }
                Err(_) => return,
            }
        }
    }

    fn come_back(&mut self) {
        let layer: Arc<dyn FileLayer> = Arc::new(self.disk.clone());
        let (front, report) = resume(&layer, &self.settings, &self.book);
        assert!(report.damage.is_empty(), "{report:?}");
        self.front = front;
        self.work.clear();
        self.greet();
        self.step();
        self.archive(usize::MAX);
        assert!(self.work.is_empty());
    }

    fn rows(&self, number: u64) -> Option<(i64, i64)> {
        let (_, file) = self.book.curve_file(number, CurveFile::Raw).ok()?;
        let group = &file.groups[0];
        let of = |name: &str| &group.iter().find(|c| c.name == name).unwrap().values;
        let index = of("index");
        let first = index.integer(0)?;
        for row in 0..index.len() {
            let at = first + row as i64;
            assert_eq!(index.integer(row), Some(at), "a gap in shot {number}");
            for c in 0..CHANNELS {
                let found = of(&format!("p{c}")).integer(row);
                assert_eq!(found, Some(i64::from(code(at, c))));
            }
        }
        Some((first, index.integer(index.len() - 1)?))
    }

    fn stored(&self) -> BTreeMap<u64, ShotRow> {
        let all = self.book.shots(&ShotFilter::default(), 10_000).unwrap();
        all.into_iter().map(|s| (s.number, s)).collect()
    }
}

#[derive(Clone, Debug)]
enum Act {
    Steps(i64),
    Begin,
    End,
    Archive(usize),
    Cut { kept: f64, garbled: bool },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..90_i64).prop_map(Act::Steps),
        3 => Just(Act::Begin),
        3 => Just(Act::End),
        2 => (1..3_usize).prop_map(Act::Archive),
        1 => (prop_oneof![Just(0.0), 0.0..1.0_f64], any::<bool>())
            .prop_map(|(kept, garbled)| Act::Cut { kept, garbled }),
    ]
}

fn cases() -> u32 {
    if std::env::var_os("MOLDSIGHT_PROVE").is_some() {
        200
    } else {
        24
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, a cut takes no finished shot and at most a second.
    #[test]
    fn a_cut_takes_no_finished_shot(acts in proptest::collection::vec(act(), 10..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut it = Rig::new(settings(folder.path().join("records")));
        let mut stored: BTreeMap<u64, ShotRow> = BTreeMap::new();
        for act in acts.into_iter().chain([Act::Cut { kept: 0.0, garbled: false }]) {
            match act {
                Act::Steps(n) => it.steps(n),
                Act::Begin => { it.begin(); }
                Act::End => it.end(),
                Act::Archive(most) => it.archive(most),
                Act::Cut { kept, garbled } => {
                    let open = it.front.open_shot();
                    it.disk.pull(kept, garbled);
                    let end = it.k * ROWS - 1;
                    it.come_back();
                    for (&number, &(first, last)) in &it.proven {
                        let shot = it.book.shot(number).unwrap();
                        prop_assert_eq!(shot.interrupted, None);
                        // A shot may end before any row came.
                        if last < first {
                            continue;
                        }
                        let (from, to) = it.rows(number).unwrap();
                        prop_assert!(from <= first && to >= last, "{}..{} of {}..{}", from, to, first, last);
                    }
                    if let Some(open) = open {
                        prop_assert!(it.book.shot(open).unwrap().interrupted.is_some());
                        if let Some((_, last)) = it.rows(open) {
                            prop_assert!(end - last <= RATE);
                        }
                    }
                    let now = it.stored();
                    for (number, shot) in &stored {
                        prop_assert_eq!(now.get(number), Some(shot), "a shot changed");
                    }
                    stored = now;
                }
            }
        }
    }
}

/// The story above can fail: it does on a disk that lies, in the log and in the archive alike.
#[test]
fn a_disk_that_lies_about_syncs_loses_finished_shots() {
    for (lie, archived) in [
        (Lie::Content, false),
        (Lie::Names, false),
        (Lie::Content, true),
        (Lie::Names, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut it = Rig::new(settings(folder.path().join("records")));
        it.disk.lie(lie);
        let number = it.shot(60);
        assert!(it.proven.contains_key(&number));
        if archived {
            it.archive(usize::MAX);
        }
        it.disk.pull(0.0, false);
        it.come_back();
        let found = it.book.shot(number).ok().and_then(|_| it.rows(number));
        assert_eq!(found, None, "{lie:?}, archived: {archived}");
    }
}

#[test]
fn a_full_disk_costs_raw_codes_only_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    it.shot(60);
    let during = it.begin();
    it.steps(20);
    it.disk.refuse(Some(io::ErrorKind::StorageFull));
    it.steps(70);
    assert!(
        matches!(
            &it.front.health().state,
            RecordingState::Delayed {
                reason: Reason::DiskFull,
                ..
            }
        ),
        "{:?}",
        it.front.health()
    );
    // The memory for what waits is 256 KiB: a minute is too much for it.
    it.steps(6000);
    assert!(
        matches!(
            &it.front.health().state,
            RecordingState::Losing {
                reason: Reason::DiskFull,
                ..
            }
        ),
        "{:?}",
        it.front.health()
    );
    it.end();
    let second = it.shot(50);
    assert!(!it.proven.contains_key(&during));

    // WHEN there is room again
    it.disk.refuse(None);
    it.steps(1200);
    it.archive(usize::MAX);

    // THEN both shots are there with what was left, and the loss is written down
    assert_eq!(it.front.health().state, RecordingState::Recording);
    for number in [during, second] {
        let shot = it.book.shot(number).unwrap();
        assert_eq!(shot.interrupted, None);
        assert_eq!(shot.features["part_mass_g"], number as f64);
    }
    let shot = it.book.shot(during).unwrap();
    assert!(shot.lost_blocks > 4000, "{}", shot.lost_blocks);
    assert!(shot.lost_samples > 4000 * ROWS as u64);
    assert_eq!(shot.lost_blocks, it.front.health().dropped.blocks);
}

#[test]
fn a_read_only_disk_at_the_start_is_named_and_recording_begins_once_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    it.disk.refuse(Some(io::ErrorKind::ReadOnlyFilesystem));
    it.shot(100);
    assert!(matches!(
        &it.front.health().state,
        RecordingState::Delayed {
            reason: Reason::ReadOnly,
            ..
        }
    ));
    it.disk.refuse(None);
    it.steps(200);
    it.archive(usize::MAX);
    assert_eq!(it.stored().len(), 1);
}

#[test]
fn a_clock_set_back_a_day_is_recorded_and_changes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    let first = it.shot(50);
    it.steps(10);
    it.wall_ms -= 86_400_000;
    let second = it.shot(50);
    it.archive(usize::MAX);
    // A restart with the clock set back once more.
    it.wall_ms -= 86_400_000;
    it.disk.pull(0.0, false);
    it.come_back();
    let third = it.shot(50);
    it.archive(usize::MAX);
    assert!(first < second && second < third);
    let stored = it.stored();
    assert_eq!(stored.len(), 3);
    assert_eq!(stored[&first].clock_step_ms, None);
    assert_eq!(stored[&second].clock_step_ms, Some(-86_400_000));
    let step = stored[&third].clock_step_ms.unwrap();
    assert!((-86_400_000..-86_300_000).contains(&step), "{step}");
    assert_eq!(it.front.health().clock_step_ms, Some(step));
    assert!((stored[&second].duration_s.unwrap() - 0.5).abs() < 0.02);
}

#[test]
fn a_lost_book_or_a_lost_log_never_gives_a_number_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    let before: Vec<u64> = (0..3).map(|_| it.shot(30)).collect();
    it.steps(100);
    it.archive(usize::MAX);
    it.steps(100);

    // WHEN the book is gone the log knows the numbers
    let book = it.settings.book_file();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", book.display()));
    }
    let layer: Arc<dyn FileLayer> = Arc::new(it.disk.clone());
    it.book = Book::on(Arc::clone(&layer), &it.settings);
    it.archive = Archive::new(layer, &it.settings);
    it.come_back();
    let fourth = it.shot(30);
    assert!(fourth > before[2]);
    it.archive(usize::MAX);

    // WHEN the log is gone the book does
    for name in it.disk.names() {
        if name.starts_with(it.settings.log_dir()) {
            it.disk.remove(&name).unwrap();
        }
    }
    it.come_back();
    assert!(it.shot(30) > fourth);
}

#[test]
fn a_shot_that_was_there_first_keeps_its_number_and_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    for _ in 0..3 {
        it.shot(30);
    }
    it.archive(usize::MAX);
    let before = it.stored();
    let rows = it.rows(1);
    // WHEN the log is lost and the book cannot be read at the start
    for name in it.disk.names() {
        if name.starts_with(it.settings.log_dir()) {
            it.disk.remove(&name).unwrap();
        }
    }
    let layer: Arc<dyn FileLayer> = Arc::new(it.disk.clone());
    let nowhere = settings(folder.path().join("nowhere"));
    it.front = resume(
        &layer,
        &it.settings,
        &Book::on(Arc::clone(&layer), &nowhere),
    )
    .0;
    it.greet();
    it.k += 1000;
    assert_eq!(it.shot(30), 1);
    it.archive(usize::MAX);
    // THEN the new shot gets the next number that is free, once
    let after = it.stored();
    assert_eq!(after.len(), 4);
    assert_eq!(after[&4].notes["recorded_as"], "1");
    assert!(before.iter().all(|(number, shot)| after[number] == *shot));
    assert_eq!(it.rows(1), rows);
    assert!(it.rows(4) > rows);
    it.disk.pull(0.0, false);
    it.come_back();
    assert_eq!(it.stored(), after);
}

#[test]
fn the_oldest_curves_go_first_and_labels_never() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    for _ in 0..8 {
        it.shot(60);
        it.archive(usize::MAX);
    }
    let stored = it.book.curve_bytes().unwrap();
    for number in 1..=8 {
        it.book.label(number, "weight", 11.6, "g", "kim").unwrap();
    }
    // WHEN the budget is a half of that
    it.settings.raw_bytes = stored / 2;
    let layer: Arc<dyn FileLayer> = Arc::new(it.disk.clone());
    it.archive = Archive::new(Arc::clone(&layer), &it.settings);
    it.shot(60);
    it.archive(usize::MAX);
    // THEN the oldest raw codes are gone, and what is left is the newest
    let gone: Vec<u64> = it
        .stored()
        .values()
        .filter(|s| s.raw_removed)
        .map(|s| s.number)
        .collect();
    assert!(!gone.is_empty() && gone.len() < 9);
    assert_eq!(gone, (1..=gone.len() as u64).collect::<Vec<_>>());
    assert!(it.book.shot_curves(1, 100).unwrap().measured.is_empty());
    assert!(!it.book.shot_curves(1, 100).unwrap().estimated.is_empty());
    assert!(!it.book.shot_curves(9, 100).unwrap().measured.is_empty());
    // WHEN the disk is nearly full
    it.disk.set_free(1 << 20);
    it.shot(60);
    it.archive(usize::MAX);
    // THEN all older curves are gone, and no row and no label
    let stored = it.stored();
    assert_eq!(stored.len(), 10);
    assert!(
        stored
            .values()
            .filter(|s| s.number < 10)
            .all(|s| s.raw_removed && s.estimate_removed)
    );
    assert!(!stored[&10].raw_removed);
    assert_eq!(it.book.labels(1, 10).unwrap().len(), 8);
    assert_eq!(
        it.book
            .trend(TrendOf::Feature, "part_mass_g", &ShotFilter::default(), 100)
            .unwrap()
            .len(),
        10
    );
    let curves = it
        .disk
        .names()
        .into_iter()
        .filter(|n| n.to_string_lossy().ends_with(".parquet"));
    assert_eq!(curves.count(), 2);
}

/// The longest log there may be, on a real disk; only with `MOLDSIGHT_PROVE=1`.
#[test]
fn a_full_log_is_read_in_two_seconds() {
    if std::env::var_os("MOLDSIGHT_PROVE").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::in_folder(folder.path().to_owned());
    let layer: Arc<dyn FileLayer> = Arc::new(Disk);
    let nowhere = Book::on(Arc::clone(&layer), &Settings::in_folder("/nowhere".into()));
    let (mut front, _) = resume(&layer, &settings, &nowhere);
    front.channels(table());
    let wall = WallTime::from_ms(0);
    let payload = block(0, |b| postcard::to_allocvec(b).unwrap());
    for k in 0.. {
        let now = k * BLOCK_NS;
        if k % 1000 == 0 {
            front.tick(wall, now);
            front.begin_shot(0, context("A"), wall, now);
        }
        front.block(&payload);
        if front.health().dropped.blocks > 0 {
            break;
        }
    }
    front.sync();
    let bytes = front.health().log_bytes;
    drop(front);
    let start = Instant::now();
    let (_, report) = resume(&layer, &settings, &nowhere);
    let took = start.elapsed();
    println!(
        "{} MiB of log read in {:.2} s",
        bytes >> 20,
        took.as_secs_f64()
    );
    // It is full when the next block has no room.
    assert!(report.bytes > settings.log_bytes / 100 * 99 && report.damage.is_empty());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_changed_byte_in_a_file_of_curves_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut it = Rig::new(settings(folder.path().join("records")));
    let number = it.shot(60);
    it.archive(usize::MAX);
    let file = it
        .book
        .path(&it.book.shot(number).unwrap().raw_file.unwrap());
    it.disk.damage(&file);
    let error = it.book.shot_curves(number, 100).unwrap_err();
    assert!(error.to_string().contains("changed on the disk"), "{error}");
}

#[test]
fn a_book_that_cannot_be_written_delays_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path().join("records"));
    // A folder stands where the book should be.
    std::fs::create_dir_all(settings.book_file()).unwrap();
    let mut it = Rig::new(settings);
    it.shot(60);
    it.archive(usize::MAX);
    assert_eq!(it.work.len(), 1);
    assert!(it.book.shot(1).is_err());
    std::fs::remove_dir(it.settings.book_file()).unwrap();
    it.archive(usize::MAX);
    assert!(it.work.is_empty());
    assert_eq!(it.stored().len(), 1);
}
