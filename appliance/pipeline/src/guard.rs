//! Decides, after each shot and at each reading of the press, whether a wish may be written now. Pure: the caller brings the
//! time and does the writing. Whatever is unclear, nothing is written.
//!
//! ```text
//!              ReadObserving                      Armed
//!         .------------------> Observing ------------------------.
//!         |                                                      v        Advised
//!         |    ReadUnarmed                  Armed             .-------. ------------> Waiting
//!  Unread-+------------------> Released --------------------> | Ready | <------------ |  |
//!         |                     ^    ^                        '-------'  Declined,       |
//!         |             TimedOut|    |NotReadBack,             ^  |  ^   Expired         |
//!         |                     |    |WriteRefused             |  |  | ReadBack          |Confirmed
//!         |                     |    '----------------------.  |  |  '----------.        |
//!         |    ReadAsLeft       |            Steadied       |  |  | Wrote       |        |
//!         |------------------> Holding ---------------------|--'  '----------> Written <-'
//!         |                     ^ EditAccepted,             |                   |
//!         |    ReadOtherwise    | Untouched                 '-------------------'
//!         '------------------> Edited
//!
//!  Held:         Ready, Waiting, Written          -> Holding     link, freshness, heartbeat, automatic or trust failed
//!  OperatorEdit: Ready, Waiting, Written, Holding -> Edited      a setpoint moved that the guard did not move
//!  NotReadBack, WriteRefused: from whichever armed state the write is still open in
//!  NotSent:      Written                          -> Ready       the next shot injects already
//!  TakenOff:     every state but Unread           -> Released    in Unread: not armed any more
//!  Observed:     every state but Unread           -> Observing   in Unread: not armed any more
//! ```
//! `Restored` and `NotRestored` happen within `Released`: after `TakenOff` or `TimedOut` the recipe of before goes out once, where
//! the settings say so and the rules of a restore pass. Each arrow is an [`Arrow`].

use crate::error::PipelineError;
use crate::kind::Kind;
use crate::ports::{Limits, PressSignals, Setpoints};
use crate::trust::TrustState;

mod clip;
pub mod decision;
mod memory;
mod order;
pub mod outcome;
mod pause;
mod person;
mod read;
pub mod rules;
mod settings;
mod state;
mod steer;

pub use clip::Clipped;
pub use decision::{
    Advice, Decision, Effect, Order, OrderKind, ReadBack, Role, Seen, Shot, Verdict, Wish,
};
pub use memory::{Memory, Move, Pending};
pub use outcome::{EffectSeen, Outcome};
pub use rules::{Check, Rule};
pub use settings::{GuardSettings, Mode};
pub use state::{Arrow, State};
pub use steer::{NoRoom, Room};

use memory::{Moves, listed, placed};
use pause::Pause;
use rules::{Reading, View};

/// The machine. Its clock is any that only goes forward while the process lives, in seconds.
#[derive(Clone, Debug)]
pub struct Guard {
    settings: GuardSettings,
    limits: Limits,
    state: State,
    mode: Mode,
    /// Still to be armed or not after the first reading.
    armed_before: bool,
    edited_before: bool,
    now_s: f64,
    link: bool,
    reading: Option<Reading>,
    known: Setpoints,
    baseline: Setpoints,
    /// Written, not read back; and when.
    pending: Option<(Order, f64)>,
    moves: Moves,
    shot: Option<(u64, Kind, TrustState)>,
    pause: Pause,
    wish: Option<(Wish, f64)>,
    advice: Option<Advice>,
    /// The recipe of before is still to be written; since when.
    restoring: Option<f64>,
    last_write_shot: Option<u64>,
    last_id: u64,
    good: u32,
    held_since_s: f64,
    untouched: u32,
    person_only: bool,
    // Of the event in hand.
    arrows: Vec<Arrow>,
    read_back: Option<ReadBack>,
    seen_wish: Option<Wish>,
    clipped: Option<Clipped>,
    checks: Vec<Check>,
    person_checks: Vec<Check>,
    confirmed: bool,
    changed: bool,
}

impl Guard {
    /// At the start of the process, with what was stored; `None` on the first start ever.
    ///
    /// # Errors
    /// [`PipelineError::Guard`] when settings or limits make no sense.
    pub fn new(
        settings: GuardSettings,
        limits: Limits,
        memory: Option<&Memory>,
        now_s: f64,
    ) -> Result<Self, PipelineError> {
        settings.check(&limits)?;
        let first = Memory {
            mode: settings.mode,
            ..Memory::default()
        };
        let memory = memory.unwrap_or(&first);
        let mode = memory.mode.min(settings.mode);
        Ok(Self {
            settings,
            limits,
            state: State::Unread,
            mode,
            armed_before: memory.armed && mode != Mode::Observe,
            edited_before: memory.edited,
            now_s,
            link: false,
            reading: None,
            known: placed(&memory.ours),
            baseline: placed(&memory.baseline),
            pending: memory
                .pending
                .as_ref()
                .map(|p| (p.order.clone(), now_s - p.age_s)),
            moves: Moves::restored(&memory.moves, now_s),
            shot: None,
            pause: Pause::new(),
            wish: None,
            advice: None,
            restoring: None,
            last_write_shot: memory.last_write_shot,
            last_id: memory.last_id,
            good: 0,
            held_since_s: now_s,
            untouched: 0,
            person_only: memory.person_only,
            arrows: Vec::new(),
            read_back: None,
            seen_wish: None,
            clipped: None,
            checks: Vec::new(),
            person_checks: Vec::new(),
            confirmed: false,
            changed: false,
        })
    }

