//! The transfer wire of a node: armed while the guard allows it, withdrawn when it no longer does, and every answer told.
//!
//! ```text
//!            wanted                 acknowledged                fired
//!  nothing ---------> asked for ------------------> armed --------------> done for this shot
//!     ^                  | refused, no answer         | no longer wanted, expired, node silent
//!     '------------------+----------------------------'
//! ```
//! Each turn compares what is wanted with what is armed; so a lost packet, a node that restarts and a rule that fails for a
//! moment all come right by themselves.

mod settings;
mod words;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use appliance_pipeline::guard::{NoRoom, Room, Rule};
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::transfer::{Held, Law, Moment, Planner, Wanted};
use appliance_web::view::TransferNow;
use firmware_wire::{
    Crossing, Fallback, FireCause, HostPacket, NodeTicks, PlanAck, PlanVerdict, TransferLaw,
    TransferOutcome, TransferPlan, TransferReport, Window,
};
use tokio::sync::mpsc::Sender;

use crate::event_kind::EventKind;
use crate::press::{Key, Permit};
use crate::router::ScrewCodes;

pub use settings::TransferConfig;

/// Note of a shot's transfer in its record, JSON.
pub const NOTE: &str = "transfer";

/// Pause before a packet without an answer is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// Plans sent without an answer until the node counts as deaf to them, and plans in one fill.
const TRIES: u32 = 3;
const MOST_IN_A_FILL: u32 = 8;
/// Plans whose report may still come.
const REMEMBERED: usize = 8;
/// Difference below which two plans are the same, share of the injected volume.
const SAME: f64 = 2e-3;

/// Something to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// For page and record.
    pub now: TransferNow,
    /// What kind of event it is.
    pub kind: EventKind,
    /// The same for the log, where it is worth a line there.
    pub text: Option<String>,
}

/// A plan on its way, or armed.
#[derive(Clone, Copy, Debug)]
struct Plan {
    id: u32,
    wanted: Wanted,
    closes: u64,
    acknowledged: bool,
    /// When it is sent again without an answer.
    again: Instant,
    tries: u32,
    /// The plan it is to replace.
    before: Option<u32>,
}

/// A plan taken back.
#[derive(Clone, Copy, Debug)]
struct Withdrawal {
    plan: u32,
    /// When that is said again, and until which tick the plan could fire.
    again: Instant,
    closes: u64,
    /// Taken back because the press had transferred.
    past: bool,
}

/// What a transfer is made of.
pub struct Parts {
    /// Place of the node in the configuration.
    pub source: usize,
    /// Packets to it.
    pub to: Sender<HostPacket>,
    /// What to ask for.
    pub planner: Planner,
    /// What the guard allows.
    pub permit: Arc<Permit>,
    /// The key at the press.
    pub key: Arc<Key>,
    /// How long a plan stands before it is renewed, s.
    pub window_s: f64,
    /// Number of the first plan: higher than any before the start, so that late reports are told apart.
    pub first_id: u32,
}

/// The transfer wire of one node.
pub struct Transfer {
    parts: Parts,
    room: Result<Room, NoRoom>,
    screw: Option<ScrewCodes>,
    tick_hz: u32,
    /// Tick of the last row heard.
    tick: u64,
    next_id: u32,
    plan: Option<Plan>,
    /// Plans taken back, until the node reports their end.
    withdrawn: Vec<Withdrawal>,
    /// Plans whose report can still come.
    sent: VecDeque<(u32, Wanted)>,
    /// What the node did not take: not asked again in this shot.
    rejected: Option<Wanted>,
    phase: CyclePhase,
    fired: bool,
    in_fill: u32,
    held: Option<Held>,
    now: TransferNow,
    /// What the log said last about being armed or not.
    logged: Option<TransferNow>,
}

impl Transfer {
    /// Nothing armed.
    pub fn new(parts: Parts) -> Self {
        Self {
            room: Err(NoRoom::Rule(Rule::ReadFirst)),
            screw: None,
            tick_hz: 0,
            tick: 0,
            next_id: parts.first_id,
            plan: None,
            withdrawn: Vec::with_capacity(REMEMBERED),
            sent: VecDeque::with_capacity(REMEMBERED),
            rejected: None,
            phase: CyclePhase::Idle,
            fired: false,
            in_fill: 0,
            held: None,
            now: words::held(&Held::ScrewUnknown),
            logged: None,
            parts,
        }
    }

    /// Place of the node in the configuration.
    pub const fn source(&self) -> usize {
        self.parts.source
    }

    /// Place of the law among the mold's sensors, where it has one.
    pub fn place(&self) -> Option<usize> {
        match self.parts.planner.law() {
            Law::Pressure { place, .. } => Some(place),
            Law::InjectedVolume(_) => None,
        }
    }

    /// The node said what it measures: whatever it had armed before is gone.
    pub fn hello(&mut self, tick_hz: u32, screw: Option<ScrewCodes>) {
        (self.tick_hz, self.screw) = (tick_hz, screw);
        self.forget();
    }

