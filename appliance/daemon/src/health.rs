//! The Health page: what is connected, what is not, and what to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appliance_acquire::Counts;
use appliance_recorder::{Reason, RecordingState, Settings};
use appliance_web::view;

use crate::brain::with;
use crate::config::Config;
use crate::shared::{ChannelNow, Published};
use crate::station::{BoxStation, recording_word};

/// Sampling instants that were due and never came: lost on the line, or missed by the node itself.
fn instants_lost(counts: &Counts) -> u64 {
    counts.lost_rows + counts.missed
}

/// Bytes all curves may take.
pub(crate) fn curve_budget(config: &Config) -> u64 {
    let chosen = config.records.curves_gb.map(|gb| (gb * 1e9) as u64);
    chosen.unwrap_or_else(|| Settings::in_folder(config.data.clone()).raw_bytes)
}

fn channels(published: &Published) -> impl Iterator<Item = &ChannelNow> {
    published.nodes.iter().flat_map(|n| &n.channels)
}

/// When each problem was first seen, ms since 1970, by key and subject; one that went away is forgotten.
#[derive(Debug, Default)]
pub struct Since(Mutex<BTreeMap<(String, String), i64>>);

impl Since {
    /// Dates what is wrong at `now_ms`.
    fn date(&self, problems: &mut [view::Problem], now_ms: i64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *seen);
        for p in problems {
            let which = (p.key.clone(), p.subject.clone());
            p.since_ms = before.get(&which).copied().unwrap_or(now_ms);
            seen.insert(which, p.since_ms);
        }
    }
}

/// Looks every second, so that a problem has its beginning whenever somebody reads of it.
pub async fn watch(station: Arc<BoxStation>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let _ = problems(&station);
    }
}

/// What is wrong, the worst first.
fn problems(station: &BoxStation) -> Vec<view::Problem> {
    let p = station.shared.read();
    let records = station.recorder.health();
    let mut problems = Vec::new();
    let mut problem = |key: &str, subject: &str, severity| {
        problems.push(view::Problem {
            key: format!("problem.{key}"),
            subject: subject.into(),
            severity,
            since_ms: 0,
        });
    };
    for (config, node) in station
        .config
        .nodes
        .iter()
        .zip(p.nodes.iter().map(Some).chain(std::iter::repeat(None)))
    {
        let port = config.port.display().to_string();
        match node {
            Some(n) if n.connected => {
                for channel in &n.channels {
                    for fault in &channel.faults {
                        let key = if fault.contains("range") {
                            "sensor_saturated"
                        } else {
                            "sensor_silent"
                        };
                        problem(key, &channel.name, view::Severity::Fault);
                    }
                }
                if instants_lost(&n.counts) > 0 {
                    problem("node_gaps", &n.id, view::Severity::Note);
                }
            }
            _ => problem("node_lost", &port, view::Severity::Fault),
        }
    }
    if let RecordingState::Delayed { reason, .. } | RecordingState::Losing { reason, .. } =
        &records.state
    {
        let key = match reason {
            Reason::DiskFull => "disk_full",
            Reason::ReadOnly => "disk_read_only",
            _ => "samples_dropped",
        };
        problem(
            key,
            &station.config.data.display().to_string(),
            view::Severity::Fault,
        );
    }
    if station.release.is_none() {
        problem("no_release", &station.mold.name, view::Severity::Warning);
    }
    if !p.granted.real_time && p.sequence > 0 {
        problem("not_real_time", "tick", view::Severity::Note);
    }
    if records.clock_step_ms.is_some() {
        problem("clock_jumped", "clock", view::Severity::Note);
    }
    let link = station.desk.as_ref().map(|d| d.now().press);
    let key = match link.as_ref().map(|l| l.state.as_str()) {
        Some("lost") => Some("press_lost"),
        Some("refused") => Some("press_refused"),
        _ => None,
    };
    if let Some(key) = key {
        problem(key, &station.config.press, view::Severity::Fault);
    }
    let (mold, material) = (&station.mold.name, &station.mold.material);
    with(&station.brain, |b| match b.trust.reason.as_str() {
        "trust.mismatch" => problem("mismatch", mold, view::Severity::Warning),
        "trust.wrong_mold" => problem("wrong_mold", mold, view::Severity::Warning),
        "trust.wrong_material" => problem("wrong_material", material, view::Severity::Warning),
        _ => {}
    });
    problems.sort_by_key(|p| std::cmp::Reverse(p.severity));
    station.since.date(&mut problems, crate::snapshot::now_ms());
    problems
}

