//! What the shot path found, in the words of the pages.

use appliance_pipeline::kind::Kind;
use appliance_pipeline::setup::Setup;
use appliance_pipeline::sort;
use appliance_pipeline::suspect::Suspect;
use appliance_pipeline::trust::{Reason, Trust, TrustState};
use appliance_web::view;
use models_physics::latents::LATENTS;

/// A verdict for the pages.
pub fn verdict_of(verdict: sort::Verdict) -> view::Verdict {
    match verdict {
        sort::Verdict::Good => view::Verdict::Good,
        sort::Verdict::Reject => view::Verdict::Reject,
        sort::Verdict::Uncertain => view::Verdict::Uncertain,
    }
}

/// Why it is what it is.
pub fn reason(why: &sort::Why) -> view::VerdictReason {
    let (key, subject, chance) = why.parts();
    view::VerdictReason {
        key: key.into(),
        subject: subject.map(str::to_owned),
        chance,
    }
}

/// The word of a state.
pub fn word(state: TrustState) -> &'static str {
    match state {
        TrustState::Learning => "learning",
        TrustState::Trusted => "trusted",
        TrustState::Watch => "watch",
        TrustState::NotTrusted => "not_trusted",
    }
}

/// Trust in the words of the pages; `since_shot` by the numbers of the records.
pub fn trust(trust: &Trust, setup: &Setup, since_shot: u64) -> view::Trust {
    let subject = match trust.reason {
        Reason::SensorSilent(i) => Some(setup.places[i].name.clone()),
        Reason::LatentAtBound(i) => Some(LATENTS[i].name.to_owned()),
        Reason::Suspect(Suspect::Sensor(i)) => Some(setup.places[i].name.clone()),
        Reason::Suspect(Suspect::Material(i) | Suspect::Temperature(i)) => {
            Some(LATENTS[i].name.to_owned())
        }
        Reason::Suspect(Suspect::Mold(i)) => {
            Some(i.map_or_else(|| "volume".to_owned(), |i| LATENTS[i].name.to_owned()))
        }
        Reason::DriveSilent => Some(setup.places[setup.drive].name.clone()),
        _ => None,
    };
    let reason = match trust.reason {
        Reason::FewShots => "trust.learning",
        Reason::AllWell => "trust.ok",
        Reason::Mismatch => "trust.mismatch",
        Reason::SensorSilent(_) => "trust.sensor_silent",
        Reason::DriveSilent => "trust.sensor_silent",
        Reason::NetworkOff => "trust.witness_disagrees",
        Reason::LatentAtBound(_) => "trust.wrong_material",
        Reason::Suspect(Suspect::Material(_)) => "trust.wrong_material",
        Reason::Suspect(Suspect::Mold(_)) => "trust.wrong_mold",
        Reason::Suspect(Suspect::Temperature(_)) => "trust.wrong_temperature",
        Reason::Suspect(Suspect::Sensor(_)) => "trust.wrong_sensor",
        Reason::OutOfRange => "trust.out_of_range",
    };
    view::Trust {
        state: match trust.state {
            TrustState::Learning => view::TrustState::Learning,
            TrustState::Trusted => view::TrustState::Trusted,
            TrustState::Watch => view::TrustState::Watch,
            TrustState::NotTrusted => view::TrustState::NotTrusted,
        },
        reason: reason.into(),
        subject,
        since_shot,
    }
}

/// Kind of a shot.
pub fn kind(kind: Kind) -> view::ShotKind {
    match kind {
        Kind::Production => view::ShotKind::Production,
        Kind::StartUp => view::ShotKind::StartUp,
        Kind::Purge => view::ShotKind::Purge,
        Kind::Idle => view::ShotKind::Idle,
        Kind::Broken => view::ShotKind::Broken,
    }
}
