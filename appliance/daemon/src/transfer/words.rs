//! What is said about a transfer: as keys and numbers for page and record, and in a sentence for the log.

use appliance_pipeline::guard::NoRoom;
use appliance_pipeline::transfer::{Held, Wanted};
use appliance_web::view::TransferNow;
use firmware_wire::Refusal;

use crate::event_kind::EventKind;

/// Volumes closer than this are the same to a reader, m3.
const SAME_M3: f64 = 5e-9;

/// A state without numbers.
pub fn state(state: &str) -> TransferNow {
    TransferNow {
        state: state.into(),
        ..TransferNow::default()
    }
}

/// A state of a plan.
pub fn ended(name: &str, wanted: &Wanted) -> TransferNow {
    TransferNow {
        asked_m3: Some(wanted.volume_m3),
        asked_sd_m3: (wanted.sd_m3 > 0.0).then_some(wanted.sd_m3),
        press_m3: Some(wanted.press_m3),
        ..state(name)
    }
}

/// The node has the plan.
pub fn armed(wanted: &Wanted) -> TransferNow {
    ended("armed", wanted)
}

/// The signal came, by the law or at the fallback.
pub fn fired(by_law: bool, at_m3: Option<f64>, wanted: &Wanted) -> TransferNow {
    TransferNow {
        fired_m3: at_m3,
        ..ended(if by_law { "fired" } else { "fallback" }, wanted)
    }
}

/// The node did not take the plan.
pub fn refused(why: Refusal, wanted: &Wanted) -> TransferNow {
    TransferNow {
        reason: Some(refusal(why).into()),
        ..ended("refused", wanted)
    }
}

/// The volume has no code in the calibration of the screw.
pub fn no_code(wanted: &Wanted) -> TransferNow {
    TransferNow {
        reason: Some("no_code".into()),
        ..ended("refused", wanted)
    }
}

/// Nothing is armed, for a reason.
pub fn held(held: &Held) -> TransferNow {
    let (asked, press) = match *held {
        Held::TooEarly(v, bound) | Held::TooLate(v, bound) | Held::PressEarlier(v, bound) => {
            (Some(v), Some(bound))
        }
        _ => (None, None),
    };
    TransferNow {
        reason: Some(held.key().into()),
        subject: match held {
            Held::NoRoom(NoRoom::Rule(rule)) => Some(rule.key().into()),
            _ => None,
        },
        asked_m3: asked,
        press_m3: press,
        ..state("held")
    }
}

/// What was armed is taken back, for a reason.
pub fn withdrawn(why: &Held, wanted: &Wanted) -> TransferNow {
    let TransferNow {
        reason, subject, ..
    } = held(why);
    TransferNow {
        reason,
        subject,
        ..ended("withdrawn", wanted)
    }
}

/// Whether both say the same to a reader.
pub fn alike(a: &TransferNow, b: &TransferNow) -> bool {
    let near = |x: Option<f64>, y: Option<f64>| match (x, y) {
        (Some(x), Some(y)) => (x - y).abs() < SAME_M3,
        (x, y) => x.is_none() && y.is_none(),
    };
    // A signal is news in every shot.
    let once = a.fired_m3.is_none() && b.fired_m3.is_none();
    once && (&a.state, &a.reason, &a.subject) == (&b.state, &b.reason, &b.subject)
        && near(a.asked_m3, b.asked_m3)
        && near(a.press_m3, b.press_m3)
}

const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::WindowPast => "window_past",
        Refusal::WindowEmpty => "window_empty",
        Refusal::WindowTooLong => "window_too_long",
        Refusal::NoSuchChannel => "no_such_channel",
        Refusal::ChannelTooSlow => "channel_too_slow",
        Refusal::LevelOutOfRange => "level_out_of_range",
        Refusal::AlreadyReached => "already_reached",
        Refusal::ChannelFaulty => "channel_faulty",
    }
}

/// As an event.
pub fn kind(now: &TransferNow) -> EventKind {
    match now.state.as_str() {
        "armed" => EventKind::TransferArmed,
        "fired" | "fallback" => EventKind::TransferFired,
        "press_first" => EventKind::TransferPressFirst,
        "withdrawn" => EventKind::TransferWithdrawn,
        "refused" => EventKind::TransferRefused,
        "no_answer" | "host_silent" | "wire_failed" => EventKind::TransferFailed,
        _ => EventKind::TransferHeld,
    }
}

/// In a sentence.
pub fn sentence(now: &TransferNow) -> String {
    let cm3 = |v: Option<f64>| v.map_or("?".to_owned(), |v| format!("{:.2} cm3", v * 1e6));
    let (asked, at, press) = (cm3(now.asked_m3), cm3(now.fired_m3), cm3(now.press_m3));
    let why = reason(now, &asked, &press);
    match now.state.as_str() {
        "armed" => {
            let sd = now.asked_sd_m3;
            let sd = sd.map_or(String::new(), |sd| format!(" (sd {:.2} cm3)", sd * 1e6));
            format!("transfer armed at {asked} injected{sd}; the press itself transfers at {press}")
        }
        "fired" => format!("transfer signalled at {at} injected, {asked} asked for"),
        "fallback" => {
            format!("transfer signalled at {at}, the position of the press: {asked} was not seen")
        }
        "press_first" => format!("the press transferred before {asked}: no signal was needed"),
        "withdrawn" => format!("transfer at {asked} taken back: {why}"),
        "refused" => format!("the node refused transfer at {asked}: {why}"),
        "no_answer" => "no transfer armed: the node does not answer".into(),
        "host_silent" => "the node disarmed transfer: it heard nothing from the box".into(),
        "wire_failed" => "transfer was due and the node could not set its wire".into(),
        _ => format!("no transfer armed: {why}"),
    }
}

/// The reason in words.
fn reason(now: &TransferNow, asked: &str, bound: &str) -> String {
    let rule = now.subject.as_deref().unwrap_or_default();
    match now.reason.as_deref().unwrap_or_default() {
        "mode" => "the mode is not correct".into(),
        "rule" => format!("the guard forbids it: {rule}"),
        "no_reference" => "the press does not say where it transfers".into(),
        "past_fill" => "the press has transferred".into(),
        "screw_unknown" => "the screw does not rest, or is not measured".into(),
        "little_melt" => "there is less melt in front of the screw than is to be injected".into(),
        "too_early" => format!("{asked} is below {bound}, the lowest allowed here"),
        "too_late" => format!("{asked} is above {bound}, the highest allowed here"),
        "press_earlier" => format!("the press transfers by itself at {bound}, not after {asked}"),
        "few_shots" => "too few shots have shown where the pressure is reached".into(),
        "not_reached" => "the pressure is not reached before transfer".into(),
        "unsure" => "where the pressure is reached is not sure enough".into(),
        "unlike" => "this fill is unlike the one before".into(),
        "window_past" => Refusal::WindowPast.to_string(),
        "window_empty" => Refusal::WindowEmpty.to_string(),
        "window_too_long" => Refusal::WindowTooLong.to_string(),
        "no_such_channel" => Refusal::NoSuchChannel.to_string(),
        "channel_too_slow" => Refusal::ChannelTooSlow.to_string(),
        "level_out_of_range" => Refusal::LevelOutOfRange.to_string(),
        "already_reached" => Refusal::AlreadyReached.to_string(),
        "channel_faulty" => Refusal::ChannelFaulty.to_string(),
        "no_code" => "the calibration of the screw position has no code for it".into(),
        other => other.to_owned(),
    }
}
