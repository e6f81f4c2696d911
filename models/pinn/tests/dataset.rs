//! Datasets: the same seed gives the same shots, an interrupted run continues, a foreign folder is refused.
#![allow(clippy::unwrap_used)]

mod common;

use common::{options, tiny};
use models_pinn::dataset::{Dataset, Options, generate};

fn text(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", text(cause)),
        None => error.to_string(),
    }
}

#[test]
fn the_seed_fixes_every_shot_whatever_the_threads() {
    let with = |threads: usize, seed: u32| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            generate(
                &tiny(),
                &Options {
                    seed,
                    ..options(6, 0)
                },
                None,
                |_| (),
            )
        })
        .unwrap()
        .shots
    };
    let one = with(1, 7);
    assert_eq!(one.len(), 6);
    // Values that are not a number differ from themselves: compare their text.
    assert_eq!(format!("{one:?}"), format!("{:?}", with(2, 7)));
    assert_ne!(format!("{one:?}"), format!("{:?}", with(1, 8)));
}

/// A shot lies inside what it claims: pressures at the inlet are the drive, melt never leaves the physical range.
#[test]
fn shots_hold_together() {
    let data = generate(&tiny(), &options(8, 0), None, |_| ()).unwrap();
    let n = data.meta.nodes;
    for shot in data.shots.iter().filter(|s| s.is_full()) {
        assert_eq!(shot.pressure.len(), shot.tick.len() * n);
        assert_eq!(
            shot.temperature.len(),
            shot.thermal.len() * n * data.meta.layers
        );
        assert!(shot.tick.windows(2).all(|t| t[1] > t[0]));
        assert!(
            shot.tick[..shot.fill_ticks]
                .iter()
                .all(|t| *t < shot.full_at)
        );
        assert!((shot.tick[shot.fill_ticks] - shot.full_at).abs() < 1e-6);
        // Until the mold is full; later melt shrinks from the wall.
        let filling = shot.time.partition_point(|t| *t <= shot.full_at);
        assert!(
            shot.filled[..filling]
                .windows(2)
                .all(|f| f[1] >= f[0] - 1e-6)
        );
        assert!(shot.temperature.iter().all(|t| (290.0..620.0).contains(t)));
    }
}

#[test]
fn an_interrupted_run_continues_and_equals_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let mold = tiny();
    let told = std::sync::Mutex::new(Vec::new());
    let data = generate(&mold, &options(70, 0), Some(&whole), |n| {
        told.lock().unwrap().push(n)
    })
    .unwrap();
    assert_eq!(*told.lock().unwrap(), [64, 70]);
    std::fs::remove_file(whole.join("part-0001.parquet")).unwrap();
    let again = generate(&mold, &options(70, 0), Some(&whole), |_| ()).unwrap();
    let loaded = Dataset::load(&whole).unwrap();
    // Latents are kept in single precision on disk; all else is exact.
    let strip = |d: &Dataset| {
        let mut shots = d.shots.clone();
        shots
            .iter_mut()
            .for_each(|s| s.latents.iter_mut().for_each(|l| *l = f64::from(*l as f32)));
        format!("{shots:?}")
    };
    assert_eq!(strip(&data), strip(&again));
    assert_eq!(strip(&data), strip(&loaded));
}

#[test]
fn what_is_not_this_dataset_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mold = tiny();
    let own = folder.path().join("own");
    generate(&mold, &options(2, 0), Some(&own), |_| ()).unwrap();
    let refused = |mold: &models_physics::mold::Mold, options: &Options| {
        text(&generate(mold, options, Some(&own), |_| ()).unwrap_err())
    };
    assert!(refused(&mold, &options(3, 0)).contains("shots"));
    let mut changed = mold.clone();
    changed.compliance_m_per_pa *= 1.1;
    assert!(refused(&changed, &options(2, 0)).contains("changed since"));
    let part = own.join("part-0000.parquet");
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let error = text(&Dataset::load(&own).unwrap_err());
    assert!(
        error.contains("part-0000.parquet") && error.contains("delete it"),
        "{error}"
    );
    let foreign = folder.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("letter.txt"), "dear").unwrap();
    let error = text(&generate(&mold, &options(2, 0), Some(&foreign), |_| ()).unwrap_err());
    assert!(error.contains("not empty"), "{error}");
    assert_eq!(std::fs::read_dir(&foreign).unwrap().count(), 1);
}

