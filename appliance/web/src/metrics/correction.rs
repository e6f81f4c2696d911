//! What is done to the press.

use super::sheet::Sheet;
use crate::error::WebError;
use crate::view::{CorrectionNow, GUARD_STATES};

/// Guard, writes, refusals, press link.
pub(super) fn write(sheet: &Sheet, now: &CorrectionNow) -> Result<(), WebError> {
    let words: Vec<_> = GUARD_STATES
        .iter()
        .map(|word| (*word, now.guard.state == *word))
        .collect();
    sheet.state(
        "moldsight_guard",
        "1 for the state of the guard that holds",
        "state",
        &words,
    )?;
    sheet.counter(
        "moldsight_press_writes_total",
        "Changes written to the press",
        now.counts.writes,
    )?;
    let refusals = sheet.counters(
        "moldsight_press_refusals_total",
        "Changes a rule forbade, or the press refused, by rule",
        &["rule"],
    )?;
    for (rule, count) in &now.counts.refusals {
        refusals.with_label_values(&[rule]).inc_by(*count);
    }
    sheet.gauge(
        "moldsight_press_connected",
        "1 while data of the press flows",
        f64::from(u8::from(now.press.state == "connected")),
    )?;
    if let Some(age_s) = now.press.age_s {
        sheet.gauge(
            "moldsight_press_data_age_seconds",
            "Age of the oldest value read from the press",
            age_s,
        )?;
    }
    Ok(())
}