    /// What must be stored; ages are as of the last event.
    pub fn memory(&self) -> Memory {
        let unread = self.state == State::Unread;
        Memory {
            mode: self.mode,
            armed: if unread {
                self.armed_before
            } else {
                self.state.armed()
            },
            edited: if unread {
                self.edited_before
            } else {
                self.state == State::Edited
            },
            person_only: self.person_only,
            ours: listed(&self.known),
            baseline: listed(&self.baseline),
            pending: self.pending.as_ref().map(|(order, at_s)| Pending {
                order: order.clone(),
                age_s: self.now_s - at_s,
            }),
            moves: self.moves.stored(self.now_s),
            last_write_shot: self.last_write_shot,
            last_id: self.last_id,
        }
    }

    /// State.
    pub fn state(&self) -> State {
        self.state
    }

    /// Mode in force.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Advice that waits for a person.
    pub fn advice(&self) -> Option<&Advice> {
        self.advice.as_ref()
    }

    /// Setpoints as the guard knows them: its own, or accepted.
    pub fn ours(&self) -> Setpoints {
        let mut ours = self.known;
        if let Some((order, _)) = &self.pending {
            ours = order.change.applied_to(&ours);
        }
        ours
    }

    /// The recipe of before, with every later edit in it.
    pub fn baseline(&self) -> &Setpoints {
        &self.baseline
    }

    /// Takes a reading of the press; `heartbeat_age_s` is the time since the controller last took our heartbeat, where it has one.
    pub fn read(
        &mut self,
        now_s: f64,
        signals: &PressSignals,
        heartbeat_age_s: Option<f64>,
    ) -> Decision {
        self.begin(now_s);
        self.link = true;
        self.reading = Some(Reading {
            signals: signals.clone(),
            heartbeat_age_s,
            at_s: self.now_s,
        });
        self.take_reading();
        self.decide()
    }

    /// The press no longer answers.
    pub fn link_lost(&mut self, now_s: f64) -> Decision {
        self.begin(now_s);
        self.link = false;
        self.decide()
    }

    /// Time passes.
    pub fn tick(&mut self, now_s: f64) -> Decision {
        self.begin(now_s);
        self.decide()
    }

    /// Shot `number` injects: what was decided about an earlier one comes too late.
    pub fn injects(&mut self, now_s: f64, number: u64) {
        self.begin(now_s);
        self.pause.injects(self.now_s, number);
    }

    /// A shot ended. Advice and a wish of an earlier shot expire.
    pub fn shot_ended(&mut self, now_s: f64, shot: Shot) -> Decision {
        self.begin(now_s);
        self.withdraw(Arrow::Expired);
        self.shot = Some((shot.number, shot.kind, shot.trust));
        self.pause.ends(self.now_s, shot.number);
        self.seen_wish.clone_from(&shot.wish);
        self.wish = shot.wish.map(|wish| (wish, self.now_s));
        match self.state {
            State::Holding => {
                let good = shot.kind == Kind::Production && self.stands();
                self.good = if good { self.good + 1 } else { 0 };
                if self.good >= self.settings.good_shots {
                    self.go(State::Ready, Arrow::Steadied);
                }
            }
            State::Edited if rules::pass(&[Rule::LinkUp, Rule::SignalsFresh], &self.view()) => {
                self.untouched += 1;
                let enough = self
                    .settings
                    .untouched_shots
                    .is_some_and(|n| self.untouched >= n);
                if enough && !self.person_only {
                    self.enter_hold(Arrow::Untouched);
                }
            }
            _ => {}
        }
        self.decide()
    }

    fn begin(&mut self, now_s: f64) {
        // A clock that jumps back, or says nothing, stands still here.
        if now_s.is_finite() {
            self.now_s = self.now_s.max(now_s);
        }
    }

    fn go(&mut self, state: State, arrow: Arrow) {
        self.state = state;
        self.arrows.push(arrow);
    }

    fn enter_hold(&mut self, arrow: Arrow) {
        (self.good, self.held_since_s) = (0, self.now_s);
        self.go(State::Holding, arrow);
    }

    /// Whether everything is as it should be outside of the guard.
    fn stands(&self) -> bool {
        rules::pass(&Rule::STANDING, &self.view())
    }

    fn view(&self) -> View<'_> {
        View {
            settings: &self.settings,
            limits: &self.limits,
            now_s: self.now_s,
            state: self.state,
            mode: self.mode,
            link: self.link,
            reading: self.reading.as_ref(),
            known: (self.state != State::Unread).then_some(&self.known),
            pending: self.pending.is_some(),
            shot: self.shot,
            pause: &self.pause,
            last_write_shot: self.last_write_shot,
            moved: self.moves.sums(self.now_s),
            asked: None,
        }
    }

    /// Advice no longer waits.
    fn withdraw(&mut self, arrow: Arrow) {
        if self.advice.take().is_some() && self.state == State::Waiting {
            self.go(State::Ready, arrow);
        }
    }

    /// To `Released`; with `restore` the recipe of before is to be written, where the settings say so.
    fn release(&mut self, arrow: Arrow, restore: bool) {
        self.advice = None;
        self.wish = None;
        self.restoring = (restore && self.settings.restore).then_some(self.now_s);
        self.go(State::Released, arrow);
    }
}
