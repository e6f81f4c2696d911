//! The press's controller as operators and servers see it: setpoints with their limits, how the press is run,
//! who may write, the heartbeat and the data of the last cycle.

use crate::control::CycleData;
use crate::setpoints::{Range, Ranges, SETPOINTS, Setpoint};
use models_physics::mold::Mold;
use models_physics::recipe::{Recipe, RecipeError};
use serde::Deserialize;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Happenings kept for who wants to hear them; older ones go.
const HAPPENINGS: usize = 1000;

/// How the press is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operating {
    /// Shot after shot by itself.
    #[default]
    Automatic,
    /// Each shot started by a person.
    SemiAutomatic,
    /// By hand.
    Manual,
    /// Being set up.
    Setup,
}

impl Operating {
    /// As OPC UA clients read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "Automatic",
            Self::SemiAutomatic => "SemiAutomatic",
            Self::Manual => "Manual",
            Self::Setup => "Setup",
        }
    }

    /// As Modbus clients read it: 0 automatic, 1 semi-automatic, 2 manual, 3 set-up.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// Something the controller does by itself or its operator does, at a shot.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// The operator moves a setpoint by a difference in its unit; the recipe to go back to moves with it.
    Edit(Setpoint, f64),
    /// The press is run in another way from now on.
    Run(Operating),
    /// Setpoints are released or not.
    Release(bool),
    /// Every change is forbidden, or allowed again.
    Freeze(bool),
    /// The press stands: no cycle begins any more.
    Hang,
}

/// Why a client's write was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The controller does not release its setpoints.
    #[error("not released")]
    NotReleased,
    /// Somebody else has the hand.
    #[error("operating mode {}", .0.name())]
    Mode(Operating),
    /// Every change is forbidden.
    #[error("frozen")]
    Frozen,
    /// Outside the controller's limits, or not a number.
    #[error("range: {0}")]
    Range(String),
    /// The press cannot run such a recipe in this mold.
    #[error("recipe: {0}")]
    Recipe(String),
}

/// What happened at the controller, for people and tests. Its text is one line.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A client wrote a setpoint.
    Written(Setpoint, f64),
    /// A client's write was refused.
    Refused(Setpoint, f64, Refused),
    /// The heartbeat stopped: the recipe is back.
    Baseline,
    /// Something of a scenario.
    Act(Act),
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(setpoint, value) => write!(f, "setpoint {} {value}", setpoint.name()),
            Self::Refused(setpoint, value, why) => {
                write!(f, "refused {} {value} {why}", setpoint.name())
            }
            Self::Baseline => write!(f, "baseline"),
            Self::Act(Act::Edit(setpoint, by)) => {
                write!(f, "operator {} {by:+}", setpoint.name())
            }
            Self::Act(Act::Run(mode)) => write!(f, "mode {}", mode.name()),
            Self::Act(Act::Release(true)) => write!(f, "released"),
            Self::Act(Act::Release(false)) => write!(f, "revoked"),
            Self::Act(Act::Freeze(true)) => write!(f, "frozen"),
            Self::Act(Act::Freeze(false)) => write!(f, "thawed"),
            Self::Act(Act::Hang) => write!(f, "hang"),
        }
    }
}

#[derive(Debug)]
struct Shared {
    mold: Mold,
    recipe: Recipe,
    baseline: Recipe,
    ranges: Ranges,
    revision: u64,
    version: u64,
    operating: Operating,
    released: bool,
    frozen: bool,
    hung: bool,
    heartbeat: u32,
    beaten: Option<Instant>,
    patience: Option<Duration>,
    cycles: u64,
    cycle: Option<CycleData>,
    acts: Vec<(u64, Act)>,
    reached: u64,
    happenings: VecDeque<Happening>,
}

/// Everything a client can see, taken at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Setpoints, in their units and order.
    pub setpoints: [f64; SETPOINTS],
    /// How the press is run.
    pub operating: Operating,
    /// Setpoints may be written.
    pub released: bool,
    /// Every change is forbidden.
    pub frozen: bool,
    /// What the client last wrote.
    pub heartbeat: u32,
    /// Molded shots since the press started.
    pub cycles: u64,
    /// Data of the last of them.
    pub cycle: Option<CycleData>,
}

/// The operator's and the servers' hand on the press. Clones reach the same press.
#[derive(Clone, Debug)]
pub struct PressHandle(Arc<Mutex<Shared>>);

