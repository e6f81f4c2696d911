//! What a live step needs of its predecessor alone, evaluated before the step is due: a fifth to a half of its work, in a
//! tick that has nothing else to do. The step that follows comes out the same to the bit.

use super::model::Model;
use super::state::{Filling, State};
use super::step::Stepper;
use super::{flow, live, mass};

/// What has been evaluated of the state that the next step starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ahead {
    /// Nothing.
    Nothing,
    /// Properties and fluidities at rest.
    Properties,
    /// Also what half edges carry, in the mold opened by that much, m: no front moves.
    Edges { opening: f64 },
}

impl Stepper {
    /// Evaluates what the next live step needs of `old` alone. That step must start from the same `old`.
    pub fn prepare(&mut self, model: &Model, old: &State) {
        if self.ahead != Ahead::Nothing {
            return;
        }
        live::properties(model, old, &mut self.work);
        let resting = |f: &Filling| matches!(f, Filling::Full | Filling::Detached);
        self.ahead = if old.filling.iter().all(resting) {
            mass::open_gaps(model, old.opening, &mut self.work);
            flow::half_edges(model, old, &mut self.work);
            Ahead::Edges {
                opening: old.opening,
            }
        } else {
            Ahead::Properties
        };
    }

    /// Forgets what was prepared: the next step starts elsewhere.
    pub fn forget(&mut self) {
        self.ahead = Ahead::Nothing;
    }

    /// Evaluates what is missing once `new` stands at the step's start.
    pub(super) fn complete(&mut self, model: &Model, old: &State, new: &State) {
        let ahead = std::mem::replace(&mut self.ahead, Ahead::Nothing);
        if ahead == Ahead::Nothing {
            live::properties(model, new, &mut self.work);
        } else {
            live::reservoir(model, new, &mut self.work);
            for node in 1..model.nodes() {
                // The front has only just entered.
                if old.filling[node] == Filling::Empty && new.filling[node] != Filling::Empty {
                    live::node_properties(model, new, node, &mut self.work);
                }
            }
        }
        self.work.edges_ready = match ahead {
            Ahead::Edges { opening } => opening == new.opening && old.gradient == new.gradient,
            _ => false,
        };
    }
}
