//! A calibration is believed only when it is whole.

use appliance_acquire::AcquireError;
use appliance_acquire::calibration::Calibration;
use firmware_wire::{NO_READING, NodeId};

const GOOD: &str = r#"
node = "0386000000000001"
date = 2026-03-02
by = "J. Park"

[[channel]]
name = "cavity pressure"
unit = "MPa"
gain = 0.01
offset = -2.0
table = [[0.0, 0.0], [100.0, 99.0], [200.0, 201.0]]

[[channel]]
name = "screw position"
unit = "mm"
gain = 0.5
offset = 0.0
"#;

fn read(text: &str) -> Result<Calibration, AcquireError> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("a temporary file");
    Calibration::read(file.path())
}

#[test]
fn codes_become_numbers_and_no_reading_stays_none() {
    let calibration = read(GOOD).unwrap();
    assert_eq!(calibration.node(), Some(NodeId(0x0386_0000_0000_0001)));
    assert_eq!(
        (calibration.date.year, calibration.by.as_str()),
        (2026, "J. Park")
    );
    let pressure = calibration.channel("cavity pressure").unwrap();
    assert!((pressure.value(10_200).unwrap() - 99.0).abs() < 1e-9);
    assert!((pressure.value(15_200).unwrap() - 150.0).abs() < 1e-9);
    assert_eq!(
        pressure.value(25_000),
        None,
        "outside the table nothing is known"
    );
    assert_eq!(pressure.value(NO_READING), None);
    let position = calibration.channel("screw position").unwrap();
    assert_eq!(position.value(-3), Some(-1.5));
}

#[test]
fn a_file_with_a_doubt_is_refused() {
    let cases = [
        ("by = \"J. Park\"", "by = \" \""),
        ("by = \"J. Park\"", ""),
        ("date = 2026-03-02", "date = \"last spring\""),
        ("node = \"0386000000000001\"", "node = \"0386\""),
        ("gain = 0.5", "gain = 0.0"),
        ("gain = 0.5", "gain = inf"),
        ("gain = 0.5", "gian = 0.5"),
        ("offset = 0.0", "offset = 0.0\nfactor = 2"),
        ("[100.0, 99.0]", "[-1.0, 99.0]"),
        (", [100.0, 99.0], [200.0, 201.0]", ""),
        ("screw position", "cavity pressure"),
    ];
    for (from, to) in cases {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD);
        assert!(read(&text).is_err(), "`{from}` -> `{to}` was believed");
    }
}
