//! Every row of the validation table passes, and the refinement studies show their order.

use models_physics::validation;

#[test]
fn every_row_passes() {
    let rows = validation::rows();
    for row in &rows {
        println!(
            "{:32} expected {:>12.6} found {:>12.6} {:5} error {:.2e} of {:.1e} {}",
            row.id,
            row.expected,
            row.found,
            row.unit,
            row.error,
            row.tolerance,
            if row.pass { "" } else { "MISSED" }
        );
    }
    let missed: Vec<String> = rows
        .iter()
        .filter(|r| !r.pass)
        .map(|r| format!("{} ({}): {} for {}", r.id, r.case, r.found, r.expected))
        .collect();
    assert!(missed.is_empty(), "missed: {missed:#?}");
    assert!(rows.iter().filter(|r| r.order.is_some()).count() >= 3);
    for case in [
        "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V7b", "V7c", "V8", "V9", "V9b", "V10", "V11",
        "V12", "V12b", "V13", "V15",
    ] {
        assert!(
            rows.iter().any(|r| r.id.split('-').next() == Some(case)),
            "{case} is in the table"
        );
    }
}