/// Everything at a glance.
pub fn health(station: &BoxStation) -> view::Health {
    let problems = problems(station);
    let p = station.shared.read();
    let records = station.recorder.health();
    let uptime = station.start.elapsed().as_secs_f64();
    let clock = p.nodes.iter().find_map(|n| n.clock);
    view::Health {
        problems,
        nodes: p
            .nodes
            .iter()
            .zip(&station.config.nodes)
            .map(|(n, config)| view::NodeHealth {
                id: n.id.clone(),
                build: n.build.clone(),
                port: config.port.display().to_string(),
                connected: n.connected,
                frames: n.counts.frames,
                gaps: instants_lost(&n.counts),
                damaged: n.counts.damaged,
                channels: n
                    .channels
                    .iter()
                    .map(|c| view::ChannelHealth {
                        name: c.name.clone(),
                        sensor: c
                            .sensor
                            .and_then(|s| station.mold.sensors.get(s))
                            .map(|s| s.name.clone()),
                        rate_hz: c.rate_hz,
                        last: c.last.is_finite().then_some(c.last),
                        noise: c.noise.is_finite().then_some(c.noise),
                        faults: c.faults.clone(),
                    })
                    .collect(),
            })
            .collect(),
        clock: clock.map(|(drift_ppm, uncertainty_s)| view::ClockHealth {
            drift_ppm,
            uncertainty_s,
            wall_jumped: records.clock_step_ms.is_some(),
        }),
        disk: Some(view::DiskHealth {
            path: station.config.data.display().to_string(),
            free_bytes: records.free_bytes.unwrap_or(0),
            used_bytes: crate::keep::folder_bytes(&station.config.data),
            budget_bytes: curve_budget(&station.config),
            state: recording_word(&records.state).into(),
            dropped: records.dropped.blocks + records.dropped.estimates,
        }),
        tick: view::TickHealth {
            rate_hz: channels(&p).map(|c| c.rate_hz).fold(0.0, f64::max),
            mean_s: p.times.mean_s(),
            p99_s: p.times.p99_s(),
            real_time: p.granted.real_time,
            locked: p.granted.locked,
            core: p.granted.core,
            late: p.late,
        },
        press: press(station),
        versions: view::Versions {
            moldsight: env!("CARGO_PKG_VERSION").into(),
            commit: env!("MOLDSIGHT_COMMIT").into(),
            release: station.release.clone(),
        },
        uptime_s: uptime,
    }
}

/// The link to the press, as the corrections page has it.
fn press(station: &BoxStation) -> view::PressHealth {
    let link = station.desk.as_ref().map(|d| d.now().press);
    let word = |w: Option<&String>| w.map_or_else(|| "none".to_owned(), Clone::clone);
    view::PressHealth {
        port: word(link.as_ref().map(|l| &l.protocol)),
        state: word(link.as_ref().map(|l| &l.state)),
        age_s: link.and_then(|l| l.age_s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_its_beginning_until_it_goes_away() {
        let since = Since::default();
        let seen = |subjects: &[&str], now_ms| {
            let of = |subject: &&str| view::Problem {
                key: "problem.node_lost".into(),
                subject: (*subject).into(),
                severity: view::Severity::Fault,
                since_ms: 0,
            };
            let mut problems: Vec<_> = subjects.iter().map(of).collect();
            since.date(&mut problems, now_ms);
            problems.iter().map(|p| p.since_ms).collect::<Vec<_>>()
        };
        assert_eq!(seen(&["a"], 1000), [1000]);
        assert_eq!(seen(&["a", "b"], 2000), [1000, 2000]);
        assert_eq!(seen(&["b"], 3000), [2000]);
        assert_eq!(seen(&["a", "b"], 4000), [4000, 2000]);
    }
}
