//! What happens in the mold.

use super::sheet::Sheet;
use crate::error::WebError;
use crate::view::{LiveSnapshot, Mode, MoldView, SensorKind, TrustState};

/// Shot, trust, sensors.
#[expect(
    clippy::cast_precision_loss,
    reason = "a shot number stays far below 2^53"
)]
pub(super) fn write(sheet: &Sheet, mold: &MoldView, live: &LiveSnapshot) -> Result<(), WebError> {
    sheet.gauge(
        "moldsight_shot_number",
        "Number of the running or last shot",
        live.shot as f64,
    )?;
    sheet.gauge(
        "moldsight_filled_ratio",
        "Filled share of the mold",
        live.filled,
    )?;
    sheet.gauge(
        "moldsight_frozen_ratio",
        "Frozen share of the gap",
        live.frozen,
    )?;
    let trust = live.trust.state;
    sheet.state(
        "moldsight_trust",
        "1 for the trust state that holds",
        "state",
        &[
            ("learning", trust == TrustState::Learning),
            ("trusted", trust == TrustState::Trusted),
            ("watch", trust == TrustState::Watch),
            ("not_trusted", trust == TrustState::NotTrusted),
        ],
    )?;
    sheet.state(
        "moldsight_mode",
        "1 for the mode that holds",
        "mode",
        &[
            ("observe", live.mode == Mode::Observe),
            ("advise", live.mode == Mode::Advise),
            ("correct", live.mode == Mode::Correct),
        ],
    )?;

    let labels = &["sensor", "source"];
    let pressure = sheet.gauges(
        "moldsight_cavity_pressure_pascals",
        "Cavity pressure, measured and estimated",
        labels,
    )?;
    let pressure_sd = sheet.gauges(
        "moldsight_cavity_pressure_deviation_pascals",
        "Standard deviation of the estimate",
        &["sensor"],
    )?;
    let temperature = sheet.gauges(
        "moldsight_mold_temperature_celsius",
        "Temperature at the sensor, measured and estimated",
        labels,
    )?;
    let temperature_sd = sheet.gauges(
        "moldsight_mold_temperature_deviation_celsius",
        "Standard deviation of the estimate",
        &["sensor"],
    )?;
    let age = sheet.gauges(
        "moldsight_reading_age_seconds",
        "Age of measurement and estimate",
        &["sensor"],
    )?;
    for reading in &live.readings {
        let name = reading.sensor.as_str();
        let Some(sensor) = mold.sensors.iter().find(|sensor| sensor.name == name) else {
            continue;
        };
        let (value, sd, zero) = match sensor.kind {
            SensorKind::Pressure => (&pressure, &pressure_sd, 0.0),
            SensorKind::Temperature => (&temperature, &temperature_sd, 273.15),
        };
        for (source, known) in [
            ("measured", reading.measured),
            ("estimated", reading.estimate),
        ] {
            if let Some(known) = known {
                value.with_label_values(&[name, source]).set(known - zero);
            }
        }
        if let Some(known) = reading.sd {
            sd.with_label_values(&[name]).set(known);
        }
        age.with_label_values(&[name]).set(reading.age_s);
    }
    Ok(())
}
