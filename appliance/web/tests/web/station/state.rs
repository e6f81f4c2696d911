//! What the station in memory remembers, and its health.

use std::collections::{BTreeMap, HashMap};

use appliance_web::station::{Answer, NewLogEntry, Photo, StationError, photo_address};
use appliance_web::view::{
    Aim, AuditEntry, ChannelHealth, ClockHealth, CycleSetup, DiskHealth, Health, Limit, LogEntry,
    LogKind, Mode, NodeHealth, OfReference, PressHealth, Problem, ReleaseLine, SensorSetup, Setup,
    Severity, Target, Targets, TickHealth, Versions,
};

use super::plate::SENSORS;
use super::shots;

pub struct State {
    pub mode: Mode,
    pub labels: HashMap<u64, BTreeMap<String, f64>>,
    pub reference: Option<u64>,
    pub log: Vec<LogEntry>,
    pub photos: HashMap<u64, Photo>,
    pub setup: Setup,
    pub audit: Vec<(AuditEntry, u64)>,
    pub targets: Vec<Target>,
}

impl State {
    pub fn new(now_ms: i64) -> Self {
        let mut state = Self {
            mode: Mode::Advise,
            labels: HashMap::new(),
            reference: None,
            log: vec![],
            photos: HashMap::new(),
            setup: setup(),
            audit: vec![],
            targets: targets(),
        };
        let line = |kind, text: &str| NewLogEntry {
            kind,
            text: text.into(),
            lot: None,
            defect: None,
            shot: None,
            photo: None,
        };
        let hour = 3_600_000;
        let lot = |shot| NewLogEntry {
            lot: Some(shots::lot(shot)),
            shot: Some(shot),
            ..line(LogKind::Lot, "")
        };
        state.write(now_ms - 2 * hour, "kim", lot(180));
        state.write(
            now_ms - hour,
            "kim",
            line(LogKind::Action, "노즐 청소 / nozzle cleaned"),
        );
        let sink = NewLogEntry {
            defect: Some("sink_mark".into()),
            shot: Some(201),
            ..line(LogKind::Defect, "near the gate")
        };
        state.write(now_ms - hour / 2, "lee", sink);
        state.write(now_ms - hour / 3, "kim", lot(240));
        state
    }

    /// Targets with what they could be set on.
    pub fn targets(&self) -> Targets {
        let reference = self.reference.unwrap_or(200);
        let lines = shots::quality(reference);
        Targets {
            targets: self.targets.clone(),
            quantities: lines
                .iter()
                .map(|line| (line.name.clone(), line.unit.clone()))
                .collect(),
            reference: lines
                .into_iter()
                .map(|line| (line.name, line.value))
                .collect(),
        }
    }

    pub fn check_targets(&self, targets: &[Target]) -> Answer<()> {
        let known = self.targets().quantities;
        for target in targets {
            let pair = (target.quantity.clone(), target.unit.clone());
            if !known.contains(&pair) {
                return Err(StationError::Invalid {
                    field: "targets.quantity".into(),
                    reason: format!("no prediction `{}` in {}", target.quantity, target.unit),
                });
            }
        }
        Ok(())
    }

    pub fn lot(&self) -> Option<String> {
        self.log.iter().rev().find_map(|entry| entry.lot.clone())
    }

    pub fn write(&mut self, wall_ms: i64, user: &str, new: NewLogEntry) -> LogEntry {
        let id = self.log.len() as u64 + 1;
        let photo = new.photo.is_some().then(|| photo_address(id));
        if let Some(photo) = new.photo {
            self.photos.insert(id, photo);
        }
        let entry = LogEntry {
            id,
            wall_ms,
            user: user.into(),
            kind: new.kind,
            text: new.text,
            lot: new.lot,
            defect: new.defect,
            shot: new.shot,
            photo,
        };
        self.log.push(entry.clone());
        entry
    }
}

fn targets() -> Vec<Target> {
    let target = |quantity: &str, unit: &str, value, tolerance, enabled| Target {
        quantity: quantity.into(),
        unit: unit.into(),
        value,
        tolerance,
        enabled,
    };
    vec![
        target("part_weight", "kg", Aim::Value(0.011_62), 1.2e-5, true),
        target(
            "shrinkage",
            "1",
            Aim::Of(OfReference::Reference),
            2e-4,
            false,
        ),
    ]
}