    /// The line is gone. A node that hears nothing disarms by itself.
    pub fn gone(&mut self) {
        self.forget();
    }

    fn forget(&mut self) {
        (self.plan, self.rejected) = (None, None);
        self.withdrawn.clear();
    }

    /// The node's table or identity is in doubt: nothing is decided on it.
    pub fn doubt(&mut self, now: Instant) -> Option<Said> {
        self.insist(now);
        self.hold(Held::ScrewUnknown, now)
    }

    /// Whether rows of this group carry the screw.
    pub fn follows(&self, group: u8) -> bool {
        self.screw.as_ref().is_some_and(|s| s.group == group)
    }

    /// Takes a sample of the node.
    pub fn see(&mut self, moment: Moment) {
        use CyclePhase::{Fill, Idle};
        let was = std::mem::replace(&mut self.phase, moment.phase);
        // A shot may begin before the one before it was seen to end: then nobody knows where the screw started.
        let unseen = moment.phase == Fill && !matches!(was, Idle | Fill);
        if unseen || moment.phase == Idle && was != Idle {
            (self.fired, self.in_fill, self.rejected) = (false, 0, None);
            self.held = Some(Held::ScrewUnknown);
        }
        self.parts.planner.see(moment);
    }

    /// A block of the node ended with this tick.
    pub const fn heard(&mut self, tick: u64) {
        self.tick = tick;
    }

    /// A shot began: how its transfer stands. Nothing while the node has yet to answer.
    pub fn began(&mut self) -> Option<Said> {
        let now = match (&self.plan, &self.held) {
            (Some(plan), _) if plan.acknowledged => words::armed(&plan.wanted),
            (Some(_), _) => return None,
            (None, Some(held)) => words::held(held),
            // The node refused, or did not answer: that is told, and stands for this shot.
            (None, None) => self.now.clone(),
        };
        Some(self.log(now))
    }

    /// Compares what is wanted with what is armed. Called between ticks.
    pub fn tend(&mut self, now: Instant) -> Option<Said> {
        self.insist(now);
        self.screw.as_ref()?;
        if let Some(room) = self.parts.permit.look(now) {
            self.room = room;
        }
        // The key is read on this thread: it counts before the desk has looked at it.
        let room = if self.parts.key.off() {
            Err(NoRoom::Rule(Rule::Armed))
        } else {
            self.room
        };
        match self.parts.planner.wants(room) {
            Ok(wanted) => self.ask(wanted, now),
            Err(held) => self.hold(held, now),
        }
    }

    fn ask(&mut self, wanted: Wanted, now: Instant) -> Option<Said> {
        self.held = None;
        if self.fired || self.rejected.is_some_and(|r| same(&r, &wanted)) {
            return None;
        }
        let mut tries = 0;
        if let Some(plan) = &self.plan
            && same(&plan.wanted, &wanted)
        {
            let half = (0.5 * self.parts.window_s * f64::from(self.tick_hz)) as u64;
            let stands = self.phase == CyclePhase::Fill || plan.closes > self.tick + half;
            if plan.acknowledged && stands || !plan.acknowledged && now < plan.again {
                return None;
            }
            tries = if plan.acknowledged { 0 } else { plan.tries };
            if tries == TRIES {
                self.rejected = Some(wanted);
                self.withdraw(false, now);
                return Some(self.log(words::state("no_answer")));
            }
        }
        if !wanted.in_time() || self.in_fill == MOST_IN_A_FILL {
            return None;
        }
        let Some(law) = self.law(&wanted) else {
            self.rejected = Some(wanted);
            self.withdraw(false, now);
            return Some(self.log(words::no_code(&wanted)));
        };
        let closes = self.tick + (self.parts.window_s * f64::from(self.tick_hz)) as u64;
        let id = self.next_id;
        let packet = HostPacket::Arm(TransferPlan {
            id,
            law: law.0,
            window: Window {
                opens: NodeTicks(self.tick),
                closes: NodeTicks(closes),
            },
            fallback: law.1,
        });
        if self.parts.to.try_send(packet).is_err() {
            // A line that does not move; the next turn tries again.
            return None;
        }
        self.next_id = id.wrapping_add(1);
        self.in_fill += u32::from(self.phase == CyclePhase::Fill);
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back((id, wanted));
        let before = self
            .plan
            .map(|p| if p.acknowledged { Some(p.id) } else { p.before });
        self.plan = Some(Plan {
            id,
            wanted,
            closes,
            acknowledged: false,
            again: now + AGAIN,
            tries: tries + 1,
            before: before.flatten(),
        });
        None
    }

