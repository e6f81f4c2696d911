//! On synthetic shots whose laws are known: settings left out, bands, order, refusals.

use std::io::Write;

use models_quality::{Grouping, Matrix, Predictor, QualityError, Table, evaluate, read_features};

/// A repeatable number in -1..1.
fn noise(seed: u64) -> f64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64 * 2.0 - 1.0
}

/// 60 settings of 6 shots; weight = 8 + 0.03 a + 0.02 b + 0.01 a b + setting's error + shot's error.
fn shots() -> (Matrix, Vec<f64>, Vec<usize>) {
    let (mut rows, mut y, mut groups) = (vec![], vec![], vec![]);
    for g in 0..60_u64 {
        let (a, b) = (noise(g), noise(1000 + g));
        for s in 0..6 {
            let id = 10_000 + g * 10 + s;
            rows.push(vec![a, b + 0.05 * noise(id), noise(id + 5000)]);
            let law = 8.0 + 0.03 * a + 0.02 * rows[rows.len() - 1][1] + 0.01 * a * b;
            y.push(law + 0.003 * noise(2000 + g) + 0.002 * noise(id + 9000));
            groups.push(g as usize);
        }
    }
    (Matrix::from_rows(&rows), y, groups)
}

#[test]
fn settings_left_out_are_predicted_better_than_by_trees_and_bands_hold() {
    let (x, y, groups) = shots();
    let score = evaluate::leave_settings_out(&x, &y, &groups, 5, 1).unwrap();
    assert!(score.ratio() < 0.9, "{score:?}");
    assert!((0.8..=0.97).contains(&score.coverage), "{score:?}");
}

#[test]
fn the_order_of_rows_does_not_matter_and_a_wild_row_is_flagged() {
    let (x, y, groups) = shots();
    let p = Predictor::fit(&x, &y, &groups, 0).unwrap();
    let there = p.predict(&x.select(&[5, 99, 200]));
    let back = p.predict(&x.select(&[200, 5]));
    assert_eq!((&there[0], &there[2]), (&back[1], &back[0]));
    assert_eq!(
        Predictor::fit(&x, &y, &groups, 0)
            .unwrap()
            .predict(&x.select(&[5]))[0],
        there[0]
    );
    let wild = &p.predict(&Matrix::from_rows(&[vec![0.0, 50.0, 0.0]]))[0];
    assert_eq!(wild.out_of_range, vec![1]);
    assert!((7.8..8.2).contains(&wild.value) && wild.sd > there[0].sd);
}

#[test]
fn too_few_settings_or_a_constant_target_are_refused() {
    let (x, y, groups) = shots();
    let few: Vec<usize> = (0..30).collect();
    let five = Predictor::fit(&x.select(&few), &y[..30], &groups[..30], 0);
    assert!(matches!(
        five,
        Err(QualityError::TooFewSettings { settings: 5, .. })
    ));
    assert!(matches!(
        Predictor::fit(&x, &vec![8.0; y.len()], &groups, 0),
        Err(QualityError::Constant { .. })
    ));
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut f = tempfile::NamedTempFile::new().expect("a temporary file");
    f.write_all(text.as_bytes()).expect("room for a few bytes");
    f
}

#[test]
fn a_missing_value_is_named_by_file_line_and_column() {
    let f = file("set_a,b,w\n1,2,3\n1,,4\n2,nan,4\n");
    let table = Table::read(f.path()).unwrap();
    let error = table
        .features(&["set_a".into(), "b".into()])
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 3, column `b`"), "{error}");
    assert!(matches!(
        table.column("nope"),
        Err(QualityError::NoColumn { .. })
    ));
    assert_eq!(table.settings(), (vec![0, 0, 1], Grouping::Setpoints(1)));
    let plain = Table::read(file("setting_id,a\n7,1\n9,1\n7,1\n").path()).unwrap();
    assert_eq!(
        plain.settings(),
        (vec![0, 1, 0], Grouping::Column("setting_id".into()))
    );
}

#[test]
fn a_list_that_names_a_column_twice_or_none_is_refused() {
    assert!(matches!(
        read_features(file("a\nb\na\n").path()),
        Err(QualityError::TwiceNamed { .. })
    ));
    assert!(matches!(
        read_features(file("# only a comment\n\n").path()),
        Err(QualityError::NoFeatures { .. })
    ));
}
