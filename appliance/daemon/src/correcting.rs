//! After a shot: what to ask of the press, and what a person would be told about it.

use std::sync::Arc;

use appliance_pipeline::correct::{
    Aim, Bound, Correction, Corrector, Decided, Effect, Held, Quantity, Seen, Target,
};
use appliance_pipeline::guard::{self, Shot, Wish};
use appliance_pipeline::keeper::{Keeper, ShotSummary};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{Limits, Setpoints};
use appliance_pipeline::shot::ShotRecord;
use appliance_pipeline::trust::Reason;
use appliance_web::view;

use crate::brain::{SharedBrain, with};
use crate::config::LimitConfig;
use crate::corrections::TargetFile;
use crate::press::{Desk, Plan};
use crate::what_if::{Range, SHOWN, quality};

/// Doubt about an expected change, share of it, where the program states none.
const LEAST_DOUBT: f64 = 0.1;

/// The part of the shot path that corrects.
pub struct Correcting {
    corrector: Option<Corrector>,
    targets: Arc<TargetFile>,
    /// Targets the corrector was made for.
    made_for: Vec<view::Target>,
    bounds: Vec<Bound>,
    limits: Limits,
    range: Range,
    desk: Option<Arc<Desk>>,
    /// Setpoints of the mold's recipe, for a box without a press.
    recipe: Setpoints,
    /// Setpoints the running shot began with.
    began: Setpoints,
    /// Why nothing was asked for last.
    held: Option<Held>,
}

impl Correcting {
    /// Nothing seen yet.
    pub fn new(
        targets: Arc<TargetFile>,
        bounds: Vec<Bound>,
        limits: Limits,
        range: Range,
        desk: Option<Arc<Desk>>,
        recipe: Setpoints,
    ) -> Self {
        Self {
            corrector: None,
            targets,
            made_for: Vec::new(),
            bounds,
            limits,
            range,
            desk,
            recipe,
            began: recipe,
            held: None,
        }
    }

    /// A shot begins: it runs with the setpoints of now.
    pub fn began(&mut self) {
        self.began = self.setpoints();
    }

    /// What was learned is dropped: the reference shots with it.
    pub fn begin_again(&mut self) {
        self.corrector = None;
    }

    fn setpoints(&self) -> Setpoints {
        let Some(desk) = &self.desk else {
            return self.recipe;
        };
        desk.setpoints().unwrap_or_default()
    }

    /// A part was measured: the quantity of a shot, SI.
    pub fn label(&mut self, shot: u64, quantity: Quantity, value: f64, sd: f64) {
        if let Some(corrector) = &mut self.corrector {
            corrector.label(shot, quantity, value, sd);
        }
    }

    /// A shot ended and was judged.
    pub fn ended(
        &mut self,
        number: u64,
        time_s: f64,
        keeper: &Keeper,
        record: &ShotRecord,
        finished: &ShotSummary,
        brain: &SharedBrain,
    ) {
        let decided = self.decide(number, time_s, keeper, record, finished);
        let plan = decided.as_ref().and_then(|d| self.plan(d, finished));
        if let Some(decided) = &decided {
            self.say(number, decided);
            let stand = decided
                .judged
                .iter()
                .map(|j| (shown(j.quantity).0.to_owned(), j.target));
            with(brain, |b| {
                b.target_values = stand.filter(|(_, v)| v.is_finite()).collect()
            });
        }
        self.tell_press(number, plan, finished);
        // The press does not wait for what the what-if page needs.
        if finished.kind == Kind::Production {
            self.replayable(number, keeper, record, brain);
        }
    }

    /// To the guard: the shot, what it came to, and what is wished for the next.
    fn tell_press(&self, number: u64, plan: Option<Plan>, finished: &ShotSummary) {
        let Some(desk) = &self.desk else { return };
        let production = finished.kind == Kind::Production;
        let found: Vec<(String, f64, f64)> = SHOWN
            .iter()
            .filter(|_| production)
            .map(|(name, _, quantity)| {
                let [value, sd] = found(*quantity, finished);
                ((*name).to_owned(), value, sd)
            })
            .collect();
        let shot = Shot {
            number,
            kind: finished.kind,
            trust: finished.trust.state,
            wish: plan.as_ref().map(|p| p.wish.clone()),
        };
        desk.shot_ended(shot, plan, &self.began, &found);
    }

    /// Tells once why nothing is asked for.
    fn say(&mut self, number: u64, decided: &Decided) {
        if decided.held != self.held {
            self.held = decided.held;
            if let Some(held) = self.held {
                println!("moldsight: shot {number}: no correction: {}", held.text());
            }
        }
    }

    /// Prepares the shot for the what-if page.
    fn replayable(&self, number: u64, keeper: &Keeper, record: &ShotRecord, brain: &SharedBrain) {
        match Effect::new(keeper, record, &self.began) {
            Ok(Some(effect)) => with(brain, |b| b.replayable = Some((number, Arc::new(effect)))),
            Ok(None) => {}
            Err(e) => eprintln!("moldsight: this shot cannot be replayed: {e}"),
        }
    }

