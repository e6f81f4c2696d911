//! A simulated press behind the guard, offline: wishes go in, what the guard lets through is written.

use appliance_pipeline::correct::Decided;
use appliance_pipeline::guard::{Effect, Guard, GuardSettings, Mode, Role, Shot, Verdict, Wish};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{Change, Limits, Operating, PressSignals, Setpoint, Setpoints};
use appliance_pipeline::trust::TrustState;
use hil_press_sim::PressHandle;
use models_physics::recipe::Recipe;

/// A recipe with a setpoint moved by an amount: further hold stages move with the first, the last one takes the time, rates
/// keep their ratios.
pub fn moved(recipe: &Recipe, setpoint: Setpoint, by: f64) -> Recipe {
    let mut recipe = recipe.clone();
    match setpoint {
        Setpoint::HoldPressure => recipe.hold.iter_mut().for_each(|h| h.pressure += by),
        Setpoint::HoldTime => {
            if let Some(last) = recipe.hold.last_mut() {
                last.time += by;
            }
        }
        Setpoint::TransferVolume => recipe.transfer.injected_volume += by,
        Setpoint::InjectionRate => {
            let last = recipe.rate_stages.last().map_or(f64::NAN, |s| s.rate);
            let faster = 1.0 + by / last;
            recipe.rate_stages.iter_mut().for_each(|s| s.rate *= faster);
        }
        Setpoint::MeltTemperature => recipe.melt_k += by,
        Setpoint::MoldTemperature => recipe.mold_k += by,
        Setpoint::CoolingTime => recipe.cooling_time_s += by,
    }
    recipe
}

/// The press and its guard.
#[derive(Debug)]
pub struct Guarded {
    handle: PressHandle,
    guard: Guard,
}

/// Half a day: nothing of this rig waits that long.
const LONG_S: f64 = 43200.0;

impl Guarded {
    /// Armed in mode *correct*.
    ///
    /// # Panics
    /// When the guard refuses its settings: they are this file's.
    pub fn new(handle: PressHandle, limits: Limits) -> Self {
        let settings = GuardSettings {
            mode: Mode::Correct,
            semi_automatic: false,
            says_released: true,
            says_frozen: true,
            heartbeat_s: None,
            fresh_s: 60.0,
            wish_s: 60.0,
            read_back_s: 60.0,
            tolerance: [1e4, 1e-3, 1e-9, 1e-8, 0.05, 0.05, 0.01],
            good_shots: 1,
            hold_s: LONG_S,
            untouched_shots: None,
            surer_than: Some(1.0),
            restore: false,
        };
        let guard = Guard::new(settings, limits, None, 0.0).expect("sensible settings");
        let mut new = Self { handle, guard };
        new.read(0.0);
        new.guard.arm(0.0, Mode::Correct, Role::Engineer);
        new
    }

    /// Setpoints as they stand.
    pub fn setpoints(&self) -> Setpoints {
        Setpoints::of_recipe(&self.handle.setpoints())
    }

    fn read(&mut self, now_s: f64) {
        let signals = PressSignals {
            operating: Operating::Automatic,
            released: Some(true),
            frozen: Some(false),
            setpoints: self.setpoints(),
            ..PressSignals::default()
        };
        self.guard.read(now_s, &signals, None);
    }

    /// A shot ended at `now_s`: its wish goes to the guard, and what the guard orders to the press. True when something was
    /// written.
    ///
    /// # Panics
    /// When the press refuses what is within its limits.
    pub fn shot_ended(
        &mut self,
        now_s: f64,
        number: u64,
        kind: Kind,
        trust: TrustState,
        decided: &Decided,
    ) -> bool {
        self.read(now_s);
        let wish = (!decided.change.is_empty()).then(|| Wish {
            change: decided.change.clone(),
            effects: decided.judged.iter().map(effect).collect(),
            in_range: true,
        });
        let shot = Shot {
            number,
            kind,
            trust,
            wish,
        };
        let decision = self.guard.shot_ended(now_s, shot);
        let Verdict::Write(order) = decision.verdict else {
            return false;
        };
        self.write(&order.change);
        // The controller answers a second later.
        self.read(now_s + 1.0);
        true
    }

    fn write(&self, change: &Change) {
        let before = self.setpoints();
        let edit = |recipe: &mut Recipe| {
            for (setpoint, value) in &change.values {
                *recipe = moved(recipe, *setpoint, value - before[*setpoint]);
            }
        };
        self.handle
            .change(edit)
            .expect("a recipe the press can run");
    }
}

fn effect(judged: &appliance_pipeline::correct::Judged) -> Effect {
    Effect {
        target: judged.quantity.name().into(),
        unit: judged.quantity.unit().into(),
        before: judged.target + judged.off[0],
        change: judged.after[0] - judged.off[0],
        sd: judged.moved_sd,
    }
}
