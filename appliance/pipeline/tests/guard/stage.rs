//! A press in rhythm and a guard that may write: the common start of the claims.

use appliance_pipeline::guard::{
    Decision, Effect, Guard, GuardSettings, Memory, Mode, Order, Role, Rule, Shot, Verdict, Wish,
};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{
    Change, Limit, Limits, Operating, PressSignals, SETPOINTS, Setpoint, Setpoints,
};
use appliance_pipeline::trust::TrustState;

pub const RECIPE: [f64; SETPOINTS] = [30e6, 4.0, 30e-6, 50e-6, 500.0, 330.0, 15.0];

pub fn settings() -> GuardSettings {
    GuardSettings {
        mode: Mode::Correct,
        semi_automatic: false,
        says_released: true,
        says_frozen: true,
        heartbeat_s: Some(5.0),
        fresh_s: 3.0,
        wish_s: 30.0,
        read_back_s: 10.0,
        tolerance: RECIPE.map(|v| v * 1e-3),
        good_shots: 2,
        hold_s: 120.0,
        untouched_shots: Some(2),
        surer_than: Some(1.0),
        restore: true,
    }
}

/// Only hold pressure and hold time may be moved.
pub fn limits() -> Limits {
    let mut limits = [None; SETPOINTS];
    limits[Setpoint::HoldPressure as usize] = Some(Limit {
        low: 28e6,
        high: 33e6,
        step: 1e6,
        per_hour: 2.5e6,
    });
    limits[Setpoint::HoldTime as usize] = Some(Limit {
        low: 3.0,
        high: 5.0,
        step: 0.2,
        per_hour: 1.0,
    });
    limits
}

pub fn wish(hold_pressure_pa: f64) -> Wish {
    Wish {
        change: Change {
            values: vec![(Setpoint::HoldPressure, hold_pressure_pa)],
        },
        effects: vec![Effect {
            target: "part_weight".into(),
            unit: "kg".into(),
            before: 0.0200,
            change: 0.0001,
            sd: 0.00002,
        }],
        in_range: true,
    }
}

pub struct Stage {
    pub guard: Guard,
    pub now_s: f64,
    pub signals: PressSignals,
    pub heartbeat_s: Option<f64>,
    pub shot: u64,
    pub kind: Kind,
    pub trust: TrustState,
}

impl Stage {
    /// Just started.
    pub fn fresh(settings: GuardSettings, memory: Option<&Memory>) -> Self {
        let signals = PressSignals {
            cycle: Some(100),
            operating: Operating::Automatic,
            released: Some(true),
            frozen: Some(false),
            setpoints: Setpoints(RECIPE),
            cycle_data: Vec::new(),
            age_s: 0.2,
        };
        Self {
            guard: Guard::new(settings, limits(), memory, 0.0).unwrap(),
            now_s: 0.0,
            signals,
            heartbeat_s: Some(0.5),
            shot: 0,
            kind: Kind::Production,
            trust: TrustState::Trusted,
        }
    }

    /// Armed and ready.
    pub fn with(settings: GuardSettings) -> Self {
        let mode = settings.mode;
        let mut stage = Self::fresh(settings, None);
        stage.read();
        stage.mold(None);
        stage.guard.arm(stage.now_s, mode, Role::Engineer);
        stage
    }

    pub fn ready() -> Self {
        Self::with(settings())
    }

    pub fn read(&mut self) -> Decision {
        self.now_s += 0.5;
        self.guard.read(self.now_s, &self.signals, self.heartbeat_s)
    }

    /// A cycle later, with a reading before the end of the shot.
    pub fn mold(&mut self, wish: Option<Wish>) -> Decision {
        self.now_s += 20.0;
        self.read();
        self.end(wish)
    }

    pub fn end(&mut self, wish: Option<Wish>) -> Decision {
        self.shot += 1;
        let shot = Shot {
            number: self.shot,
            kind: self.kind,
            trust: self.trust,
            wish,
        };
        self.guard.shot_ended(self.now_s, shot)
    }

    /// The press takes what was decided.
    pub fn take(&mut self, decision: &Decision) -> Order {
        let order = written(decision).clone();
        self.signals.setpoints = order.change.applied_to(&self.signals.setpoints);
        order
    }
}

pub fn written(decision: &Decision) -> &Order {
    match &decision.verdict {
        Verdict::Write(order) => order,
        other => panic!("{other:?}: {:?}", decision.failed().collect::<Vec<_>>()),
    }
}

pub fn failed(decision: &Decision) -> Vec<Rule> {
    decision.failed().map(|c| c.rule).collect()
}
