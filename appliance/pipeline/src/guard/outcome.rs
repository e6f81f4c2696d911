//! What came of a write: the predicted effect beside the effect seen.

use super::decision::Order;

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectSeen {
    /// The target.
    pub target: String,
    /// Its SI unit.
    pub unit: String,
    /// Change expected.
    pub expected: f64,
    /// Standard deviation of that.
    pub sd: f64,
    /// Change seen: value of the shot less the value predicted without the order.
    pub seen: f64,
    /// (seen - expected) / sd.
    pub z: f64,
}

/// What came of an order, by shot number.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The order.
    pub order: u64,
    /// The shot it was judged by.
    pub shot: u64,
    /// Target by target; those without a value are left out.
    pub effects: Vec<EffectSeen>,
}

impl Outcome {
    /// Judges `order` by what shot `shot` showed: target and value, SI. `None` for shots that were molded before the order
    /// counted and where no target of the order has a value.
    pub fn of(order: &Order, shot: u64, values: &[(String, f64)]) -> Option<Self> {
        if shot <= order.shot {
            return None;
        }
        let effects: Vec<EffectSeen> = order
            .effects
            .iter()
            .filter_map(|effect| {
                let (_, value) = values.iter().find(|(name, _)| *name == effect.target)?;
                let seen = value - effect.before;
                seen.is_finite().then(|| EffectSeen {
                    target: effect.target.clone(),
                    unit: effect.unit.clone(),
                    expected: effect.change,
                    sd: effect.sd,
                    seen,
                    z: (seen - effect.change) / effect.sd,
                })
            })
            .collect();
        (!effects.is_empty()).then_some(Self {
            order: order.id,
            shot,
            effects,
        })
    }
}