fn setup() -> Setup {
    let sensors = SENSORS
        .iter()
        .filter(|(.., real, _)| *real)
        .enumerate()
        .map(|(at, &(name, _, _, _, used))| SensorSetup {
            channel: format!("node-1/ch{at}"),
            sensor: Some(name.into()),
            scale: None,
            offset: None,
            used,
        });
    let limit = |name: &str, lower, upper, unit: &str| Limit {
        name: name.into(),
        lower,
        upper,
        unit: unit.into(),
    };
    Setup {
        mold: "plate-ps".into(),
        material: "PS 678E".into(),
        molds: vec![
            "plate-ps".into(),
            "strip-ps".into(),
            "two-cavity".into(),
            "disc".into(),
        ],
        materials: vec!["PS 678E".into(), "PP example".into(), "ABS example".into()],
        mold_sensors: SENSORS.iter().map(|(name, ..)| (*name).into()).collect(),
        sensors: sensors.collect(),
        limits: vec![
            limit(
                "part_weight",
                Some(shots::WEIGHT_LIMITS_KG[0]),
                Some(shots::WEIGHT_LIMITS_KG[1]),
                "kg",
            ),
            limit("end_of_fill_pressure", None, Some(45e6), "Pa"),
            limit("core_at_ejection", None, Some(360.0), "K"),
            limit("shrinkage", Some(0.004), Some(0.0065), "1"),
        ],
        cycle: CycleSetup {
            cycle_s: Some(20.0),
            melt_k: Some(503.15),
            wall_k: Some(318.15),
            injection_rate_m3_per_s: Some(32e-6),
            hold_pressure_pa: Some(42e6),
            hold_time_s: Some(5.2),
            cooling_time_s: Some(9.0),
        },
        releases: vec![
            ReleaseLine {
                name: "plate-ps-001".into(),
                mold: "plate-ps".into(),
                used: true,
            },
            ReleaseLine {
                name: "strip-ps-001".into(),
                mold: "strip-ps".into(),
                used: false,
            },
        ],
        restart_needed: false,
    }
}

/// A box with one node and one small worry.
pub fn health(uptime_s: f64, now_ms: i64) -> Health {
    let channel =
        |name: &str, sensor: Option<&str>, last: f64, noise: f64, faults: &[&str]| ChannelHealth {
            name: name.into(),
            sensor: sensor.map(Into::into),
            rate_hz: 2000.0 + 0.3 * (uptime_s / 7.0).sin(),
            last: Some(last),
            noise: Some(noise),
            faults: faults.iter().map(|fault| (*fault).into()).collect(),
        };
    Health {
        problems: vec![Problem {
            key: "channel_noisy".into(),
            subject: "node-1/ch3".into(),
            severity: Severity::Warning,
            since_ms: now_ms - 1_800_000,
        }],
        nodes: vec![NodeHealth {
            id: "node-1".into(),
            build: "0.1.0 nucleo-h743".into(),
            port: "/dev/ttyACM0".into(),
            connected: true,
            frames: (uptime_s * 100.0) as u64 + 1,
            gaps: 2,
            damaged: 0,
            channels: vec![
                channel("ch0", Some("p_nozzle"), 41e6, 0.05e6, &[]),
                channel("ch1", Some("p1"), 38e6, 0.06e6, &[]),
                channel("ch2", Some("t_wall"), 319.0, 0.08, &[]),
                channel("ch3", None, 0.2e6, 0.9e6, &["noisy"]),
            ],
        }],
        clock: Some(ClockHealth {
            drift_ppm: 12.4 + (uptime_s / 60.0).sin(),
            uncertainty_s: 35e-6,
            wall_jumped: false,
        }),
        disk: Some(DiskHealth {
            path: "/var/lib/moldsight".into(),
            free_bytes: 41_000_000_000,
            used_bytes: 3_200_000_000 + (uptime_s * 20_000.0) as u64,
            budget_bytes: 20_000_000_000,
            state: "recording".into(),
            dropped: 0,
        }),
        tick: TickHealth {
            rate_hz: 2000.0,
            mean_s: 38e-6,
            p99_s: 92e-6,
            real_time: true,
            locked: true,
            core: Some(1),
            late: 3,
        },
        press: PressHealth {
            port: "opcua".into(),
            state: "connected".into(),
            age_s: Some(0.4),
        },
        versions: Versions {
            moldsight: "0.1.0".into(),
            commit: "in-memory".into(),
            release: Some("plate-ps-001".into()),
        },
        uptime_s,
    }
}
