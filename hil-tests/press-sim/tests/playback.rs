//! A recording is played as it was measured, between pauses, one after the other.

use hil_press_sim::live::Source;
use hil_press_sim::playback::Playback;

const FILES: [&str; 2] = [
    "../../models/measured/ps_shot_02.csv",
    "../../models/measured/ps_shot_05.csv",
];

#[test]
fn a_played_shot_is_the_recording_after_a_pause_at_rest() {
    let sensors = ["p1".to_owned(), "p3".to_owned()];
    let mut playback = Playback::open(&FILES, &sensors, 2.0).expect("sound recordings");
    let course = playback.next(0.0).expect("a course");
    let value = |track: usize, t: f64| course.tracks[track].value(t, &mut 0);
    assert!((value(0, 1.5) - 0.1).abs() < 1e-12);
    // Lines 3 and 4 of the file, and half way between them.
    assert!((value(0, 2.01) - 0.346_522).abs() < 1e-9);
    assert!((value(0, 2.015) - 0.5 * (0.346_522 + 0.596_815)).abs() < 1e-9);
    assert!((value(1, 2.10) - 0.147_938).abs() < 1e-9);
    assert!((value(0, course.duration_s) - 0.1).abs() < 1e-12);
    let second = playback.next(0.0).expect("a course");
    assert_ne!(second.tracks[0].values, course.tracks[0].values);
    let third = playback.next(0.0).expect("a course");
    assert_eq!(third.tracks[0].values, course.tracks[0].values);
}

#[test]
fn a_sensor_the_recording_lacks_is_named() {
    let error = Playback::open(&FILES, &["p9".to_owned()], 2.0).expect_err("no such column");
    assert!(error.to_string().contains("p9_pa"), "{error}");
}
