//! Claims about measured waveforms.
#![allow(clippy::unwrap_used)] // helpers of tests may panic

use models_physics::drive::Drive;
use proptest::prelude::*;

const GOOD: &str = "time_s,p1_pa,p2_pa\n0.00,1e5,1e5\n0.01,2e5,1.5e5\n0.02,4e5,2e5\n0.03,4e5,3e5\n";

#[test]
fn columns_and_samples() {
    let drive = Drive::from_csv(GOOD, "x.csv").unwrap();
    assert_eq!(drive.span_s(), (0.0, 0.03));
    assert_eq!(drive.column("p2").unwrap(), [1e5, 1.5e5, 2e5, 3e5]);
    assert_eq!(drive.sample("p1", 0.015).unwrap(), 3e5);
    assert_eq!(drive.sample("p1", -1.0).unwrap(), 1e5);
    assert_eq!(drive.sample("p1", 9.0).unwrap(), 4e5);
    let message = drive.column("p9").unwrap_err().to_string();
    assert_eq!(
        message,
        "x.csv: column p9_pa: missing; the file has p1_pa, p2_pa"
    );
}

#[test]
fn spaces_a_byte_order_mark_windows_line_ends_and_foreign_columns_are_read() {
    let text = "\u{feff}time_s, note, p1_pa\r\n0.0, a, 1e5\r\n0.1, , 2e5\r\n";
    let drive = Drive::from_csv(text, "x.csv").unwrap();
    assert_eq!(drive.columns, [("p1".to_owned(), vec![1e5, 2e5])]);
}

#[test]
fn a_bad_waveform_is_refused_with_file_place_and_reason() {
    let cases = [
        ("", "x.csv: line 1: the file is empty"),
        ("p1_pa\n1e5\n1e5\n", "x.csv: column time_s: missing"),
        (
            "time_s,p1\n0,1e5\n1,1e5\n",
            "x.csv: column <sensor>_pa: missing",
        ),
        (
            "time_s,p1_pa,p1_pa\n0,1,1\n1,1,1\n",
            "x.csv: column p1_pa: given twice",
        ),
        (
            "time_s,p1_pa\n",
            "x.csv: line 2: needs at least two rows of data, found 0",
        ),
        (
            "time_s,p1_pa\n0,1e5\n",
            "x.csv: line 2: needs at least two rows of data, found 1",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,NaN\n",
            "x.csv: line 3, column p1_pa: must be a finite number, found NaN",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,inf\n",
            "x.csv: line 3, column p1_pa: must be a finite number, found inf",
        ),
        (
            "time_s,p1_pa\n0,1e5\nnan,1e5\n",
            "x.csv: line 3, column time_s: must be a finite number, found NaN",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,\n",
            "x.csv: line 3, column p1_pa: empty",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1\n",
            "x.csv: line 3, column p1_pa: empty",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,high\n",
            "x.csv: line 3, column p1_pa: must be a number, found \"high\"",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,-5\n",
            "x.csv: line 3, column p1_pa: must be an absolute pressure",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,1e12\n",
            "x.csv: line 3, column p1_pa: must be an absolute pressure",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.2,1e5\n0.1,1e5\n",
            "x.csv: line 4, column time_s: must rise, found 0.1 after 0.2",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,1e5\n0.1,2e5\n",
            "x.csv: line 4, column time_s: time 0.1 is given twice",
        ),
        (
            "time_s,p1_pa\n0,1e5\n0.1,1e5\n0.2,2e5\n0.9,2e5\n1.0,2e5\n",
            "x.csv: line 5, column time_s: gap from 0.2 to 0.9 s where the usual step is 0.1",
        ),
    ];
    for (text, expected) in cases {
        let message = Drive::from_csv(text, "x.csv").unwrap_err().to_string();
        assert!(message.starts_with(expected), "{text:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let message = Drive::load("no/such.csv").unwrap_err().to_string();
    assert!(message.starts_with("no/such.csv: "), "{message}");
}

proptest! {
    #[test]
    fn garbage_never_panics(text in "\\PC*") {
        let _ = Drive::from_csv(&text, "x.csv");
        let _ = Drive::from_csv(&format!("time_s,p1_pa\n{text}"), "x.csv");
        let _ = Drive::from_csv(&format!("{GOOD}{text}"), "x.csv");
    }

    /// A follower at any times gives what a search from scratch gives.
    #[test]
    fn following_is_sampling(times in prop::collection::vec(-0.01..0.05f64, 1..40)) {
        let drive = Drive::from_csv(GOOD, "x.csv").unwrap();
        let mut follower = drive.follow("p1").unwrap();
        for t in times {
            prop_assert_eq!(follower.at_or_end(t), drive.sample("p1", t).unwrap());
        }
    }
}