    fn decide(
        &mut self,
        number: u64,
        time_s: f64,
        keeper: &Keeper,
        record: &ShotRecord,
        finished: &ShotSummary,
    ) -> Option<Decided> {
        let wanted = self.targets.now();
        if self.corrector.is_none() || wanted != self.made_for {
            let targets = wanted.iter().filter(|t| t.enabled).filter_map(target);
            let settings = Correction::new(targets.collect(), self.bounds.clone(), self.limits);
            self.corrector = Some(Corrector::of(settings, keeper));
            self.made_for = wanted;
        }
        let seen = Seen {
            shot: number,
            time_s,
            kind: finished.kind,
            // A process that moved is what corrections are for; a sensor that fails is not. The guard asks for more.
            trusted: !matches!(
                finished.trust.reason,
                Reason::SensorSilent(_) | Reason::DriveSilent | Reason::OutOfRange
            ),
            setpoints: self.began,
        };
        match self.corrector.as_mut()?.shot(keeper, record, &seen) {
            Ok(decided) => Some(decided),
            Err(e) => {
                eprintln!("moldsight: no correction after shot {number}: {e}");
                None
            }
        }
    }

    /// A decision as a wish, with what is expected of it.
    fn plan(&self, decided: &Decided, finished: &ShotSummary) -> Option<Plan> {
        if decided.change.is_empty() {
            return None;
        }
        let effects = decided.judged.iter().map(|j| {
            let change = j.after[0] - j.off[0];
            let (name, unit) = shown(j.quantity);
            let sd = (j.after[1].powi(2) - j.off[1].powi(2)).max(0.0).sqrt();
            guard::Effect {
                target: name.into(),
                unit: unit.into(),
                before: j.target + j.off[0],
                change,
                sd: sd.max(LEAST_DOUBT * change.abs()),
            }
        });
        let wish = Wish {
            change: decided.change.clone(),
            effects: effects.collect(),
            in_range: self.range.outside(&self.began, &decided.change).is_empty(),
        };
        Some(Plan {
            wanted: decided.change.applied_to(&self.began),
            effects: self.explained(decided, finished),
            reason: reason(decided),
            wish,
        })
    }

    /// The shot as it was, and with what the change does to it.
    fn explained(&self, decided: &Decided, finished: &ShotSummary) -> Vec<view::Effect> {
        let one = |(name, unit, quantity): &(&str, &str, Quantity)| {
            let target = self.made_for.iter().find(|t| t.quantity == *name);
            let [before, before_sd] = found(*quantity, finished);
            let [change, change_sd] = decided.effects[*quantity as usize];
            let after = [before + change, before_sd.hypot(change_sd)];
            let all = [[before, before_sd], after, [change, change_sd]];
            view::Effect {
                target: target.and_then(|t| match t.value {
                    view::Aim::Value(v) => Some(v),
                    view::Aim::Of(_) => None,
                }),
                tolerance: target.map(|t| t.tolerance),
                ..quality(name, unit, all)
            }
        };
        SHOWN.iter().map(one).collect()
    }
}

/// What a shot came to, with standard deviation; not a number for what is not estimated.
fn found(quantity: Quantity, finished: &ShotSummary) -> [f64; 2] {
    match quantity {
        Quantity::PartMass => finished.part.mass_kg,
        Quantity::Shrinkage => finished.part.shrinkage,
        Quantity::EndOfFillPressure => finished.end_of_fill_pa,
        Quantity::CoreTemperature => finished.part.hottest_k,
        _ => [f64::NAN; 2],
    }
}

/// Name and unit of a quantity on the page.
fn shown(quantity: Quantity) -> (&'static str, &'static str) {
    let known = SHOWN.iter().find(|s| s.2 == quantity);
    known.map_or((quantity.name(), quantity.unit()), |s| (s.0, s.1))
}

fn target(target: &view::Target) -> Option<Target> {
    let quantity = SHOWN.iter().find(|s| s.0 == target.quantity)?.2;
    Some(Target {
        quantity,
        aim: match target.value {
            view::Aim::Value(v) => Aim::Value(v),
            view::Aim::Of(_) => Aim::Reference,
        },
        tolerance: target.tolerance,
    })
}

/// Key of the sentence: the target that is farthest off, in its band.
fn reason(decided: &Decided) -> String {
    let worst = decided.judged.iter().max_by(|a, b| {
        let far = |j: &appliance_pipeline::correct::corrector::Judged| (j.off[0] / j.off[1]).abs();
        far(a).total_cmp(&far(b))
    });
    match worst {
        Some(j) => {
            let side = if j.off[0] < 0.0 { "low" } else { "high" };
            format!("advice.{}_{side}", shown(j.quantity).0)
        }
        None => "advice.none".into(),
    }
}

/// What must never happen: the limits of the part, and the clamp of the press.
pub fn bounds(limits: &[LimitConfig], clamp_n: Option<f64>) -> Vec<Bound> {
    let of_part = limits.iter().filter_map(|l| {
        let quantity = SHOWN.iter().find(|s| s.0 == l.name)?.2;
        Some(Bound {
            quantity,
            low: l.lower,
            high: l.upper,
        })
    });
    let clamp = clamp_n.map(|force| Bound {
        quantity: Quantity::ClampForce,
        low: None,
        high: Some(force),
    });
    of_part.chain(clamp).collect()
}
