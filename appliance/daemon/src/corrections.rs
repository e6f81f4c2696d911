//! What the pages hear about corrections on a box without a press: nothing is advised, written or known.

use appliance_web::station::StationError;
use appliance_web::view;

use crate::config::PREDICTIONS;

/// Why nothing of it can be done.
pub fn no_press() -> StationError {
    StationError::Conflict {
        key: "no_press_port",
        reason: "no press port is configured: the box can only observe".into(),
    }
}

/// How things stand without a press.
pub fn now(mode: view::Mode, since_ms: i64) -> view::CorrectionNow {
    view::CorrectionNow {
        mode,
        arms_to: None,
        guard: view::GuardLine {
            state: "none".into(),
            reason: "guard.no_press".into(),
            subject: None,
            since_ms,
        },
        rules: Vec::new(),
        advice: None,
        setpoints: Vec::new(),
        press: view::PressLink {
            protocol: "none".into(),
            state: "none".into(),
            address: None,
            connected_ms: None,
            age_s: None,
            cycle: None,
            operating_mode: "unknown".into(),
            released: None,
            frozen: None,
            heartbeat_age_s: None,
            refusal: None,
        },
        counts: view::CorrectionCounts::default(),
    }
}

/// What was agreed about no press.
pub fn press() -> view::PressSetup {
    view::PressSetup {
        profile: None,
        protocol: "none".into(),
        address: None,
        security: None,
        writes: Vec::new(),
        restores: false,
        heartbeat: false,
        thumbprint_seen: None,
        thumbprint_pinned: None,
        pinned_by: None,
        pinned_ms: None,
    }
}

/// No target is set; what one could be set on.
pub fn targets() -> view::Targets {
    view::Targets {
        targets: Vec::new(),
        quantities: PREDICTIONS
            .iter()
            .map(|(name, unit)| ((*name).to_owned(), (*unit).to_owned()))
            .collect(),
        reference: Vec::new(),
    }
}
