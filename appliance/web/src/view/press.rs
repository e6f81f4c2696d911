//! The link to the press, and what was agreed about it at commissioning.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something the press refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressRefusal {
    /// Wall clock, ms since 1970.
    pub wall_ms: i64,
    /// Setpoint it is about.
    pub setpoint: Option<String>,
    /// What the press said.
    pub reason: String,
}

/// The link now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressLink {
    /// `none`, `opcua`, `modbus`, `scripted`.
    pub protocol: String,
    /// `none`, `connecting`, `connected`, `stale`, `lost`, `refused`.
    pub state: String,
    /// Address, as configured.
    pub address: Option<String>,
    /// Wall clock since it is connected, ms since 1970.
    pub connected_ms: Option<i64>,
    /// Age of the oldest value read, s.
    pub age_s: Option<f64>,
    /// Cycles counted by the press.
    pub cycle: Option<u64>,
    /// `automatic`, `semi_automatic`, `manual`, `setup`, `unknown`.
    pub operating_mode: String,
    /// Whether setpoints may be written now; none where the press does not say.
    pub released: Option<bool>,
    /// OPC 40077 `Frozen`: true forbids every change; none where the press does not say.
    pub frozen: Option<bool>,
    /// Age of the last heartbeat sent, s; none where the press has no heartbeat.
    pub heartbeat_age_s: Option<f64>,
    /// Last refusal.
    pub refusal: Option<PressRefusal>,
}

/// A setpoint the profile lets the box write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressWrite {
    /// Name.
    pub setpoint: String,
    /// SI unit.
    pub unit: String,
    /// Lowest value the press takes.
    pub low: Option<f64>,
    /// Highest.
    pub high: Option<f64>,
}

/// What was agreed about the press.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressSetup {
    /// Name of the press profile; none without a press.
    pub profile: Option<String>,
    /// `none`, `opcua`, `modbus`, `scripted`.
    pub protocol: String,
    /// Address, as configured.
    pub address: Option<String>,
    /// Protection of the connection (`None`, `Sign`, `SignAndEncrypt`, with its policy), where it has one.
    pub security: Option<String>,
    /// What the box may write.
    pub writes: Vec<PressWrite>,
    /// Whether the recipe is written back when the box lets go.
    pub restores: bool,
    /// Whether the press has a heartbeat.
    pub heartbeat: bool,
    /// Thumbprint of the certificate the press showed last: SHA-1 or SHA-256 in hexadecimal.
    pub thumbprint_seen: Option<String>,
    /// Thumbprint that was confirmed.
    pub thumbprint_pinned: Option<String>,
    /// Who confirmed it.
    pub pinned_by: Option<String>,
    /// When, ms since 1970.
    pub pinned_ms: Option<i64>,
}
