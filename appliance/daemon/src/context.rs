//! What a shot's record says beside curves and estimates: recipe, mode and cycle data of the press, and what people did.
//!
//! ```text
//! Began --recipe, mode--> running --first reading: cycles counted before--> Ended --actions--> waits --count + 1: data--> settled
//! ```
//! A press says what a cycle came to when it is over, which may be after the next has begun.

use std::sync::Arc;
use std::time::{Duration, Instant};

use appliance_pipeline::ports::{PressSignals, Setpoint, Setpoints};
use appliance_recorder::{Book, EntryKind, EntryRow, ShotRow};
use appliance_web::view;
use serde_json::{Map, Value, json};

use crate::press::Desk;
use crate::press::link::operating;

/// Note of the setpoints a shot ran with, JSON by name with unit.
pub const RECIPE: &str = "recipe";
/// Note of how the press was run.
pub const MODE: &str = "press_mode";
/// Note of the cycle as the press counts.
pub const CYCLE: &str = "press_cycle";
/// Note of the press's data of that cycle, JSON by name with unit.
pub const DATA: &str = "press_data";
/// Note of what operators wrote down since the shot before, JSON.
pub const ACTIONS: &str = "actions";

/// How long a press may take to say what a cycle came to.
const PATIENCE: Duration = Duration::from_secs(10);
/// Entries looked through for new ones.
const RECENT: usize = 50;

/// A note: key and text.
pub type Note = (&'static str, String);

/// A shot whose cycle data are yet to come.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Waiting {
    shot: u64,
    /// What the press will count when it is done with this cycle.
    cycle: u64,
    until: Instant,
}

/// Follows the press and the log of people beside the shots.
pub struct Context {
    desk: Option<Arc<Desk>>,
    book: Book,
    /// The last action that a record has.
    action: i64,
    began: Instant,
    /// Recipe and mode of the running shot are told.
    noted: bool,
    /// Cycles the press had counted when the running shot was on.
    before: Option<u64>,
    waiting: Option<Waiting>,
}

impl Context {
    /// Actions entered from now on belong to shots.
    pub fn new(desk: Option<Arc<Desk>>, book: Book) -> Self {
        let last = book.entries(Some(EntryKind::Action), None, 1);
        let action = last.ok().and_then(|e| e.first().map(|e| e.id));
        Self {
            desk,
            book,
            action: action.unwrap_or(0),
            began: Instant::now(),
            noted: true,
            before: None,
            waiting: None,
        }
    }

    /// A shot began: what it runs with, where the press was read already.
    pub fn began(&mut self) -> Vec<Note> {
        (self.began, self.before, self.noted) = (Instant::now(), None, false);
        self.runs_with()
    }

    fn runs_with(&mut self) -> Vec<Note> {
        let Some((signals, _)) = self.seen().filter(|_| !self.noted) else {
            return Vec::new();
        };
        self.noted = true;
        let mut notes = vec![(MODE, operating(signals.operating).to_owned())];
        if signals.setpoints.known().next().is_some() {
            notes.push((RECIPE, recipe(&signals.setpoints).to_string()));
        }
        notes
    }

    /// While a shot runs no cycle can finish: what the press counts now are the cycles before it. Returns what was not
    /// known when it began.
    pub fn running(&mut self) -> Vec<Note> {
        if self.before.is_none()
            && let Some((signals, at)) = self.seen()
            && at > self.began
        {
            self.before = signals.cycle;
        }
        self.runs_with()
    }

    /// A shot ended: what people did since the one before. Whether the press will say more.
    pub fn ended(&mut self, shot: u64) -> (Vec<Note>, bool) {
        let waiting = self.before.take().map(|before| Waiting {
            shot,
            cycle: before + 1,
            until: Instant::now() + PATIENCE,
        });
        self.waiting = waiting;
        (self.actions().into_iter().collect(), waiting.is_some())
    }

    /// The shot that waits no longer, with what the press said about it.
    pub fn settled(&mut self) -> Option<(u64, Vec<Note>)> {
        let waiting = self.waiting?;
        let signals = self.seen().map(|(signals, _)| signals);
        let notes = said(waiting.cycle, signals.as_ref());
        let over = Instant::now() >= waiting.until;
        (notes.is_some() || over).then(|| {
            self.waiting = None;
            (waiting.shot, notes.unwrap_or_default())
        })
    }

    fn seen(&self) -> Option<(PressSignals, Instant)> {
        self.desk.as_ref()?.seen()
    }

    fn actions(&mut self) -> Option<Note> {
        let entries = self.book.entries(Some(EntryKind::Action), None, RECENT);
        let mut new = entries.ok()?;
        new.retain(|e| e.id > self.action);
        self.action = new.first()?.id;
        let one =
            |e: &EntryRow| json!({ "at_utc": e.at.to_string(), "who": e.who, "text": e.text });
        let all: Vec<Value> = new.iter().rev().map(one).collect();
        Some((ACTIONS, Value::from(all).to_string()))
    }
}

