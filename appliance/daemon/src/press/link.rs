//! How the press is reached, as the pages are told.

use std::path::PathBuf;
use std::time::Instant;

use appliance_pipeline::ports::{Operating, PressSignals, SETPOINTS, Setpoint, Setpoints};
use appliance_press::opcua::Pin;
use appliance_press::profile::{Link as Protocol, Profile};
use appliance_press::{Abilities, PressError};
use appliance_web::view;

/// Name of the profile of a press that no wire reaches.
pub const NO_WIRE: &str = "none";
/// Whoever sets a press by hand has to walk to it: how long advice stands then at most, s.
const ADVICE_S: f64 = 600.0;

/// What does not change while the box runs.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Name of the profile.
    pub profile: String,
    /// `opcua` or `modbus`.
    pub protocol: &'static str,
    /// Where it is.
    pub address: String,
    /// Protection of the connection.
    pub security: Option<String>,
    /// What it can do.
    pub abilities: Abilities,
    /// Keys, and the certificate a person confirmed.
    pub folder: PathBuf,
    /// How long advice waits for a person at most, s; it ends with its shot anyway.
    pub advice_s: f64,
}

impl Fixed {
    /// Of a profile.
    pub fn new(profile: &Profile, folder: PathBuf) -> Self {
        let (protocol, address, security) = match &profile.link {
            Protocol::OpcUa(link, _) => (
                "opcua",
                link.endpoint.clone(),
                Some(format!("{:?}, {:?}", link.mode, link.policy)),
            ),
            Protocol::Modbus(link, _) => {
                let serial = link.serial.as_ref().map(|s| s.path.clone());
                let address = link.host.clone().or(serial).unwrap_or_default();
                ("modbus", address, None)
            }
        };
        Self {
            profile: profile.name.clone(),
            protocol,
            address,
            security,
            abilities: profile.abilities(),
            folder,
            advice_s: profile.stale_after_s,
        }
    }

    /// Of a press that no wire reaches.
    pub fn by_hand(abilities: Abilities, folder: PathBuf) -> Self {
        Self {
            profile: NO_WIRE.into(),
            protocol: "by_hand",
            address: String::new(),
            security: None,
            abilities,
            folder,
            advice_s: ADVICE_S,
        }
    }

    /// What was agreed about the press.
    pub fn agreed(&self, seen: Option<&str>) -> view::PressSetup {
        let pinned = Pin::confirmed(&self.folder).ok().flatten();
        let writes = Setpoint::ALL.into_iter().filter_map(|s| {
            let ability = self.abilities.writable(s)?;
            Some(view::PressWrite {
                setpoint: s.name().into(),
                unit: s.unit().into(),
                low: Some(ability.low),
                high: Some(ability.high),
            })
        });
        view::PressSetup {
            profile: Some(self.profile.clone()),
            protocol: self.protocol.into(),
            address: address(&self.address),
            security: self.security.clone(),
            writes: writes.collect(),
            restores: self.abilities.restore,
            heartbeat: self.abilities.heartbeat.is_some(),
            thumbprint_seen: seen.map(str::to_owned).or_else(|| pinned.clone()),
            thumbprint_pinned: pinned,
            pinned_by: None,
            pinned_ms: None,
        }
    }
}

/// Nothing where there is none.
fn address(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The link now.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// Last reading, and when it came.
    pub signals: Option<(PressSignals, Instant)>,
    /// Wall clock since it is connected, ms since 1970.
    pub connected_ms: Option<i64>,
    /// Why it cannot be read now.
    pub lost: Option<&'static str>,
    /// In words.
    pub told: String,
    /// Cycles have stopped.
    pub stale: bool,
    /// When the controller last took a heartbeat.
    pub beat: Option<Instant>,
    /// Certificate that nobody confirmed.
    pub thumbprint: Option<String>,
    /// Last refusal.
    pub refusal: Option<view::PressRefusal>,
    /// Who moved a setpoint last, and when, ms since 1970.
    pub moved: [Option<(&'static str, i64)>; SETPOINTS],
}

impl Link {
    /// Takes a reading.
    pub fn read(&mut self, signals: &PressSignals, stale: bool, ours: &Setpoints, now_ms: i64) {
        if let Some((before, _)) = &self.signals {
            for s in Setpoint::ALL {
                let (was, is) = (before.setpoints[s], signals.setpoints[s]);
                if was.is_finite() && is.is_finite() && was != is {
                    let us = (ours[s] - is).abs() <= 1e-6 * is.abs();
                    self.moved[s as usize] = Some((if us { "moldsight" } else { "press" }, now_ms));
                }
            }
        }
        if self.lost.is_some() || self.connected_ms.is_none() {
            self.connected_ms = Some(now_ms);
        }
        (self.lost, self.thumbprint, self.stale) = (None, None, stale);
        self.told.clear();
        self.signals = Some((signals.clone(), Instant::now()));
    }

    /// Takes a failure to read.
    pub fn fail(&mut self, error: &PressError) {
        self.lost = Some(match error {
            PressError::CertificateUnknown { thumbprint, .. }
            | PressError::CertificateChanged { thumbprint, .. } => {
                self.thumbprint = Some(thumbprint.clone());
                "refused"
            }
            PressError::Stale { .. } => "stale",
            _ if self.signals.is_some() => "lost",
            _ => "connecting",
        });
        self.told = told(error);
        self.connected_ms = None;
    }

    /// Takes a refusal.
    pub fn refuse(&mut self, error: &PressError, now_ms: i64) {
        let setpoint = match error {
            PressError::Refused { refusals } | PressError::Partly { refusals, .. } => {
                refusals.first().map(|r| r.setpoint)
            }
            PressError::Edited { setpoint, .. } | PressError::ReadBack { setpoint, .. } => {
                Some(*setpoint)
            }
            _ => None,
        };
        self.refusal = Some(view::PressRefusal {
            wall_ms: now_ms,
            setpoint: setpoint.map(|s| s.name().to_owned()),
            reason: told(error),
        });
    }

    /// For the pages.
    pub fn shown(&self, fixed: &Fixed) -> view::PressLink {
        let signals = self.signals.as_ref();
        let state = match self.lost {
            Some(word) => word,
            None if signals.is_none() => "connecting",
            None if self.stale => "stale",
            None => "connected",
        };
        view::PressLink {
            protocol: fixed.protocol.into(),
            state: state.into(),
            address: address(&fixed.address),
            connected_ms: self.connected_ms,
            age_s: signals.map(|(_, at)| at.elapsed().as_secs_f64()),
            cycle: signals.and_then(|(s, _)| s.cycle),
            operating_mode: operating(signals.map(|(s, _)| s.operating).unwrap_or_default()).into(),
            released: signals.and_then(|(s, _)| s.released),
            frozen: signals.and_then(|(s, _)| s.frozen),
            heartbeat_age_s: self.beat.map(|b| b.elapsed().as_secs_f64()),
            refusal: self.refusal.clone(),
        }
    }
}

/// The word of an operating mode.
pub const fn operating(operating: Operating) -> &'static str {
    match operating {
        Operating::Automatic => "automatic",
        Operating::SemiAutomatic => "semi_automatic",
        Operating::Manual => "manual",
        Operating::Setup => "setup",
        Operating::Unknown => "unknown",
    }
}

/// An error with its causes in one line.
pub fn told(error: &PressError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