impl PressHandle {
    /// A press that runs this recipe in this mold: automatic, released, with the limits of the mold's press.
    #[must_use]
    pub fn new(mold: Mold, recipe: Recipe) -> Self {
        let open = Range {
            low: f64::MIN,
            high: f64::MAX,
        };
        let press = mold.press;
        let ranges = Setpoint::ALL.map(|s| press.as_ref().map_or(open, |press| s.range(press)));
        Self(Arc::new(Mutex::new(Shared {
            mold,
            baseline: recipe.clone(),
            recipe,
            ranges,
            revision: 0,
            version: 0,
            operating: Operating::Automatic,
            released: true,
            frozen: false,
            hung: false,
            heartbeat: 0,
            beaten: None,
            patience: None,
            cycles: 0,
            cycle: None,
            acts: Vec::new(),
            reached: 0,
            happenings: VecDeque::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The setpoints: rates, transfer, hold profile, temperatures, cooling time.
    #[must_use]
    pub fn setpoints(&self) -> Recipe {
        self.lock().recipe.clone()
    }

    /// One setpoint in its unit.
    #[must_use]
    pub fn setpoint(&self, setpoint: Setpoint) -> f64 {
        setpoint.read(&self.lock().recipe)
    }

    /// What the controller takes for a setpoint.
    #[must_use]
    pub fn range(&self, setpoint: Setpoint) -> Range {
        self.lock().ranges[setpoint as usize]
    }

    /// Narrower limits of the controller.
    pub fn set_range(&self, setpoint: Setpoint, range: Range) {
        self.lock().ranges[setpoint as usize] = range;
    }

    /// Changes setpoints past every rule of the controller; they take effect at the next injection, never in the middle of a
    /// shot.
    ///
    /// # Errors
    /// When the press cannot run them; nothing is changed then.
    pub fn change(&self, edit: impl FnOnce(&mut Recipe)) -> Result<(), RecipeError> {
        let mut shared = self.lock();
        let mut recipe = shared.recipe.clone();
        edit(&mut recipe);
        shared.runs(&recipe)?;
        shared.take(recipe);
        Ok(())
    }

    /// A client writes setpoints together: all of them or, when one is refused, none.
    ///
    /// # Errors
    /// The first that was refused, and why.
    pub fn write(&self, values: &[(Setpoint, f64)]) -> Result<(), (Setpoint, Refused)> {
        let mut shared = self.lock();
        match shared.written(values) {
            Ok(recipe) => {
                for (setpoint, value) in values {
                    shared.say(Happening::Written(*setpoint, *value));
                }
                shared.take(recipe);
                Ok(())
            }
            Err((setpoint, why)) => {
                let asked = values.iter().find(|(s, _)| *s == setpoint);
                let value = asked.map_or(f64::NAN, |(_, value)| *value);
                shared.say(Happening::Refused(setpoint, value, why.clone()));
                Err((setpoint, why))
            }
        }
    }

    /// Something happens now.
    ///
    /// # Errors
    /// When the operator's edit is nothing the press can run.
    pub fn act(&self, act: Act) -> Result<(), RecipeError> {
        self.lock().act(act)
    }

    /// Something will happen when shot `shot` comes next; at once when that is so already.
    ///
    /// # Errors
    /// As [`PressHandle::act`].
    pub fn plan(&self, shot: u64, act: Act) -> Result<(), RecipeError> {
        let mut shared = self.lock();
        if shot <= shared.reached {
            return shared.act(act);
        }
        shared.acts.push((shot, act));
        Ok(())
    }

    /// Shot `shot` comes next: what was planned for it happens, once.
    ///
    /// # Errors
    /// As [`PressHandle::act`].
    pub fn reach(&self, shot: u64) -> Result<(), RecipeError> {
        let mut shared = self.lock();
        let (from, acts) = (shared.reached, shared.acts.clone());
        shared.reached = shot.max(from);
        let mut due = acts.into_iter().filter(|(at, _)| *at > from && *at <= shot);
        due.try_for_each(|(_, act)| shared.act(act))
    }

    /// The press stands.
    #[must_use]
    pub fn hung(&self) -> bool {
        self.lock().hung
    }

    /// The press goes on after [`Act::Hang`].
    pub fn wake(&self) {
        self.lock().hung = false;
    }

    /// The recipe comes back when the heartbeat was seen and then did not change for this long.
    pub fn restore_after(&self, patience: Duration) {
        self.lock().patience = Some(patience);
    }

    /// A client writes the heartbeat.
    pub fn beat(&self, value: u32, now: Instant) {
        let mut shared = self.lock();
        if shared.heartbeat != value {
            shared.heartbeat = value;
            shared.beaten = Some(now);
            shared.version += 1;
        }
    }

    /// Looks after the heartbeat; call it often.
    pub fn watch(&self, now: Instant) {
        let mut shared = self.lock();
        let (Some(beaten), Some(patience)) = (shared.beaten, shared.patience) else {
            return;
        };
        if now.saturating_duration_since(beaten) > patience {
            shared.beaten = None;
            let recipe = shared.baseline.clone();
            shared.take(recipe);
            shared.say(Happening::Baseline);
        }
    }

    /// Counts changes of the setpoints.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Counts changes of everything a client can see.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// What a client can see now.
    #[must_use]
    pub fn view(&self) -> View {
        let shared = self.lock();
        View {
            setpoints: Setpoint::ALL.map(|s| s.read(&shared.recipe)),
            operating: shared.operating,
            released: shared.released,
            frozen: shared.frozen,
            heartbeat: shared.heartbeat,
            cycles: shared.cycles,
            cycle: shared.cycle.clone(),
        }
    }

    /// Data of the last finished cycle.
    #[must_use]
    pub fn cycle_data(&self) -> Option<CycleData> {
        self.lock().cycle.clone()
    }

    /// Publishes the data of a finished cycle.
    pub fn publish(&self, cycle: CycleData) {
        let mut shared = self.lock();
        shared.cycles = cycle.job_cycle_counter;
        shared.cycle = Some(cycle);
        shared.version += 1;
    }

    /// Takes what happened since the last call, oldest first.
    #[must_use]
    pub fn happenings(&self) -> Vec<Happening> {
        self.lock().happenings.drain(..).collect()
    }
}

impl Shared {
    /// Whether the file of such a recipe would be accepted, and the mold's press could run it.
    fn runs(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        Recipe::from_toml(&recipe.to_toml()?, &recipe.file)?.fits(&self.mold)
    }

    fn take(&mut self, recipe: Recipe) {
        if recipe != self.recipe {
            self.recipe = recipe;
            self.revision += 1;
            self.version += 1;
        }
    }

    fn say(&mut self, happening: Happening) {
        if self.happenings.len() == HAPPENINGS {
            self.happenings.pop_front();
        }
        self.happenings.push_back(happening);
    }

    /// The recipe with these values in it.
    fn written(&self, values: &[(Setpoint, f64)]) -> Result<Recipe, (Setpoint, Refused)> {
        let mut recipe = self.recipe.clone();
        let mut last = Setpoint::HoldPressure;
        for (setpoint, value) in values {
            last = *setpoint;
            self.refusal(*setpoint, *value)
                .map_or(Ok(()), |why| Err((*setpoint, why)))?;
            setpoint.write(&mut recipe, *value);
        }
        self.runs(&recipe)
            .map_err(|why| (last, Refused::Recipe(why.to_string())))?;
        Ok(recipe)
    }

    fn refusal(&self, setpoint: Setpoint, value: f64) -> Option<Refused> {
        let range = self.ranges[setpoint as usize];
        if !self.released {
            Some(Refused::NotReleased)
        } else if !matches!(
            self.operating,
            Operating::Automatic | Operating::SemiAutomatic
        ) {
            Some(Refused::Mode(self.operating))
        } else if self.frozen {
            Some(Refused::Frozen)
        } else if range.holds(value) {
            None
        } else {
            let (low, high, unit) = (range.low, range.high, setpoint.unit());
            Some(Refused::Range(format!(
                "{value} is not within {low} to {high} {unit}"
            )))
        }
    }

    fn act(&mut self, act: Act) -> Result<(), RecipeError> {
        match &act {
            Act::Edit(setpoint, by) => {
                let edited = |recipe: &Recipe| {
                    let mut edited = recipe.clone();
                    setpoint.write(&mut edited, setpoint.read(recipe) + by);
                    self.runs(&edited).map(|()| edited)
                };
                let (recipe, baseline) = (edited(&self.recipe)?, edited(&self.baseline)?);
                self.baseline = baseline;
                self.take(recipe);
            }
            Act::Run(mode) => self.operating = *mode,
            Act::Release(released) => self.released = *released,
            Act::Freeze(frozen) => self.frozen = *frozen,
            Act::Hang => self.hung = true,
        }
        self.version += 1;
        self.say(Happening::Act(act));
        Ok(())
    }
}