    /// Law and fallback of a plan in codes of the screw.
    fn law(&self, wanted: &Wanted) -> Option<(TransferLaw, Fallback)> {
        let screw = self.screw.as_ref()?;
        let start = screw.code(wanted.rest_m3)?;
        let travel = screw
            .code(wanted.rest_m3 - wanted.volume_m3)?
            .checked_sub(start)?;
        let level = screw.code((wanted.rest_m3 - wanted.press_m3).max(0.0))?;
        let channel = screw.channel;
        let crossing = if travel < 0 {
            Crossing::Falling
        } else {
            Crossing::Rising
        };
        let law = TransferLaw::InjectedVolume {
            channel,
            start,
            travel,
        };
        let fallback = Fallback {
            channel,
            level,
            crossing,
        };
        Some((law, fallback))
    }

    fn hold(&mut self, held: Held, now: Instant) -> Option<Said> {
        self.held = Some(held);
        let plan = self.plan?;
        let past = held == Held::PastFill;
        self.withdraw(past, now);
        // Past transfer the node may have signalled already: its report tells.
        (!past).then(|| self.log(words::withdrawn(&held, &plan.wanted)))
    }

    /// Takes back whatever may be armed.
    fn withdraw(&mut self, past: bool, now: Instant) {
        let Some(plan) = self.plan.take() else { return };
        for id in [Some(plan.id), plan.before].into_iter().flatten() {
            self.withdrawn.push(Withdrawal {
                plan: id,
                again: now,
                closes: plan.closes,
                past,
            });
        }
        self.insist(now);
    }

    /// Says again what is taken back, until the node reports its end or it could no longer fire anyway.
    fn insist(&mut self, now: Instant) {
        let (tick, to) = (self.tick, &self.parts.to);
        self.withdrawn.retain_mut(|w| {
            let disarm = HostPacket::Disarm { plan: w.plan };
            if now >= w.again && to.try_send(disarm).is_ok() {
                w.again = now + AGAIN;
            }
            tick <= w.closes
        });
    }

    /// Takes the node's answer to a plan.
    pub fn judged(&mut self, ack: &PlanAck, now: Instant) -> Option<Said> {
        let plan = self.plan.as_mut().filter(|p| p.id == ack.plan)?;
        match ack.verdict {
            PlanVerdict::Armed => {
                (plan.acknowledged, plan.before) = (true, None);
                let armed = words::armed(&plan.wanted);
                Some(self.log(armed))
            }
            PlanVerdict::Refused(why) => {
                let wanted = plan.wanted;
                self.rejected = Some(wanted);
                // The plan before it is still armed there.
                self.withdraw(false, now);
                Some(self.log(words::refused(why, &wanted)))
            }
        }
    }

    /// Takes the node's report of how a plan ended.
    pub fn ended(&mut self, report: &TransferReport, now: Instant) -> Option<Said> {
        // Not seen means told again: a full queue costs nothing.
        let seen = HostPacket::ReportSeen { plan: report.plan };
        let _ = self.parts.to.try_send(seen);
        let taken_back = self.withdrawn.iter().position(|w| w.plan == report.plan);
        let past = taken_back.is_some_and(|at| self.withdrawn.swap_remove(at).past);
        if let Some(plan) = &mut self.plan {
            plan.before = plan.before.filter(|id| *id != report.plan);
        }
        let at = self.sent.iter().position(|(id, _)| *id == report.plan)?;
        let (_, wanted) = self.sent.remove(at)?;
        if self.plan.is_some_and(|p| p.id == report.plan) {
            self.plan = None;
        }
        let said = match report.outcome {
            TransferOutcome::Fired { cause, code, .. } => {
                self.fired = true;
                // A plan that was on its way to replace this one must not signal a second time.
                self.withdraw(true, now);
                let screw = self.screw.as_ref();
                let at = screw.and_then(|s| s.volume_m3(code));
                let at = at.map(|left| wanted.rest_m3 - left);
                words::fired(cause == FireCause::Law, at, &wanted)
            }
            TransferOutcome::HostSilent => words::ended("host_silent", &wanted),
            TransferOutcome::WireFailed => words::ended("wire_failed", &wanted),
            TransferOutcome::Withdrawn if past && !self.fired => {
                words::ended("press_first", &wanted)
            }
            // Told when it was taken back, or renewed in the next turn.
            TransferOutcome::Expired | TransferOutcome::Withdrawn | TransferOutcome::Replaced => {
                return None;
            }
        };
        Some(self.log(said))
    }

    /// Keeps it for the page, and for the log when that says something new.
    fn log(&mut self, now: TransferNow) -> Said {
        let new = self.logged.as_ref().is_none_or(|l| !words::alike(l, &now));
        let text = new.then(|| words::sentence(&now));
        if new {
            self.logged = Some(now.clone());
        }
        self.now = now.clone();
        let kind = words::kind(&now);
        Said { now, kind, text }
    }
}

/// Whether two plans would fire at the same place, as far as anybody can tell.
fn same(a: &Wanted, b: &Wanted) -> bool {
    let near = |x: f64, y: f64| (x - y).abs() <= (SAME * a.volume_m3).max(a.sd_m3);
    near(a.rest_m3, b.rest_m3) && near(a.volume_m3, b.volume_m3) && near(a.press_m3, b.press_m3)
}

#[cfg(test)]
mod tests;