/// What the record of a shot has of the press, in SI units.
pub fn pressed(shot: &ShotRow) -> Option<view::PressShot> {
    let values = |json: &Value| -> Vec<(String, f64, String)> {
        let pairs = json.as_object().into_iter().flatten();
        pairs
            .filter_map(|(name, value)| Some(si(name, value.as_f64()?)))
            .collect()
    };
    let data = shot.notes.get(DATA);
    let said = view::PressShot {
        mode: shot.notes.get(MODE).cloned(),
        cycle: shot.notes.get(CYCLE).and_then(|c| c.parse().ok()),
        recipe: values(&shot.recipe),
        data: data
            .and_then(|text| serde_json::from_str(text).ok())
            .map(|json| values(&json))
            .unwrap_or_default(),
    };
    (said != view::PressShot::default()).then_some(said)
}

/// What operators did before a shot.
pub fn actions(shot: &ShotRow) -> Vec<view::ShotAction> {
    let noted = shot.notes.get(ACTIONS);
    noted
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// Units that the press writes behind its names: unit of the page, factor, zero.
const UNITS: [(&str, &str, f64, f64); 9] = [
    ("_m3_s", "m3/s", 1.0, 0.0),
    ("_mpa", "Pa", 1e6, 0.0),
    ("_cm3", "m3", 1e-6, 0.0),
    ("_celsius", "K", 1.0, 273.15),
    ("_mm", "m", 1e-3, 0.0),
    ("_m3", "m3", 1.0, 0.0),
    ("_pa", "Pa", 1.0, 0.0),
    ("_k", "K", 1.0, 0.0),
    ("_s", "s", 1.0, 0.0),
];

/// A value by its name without a unit, in SI.
fn si(name: &str, value: f64) -> (String, f64, String) {
    let found = UNITS.iter().find(|u| name.ends_with(u.0));
    found.map_or_else(
        || (name.into(), value, String::new()),
        |(suffix, unit, factor, zero)| {
            let plain = &name[..name.len() - suffix.len()];
            (plain.into(), value * factor + zero, (*unit).into())
        },
    )
}

/// The data of a cycle once the press has counted it: none before, nothing in it when it is past already.
fn said(cycle: u64, signals: Option<&PressSignals>) -> Option<Vec<Note>> {
    let signals = signals?;
    let counted = signals.cycle.filter(|c| *c >= cycle)?;
    if counted > cycle {
        return Some(Vec::new());
    }
    let finite = signals.cycle_data.iter().filter(|(_, v)| v.is_finite());
    let data: Map<String, Value> = finite.map(|(n, v)| (n.clone(), json!(v))).collect();
    let mut notes = vec![(CYCLE, cycle.to_string())];
    if !data.is_empty() {
        notes.push((DATA, Value::from(data).to_string()));
    }
    Some(notes)
}

/// Setpoints by name with unit, as features are named.
fn recipe(setpoints: &Setpoints) -> Value {
    let one = |(s, value): (Setpoint, f64)| {
        let unit = s.unit().to_lowercase().replace('/', "_");
        (format!("{}_{unit}", s.name()), json!(value))
    };
    Value::from(setpoints.known().map(one).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(cycle: u64) -> PressSignals {
        PressSignals {
            cycle: Some(cycle),
            cycle_data: vec![
                ("cushion_stroke_mm".into(), 4.5),
                ("gone_s".into(), f64::NAN),
            ],
            ..PressSignals::default()
        }
    }

    #[test]
    fn data_belong_to_the_cycle_that_was_counted_and_to_no_other() {
        assert_eq!(said(8, None), None);
        assert_eq!(said(8, Some(&counted(7))), None, "its own are yet to come");
        let notes = said(8, Some(&counted(8))).expect("they are here");
        assert_eq!(notes[0], (CYCLE, "8".into()));
        assert_eq!(notes[1], (DATA, r#"{"cushion_stroke_mm":4.5}"#.into()));
        assert_eq!(said(8, Some(&counted(9))), Some(Vec::new()), "too late");
    }

    #[test]
    fn names_lose_their_units_and_values_become_si() {
        let one = |name: &str, value| si(name, value);
        assert_eq!(one("cushion_mm", 4.0), ("cushion".into(), 4e-3, "m".into()));
        assert_eq!(one("hold_pa", 4e7), ("hold".into(), 4e7, "Pa".into()));
        assert_eq!(one("melt_celsius", 230.0).1, 503.15);
        assert_eq!(one("count", 3.0), ("count".into(), 3.0, String::new()));
    }

    #[test]
    fn a_recipe_is_written_with_units() {
        let mut set = Setpoints::default();
        set[Setpoint::HoldPressure] = 4e7;
        set[Setpoint::InjectionRate] = 5e-5;
        let text = recipe(&set).to_string();
        assert_eq!(
            text,
            r#"{"hold_pressure_pa":40000000.0,"injection_rate_m3_s":0.00005}"#
        );
    }
}