/// Same names, same shape, other content: the seed, the first plan and a part from elsewhere.
#[test]
fn what_only_looks_like_this_dataset_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mold = tiny();
    let (own, other) = (folder.path().join("own"), folder.path().join("other"));
    generate(&mold, &options(20, 0), Some(&own), |_| ()).unwrap();
    let same = generate(&mold, &options(20, 0), Some(&own), |_| ()).unwrap();
    assert_eq!(same.shots.len() + same.failures.len(), 20);
    let other_seed = Options {
        seed: 8,
        ..options(20, 0)
    };
    let error = generate(&mold, &other_seed, Some(&own), |_| ()).unwrap_err();
    assert!(
        text(&error).contains("seed: 7 here, 8 asked for"),
        "{}",
        text(&error)
    );
    let other_share = Options {
        waveforms: 0.9,
        spread: 1.0,
        ..options(20, 0)
    };
    let told = text(&generate(&mold, &other_share, Some(&own), |_| ()).unwrap_err());
    assert!(
        told.contains("waveforms, spread: 0.3 here, 0.9 asked for, 2.2 here, 1 asked for"),
        "{told}"
    );
    // A part that lies there already, of other plans.
    let part = "part-0000.parquet";
    generate(&mold, &options(3, 40), Some(&other), |_| ()).unwrap();
    std::fs::copy(other.join(part), own.join(part)).unwrap();
    let errors = [
        generate(&mold, &options(20, 0), Some(&own), |_| ()).unwrap_err(),
        Dataset::load(&own).unwrap_err(),
    ];
    for error in errors {
        let told = text(&error);
        assert!(
            told.contains(part) && told.contains("shot 40") && told.contains("0 to 19"),
            "{told}"
        );
    }
    // A part that most shots are missing from: those failed before are counted when the run is continued.
    let few = folder.path().join("few");
    generate(&mold, &options(3, 0), Some(&few), |_| ()).unwrap();
    std::fs::copy(few.join(part), own.join(part)).unwrap();
    let told = text(&generate(&mold, &options(20, 0), Some(&own), |_| ()).unwrap_err());
    assert!(told.contains("17 of 20"), "{told}");
}

/// The sample ends where its sequence would repeat itself.
#[test]
fn shots_beyond_the_sample_are_refused() {
    let told = text(&generate(&tiny(), &options(2, 65_535), None, |_| ()).unwrap_err());
    assert!(
        told.contains("65535 to 65536") && told.contains("the last is 65535"),
        "{told}"
    );
    let last = generate(&tiny(), &options(1, 65_535), None, |_| ()).unwrap();
    assert_eq!(last.shots.len() + last.failures.len(), 1);
    assert!(generate(&tiny(), &options(u32::MAX, u32::MAX), None, |_| ()).is_err());
}

/// A run stopped while it wrote the description left nothing but that: the next one begins there.
#[test]
fn a_folder_with_an_unfinished_description_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dataset.partial"), "format = \"mol").unwrap();
    generate(&tiny(), &options(2, 0), Some(folder.path()), |_| ()).unwrap();
    assert_eq!(Dataset::load(folder.path()).unwrap().shots.len(), 2);
}

/// One bit anywhere in a part: refused, or without any effect on what is read.
#[test]
fn a_damaged_bit_never_becomes_another_number() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    generate(&tiny(), &options(3, 0), Some(&own), |_| ()).unwrap();
    let read = || Dataset::load(&own).map(|d| format!("{:?}", d.shots));
    let whole = read().unwrap();
    let part = own.join("part-0000.parquet");
    let bytes = std::fs::read(&part).unwrap();
    let mut refused = 0;
    for k in 0..60 {
        let mut damaged = bytes.clone();
        damaged[4 + (bytes.len() - 8) * k / 60] ^= 4;
        std::fs::write(&part, &damaged).unwrap();
        match read() {
            Ok(found) => assert!(found == whole, "place {k} of 60 was read as other numbers"),
            Err(error) => {
                assert!(text(&error).contains("delete it"), "{}", text(&error));
                refused += 1;
            }
        }
    }
    assert!(refused > 40, "{refused}");
}
