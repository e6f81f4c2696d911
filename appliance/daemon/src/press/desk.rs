//! Guard, link and records of one press, shared by the thread that talks to it, the shot path and the pages.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use appliance_pipeline::guard::{
    Arrow, Decision, Guard, Memory, Mode, Order, OrderKind, Shot, State, Verdict, Wish,
};
use appliance_pipeline::ports::{Limits, PressSignals, Setpoints};
use appliance_press::PressError;
use appliance_recorder::{Book, DecisionKind, Later};
use appliance_web::view;
use tokio::sync::mpsc::UnboundedSender;

use super::injecting::Injecting;
use super::key::Key;
use super::link::{Fixed, Link, told};
use super::permit::Permit;
use super::record::{self, Written};
use crate::error::DaemonError;
use crate::snapshot::now_ms;

mod kept;
mod people;

use kept::{count, unread_row};

/// What the correction would like after a shot, and how it explains it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to ask the guard for.
    pub wish: Wish,
    /// What would have been best, before limits and steps.
    pub wanted: Setpoints,
    /// What is expected of it, for people.
    pub effects: Vec<view::Effect>,
    /// Key of the sentence that says what was seen.
    pub reason: String,
}

/// Everything behind the lock.
pub(super) struct Inner {
    pub guard: Guard,
    pub limits: Limits,
    pub link: Link,
    pub counts: view::CorrectionCounts,
    pub rules: Vec<view::RuleLine>,
    pub since_ms: i64,
    /// Last arrow of the guard's drawing.
    pub arrow: Option<Arrow>,
    /// Row of the advice that waits.
    pub waiting: Option<i64>,
    /// What the last wish came from.
    pub plan: Option<Plan>,
    /// Rows of orders in hand, by order.
    rows: BTreeMap<u64, i64>,
    /// Read back well; its effect is not seen yet.
    open: Option<(Order, i64)>,
}

/// Whether an order may still go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Still {
    /// It may.
    Stands,
    /// The next shot injects already.
    TooLate,
    /// The press was lost, or the box taken off it.
    Withdrawn,
}

/// The desk.
pub struct Desk {
    inner: Mutex<Inner>,
    pub(super) fixed: Fixed,
    key: Arc<Key>,
    injecting: Arc<Injecting>,
    /// For the tick: whether a transfer signal may be added.
    permit: Arc<Permit>,
    orders: UnboundedSender<Order>,
    memory: PathBuf,
    book: Book,
    start: Instant,
}

impl Desk {
    /// With what was stored; a memory that cannot be read is set aside, and the guard starts without one.
    ///
    /// # Errors
    /// When settings or limits make no sense.
    pub fn new(
        fixed: Fixed,
        (key, injecting): (Arc<Key>, Arc<Injecting>),
        guard: impl FnOnce(Option<&Memory>) -> Result<Guard, DaemonError>,
        limits: Limits,
        memory: PathBuf,
        book: Book,
        orders: UnboundedSender<Order>,
    ) -> Result<Self, DaemonError> {
        let stored = recall(&memory);
        let guard = guard(stored.as_ref())?;
        let pending = stored.and_then(|m| m.pending);
        let rows = pending.and_then(|p| Some((p.order.id, unread_row(&book, p.order.shot)?)));
        Ok(Self {
            inner: Mutex::new(Inner {
                guard,
                limits,
                link: Link::default(),
                counts: view::CorrectionCounts::default(),
                rules: Vec::new(),
                since_ms: now_ms(),
                arrow: None,
                waiting: None,
                plan: None,
                rows: rows.into_iter().collect(),
                open: None,
            }),
            fixed,
            key,
            injecting,
            permit: Arc::default(),
            orders,
            memory,
            book,
            start: Instant::now(),
        })
    }

    /// What the guard allows within a shot, for whoever must not wait for it.
    pub fn permit(&self) -> Arc<Permit> {
        self.permit.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_s(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Time passed.
    pub fn tick(&self) {
        let inner = &mut *self.lock();
        let decision = inner.guard.tick(self.now_s());
        self.take(inner, decision);
    }

    /// Which shot injects now.
    pub fn look_at_shot(&self) {
        self.look(&mut self.lock());
    }

    fn look(&self, inner: &mut Inner) {
        inner.guard.injects(self.now_s(), self.injecting.shot());
    }

    /// The controller took a heartbeat.
    pub fn beat(&self) {
        self.lock().link.beat = Some(Instant::now());
    }

    /// The press was read. A press whose cycles have stopped counts as silent.
    pub fn reading(&self, mut signals: PressSignals, stale: bool) {
        let inner = &mut *self.lock();
        let ours = inner.guard.ours();
        if inner.link.lost.is_some() {
            eprintln!("moldsight: the press is read again");
        }
        inner.link.read(&signals, stale, &ours, now_ms());
        if stale {
            signals.age_s = f64::INFINITY;
        }
        let beat = self.fixed.abilities.heartbeat.map(|_| {
            inner
                .link
                .beat
                .map_or(f64::INFINITY, |b| b.elapsed().as_secs_f64())
        });
        let decision = inner.guard.read(self.now_s(), &signals, beat);
        self.take(inner, decision);
    }

    /// The press could not be read.
    pub fn lost(&self, error: &PressError) {
        let inner = &mut *self.lock();
        let before = inner.link.lost;
        inner.link.fail(error);
        if inner.link.lost != before {
            eprintln!("moldsight: the press cannot be read: {}", inner.link.told);
        }
        let decision = inner.guard.link_lost(self.now_s());
        self.take(inner, decision);
    }

    /// The press, or the port, did not take an order.
    pub fn refused(&self, order: &Order, error: &PressError) {
        let inner = &mut *self.lock();
        inner.link.refuse(error, now_ms());
        count(&mut inner.counts, "press");
        let decision = inner
            .guard
            .write_refused(self.now_s(), order.id, &told(error));
        self.take(inner, decision);
    }

    /// Whether an order may still go out.
    pub(super) fn stands(&self, order: &Order) -> Still {
        let inner = self.lock();
        let open = inner.guard.memory().pending;
        let in_hand = open.is_some_and(|p| p.order.id == order.id);
        let restores = order.kind == OrderKind::Restore;
        let free = restores || inner.guard.state() == State::Written;
        if !(in_hand && free && inner.link.lost.is_none()) || self.key.off() {
            return Still::Withdrawn;
        }
        let by_itself = !restores && inner.guard.mode() == Mode::Correct;
        if by_itself && self.injecting.shot() > order.shot {
            return Still::TooLate;
        }
        Still::Stands
    }

    /// An order would have come too late and never went out.
    pub(super) fn too_late(&self, order: &Order) {
        let inner = &mut *self.lock();
        let why = "not sent: the next shot injects already";
        let decision = inner.guard.not_sent(self.now_s(), order.id, why);
        self.take(inner, decision);
    }

    /// An order never went out.
    pub(super) fn withdrawn(&self, order: &Order) {
        let inner = &mut *self.lock();
        let why = "withdrawn before it was sent";
        let decision = inner.guard.write_refused(self.now_s(), order.id, why);
        self.take(inner, decision);
    }

    /// A shot ended. `ran_with` are the setpoints it began with, `found` is what it came to: target, value, standard
    /// deviation, SI.
    pub fn shot_ended(
        &self,
        shot: Shot,
        plan: Option<Plan>,
        ran_with: &Setpoints,
        found: &[(String, f64, f64)],
    ) {
        let inner = &mut *self.lock();
        self.outcome(inner, shot.number, ran_with, found);
        inner.plan = plan;
        let wished = shot.wish.is_some();
        self.look(inner);
        let decision = inner.guard.shot_ended(self.now_s(), shot);
        if wished && decision.verdict == Verdict::Nothing {
            for check in decision.failed() {
                count(&mut inner.counts, check.rule.key());
            }
            // The page shows what would have been asked and what forbade it.
            let (_, view) = record::kept(&decision, inner.plan.as_ref(), now_ms());
            let _ = self.keep(DecisionKind::Nothing, &view);
        }
        self.take(inner, decision);
    }

    /// Setpoints as last read.
    pub fn setpoints(&self) -> Option<Setpoints> {
        let inner = self.lock();
        inner.link.signals.as_ref().map(|(s, _)| s.setpoints)
    }

    /// Everything that follows from a decision, in the order in which a pulled plug does the least harm.
    fn take(&self, inner: &mut Inner, decision: Decision) {
        // First of all: what is forbidden from now on must not wait for a disk.
        self.permit.set(inner.guard.room(), Instant::now());
        inner.rules = record::rules(&decision.reasons);
        if let Some(arrow) = decision.arrows.last() {
            (inner.arrow, inner.since_ms) = (Some(*arrow), now_ms());
            println!("press: {} ({})", decision.state.key(), arrow.key());
        }
        let stored = if decision.store {
            let memory = serde_json::to_vec(&inner.guard.memory()).map_err(std::io::Error::other);
            memory.and_then(|bytes| crate::keep::write(&self.memory, &bytes))
        } else {
            Ok(())
        };
        if let (Err(why), false) = (&stored, matches!(decision.verdict, Verdict::Write(_))) {
            eprintln!("moldsight: what the guard knows cannot be stored: {why}");
        }
        if let Some(read) = &decision.read_back {
            self.read_back(inner, read);
        }
        let ended = decision.arrows.iter().any(|a| {
            matches!(
                a,
                Arrow::Expired
                    | Arrow::Held
                    | Arrow::TakenOff
                    | Arrow::Observed
                    | Arrow::OperatorEdit
            )
        });
        if ended
            && inner.guard.advice().is_none()
            && let Some(row) = inner.waiting.take()
        {
            let why = decision.arrows.last().map(|a| a.key().to_owned());
            inner.rows.retain(|_, kept| *kept != row);
            self.answer(inner, row, None, false, why);
        }
        match &decision.verdict {
            Verdict::Nothing => {}
            Verdict::Advise(advice) => {
                let (kind, mut view) = record::kept(&decision, inner.plan.as_ref(), now_ms());
                view.expires_ms = Some(now_ms() + (1e3 * self.fixed.advice_s) as i64);
                match self.keep(kind, &view) {
                    Ok(row) => {
                        inner.rows.insert(advice.id(), row);
                        inner.waiting = Some(row);
                    }
                    Err(why) => eprintln!("moldsight: advice cannot be kept: {why}"),
                }
            }
            Verdict::Write(order) => {
                let sent = stored
                    .map_err(|e| format!("storing what is written: {e}"))
                    .and_then(|()| self.send(inner, order, &decision));
                if let Err(why) = sent {
                    // Nothing is written that cannot be remembered.
                    let next = inner.guard.write_refused(self.now_s(), order.id, &why);
                    self.take(inner, next);
                }
            }
        }
    }

    /// Notes an order in the book and hands it to the thread of the press.
    fn send(&self, inner: &mut Inner, order: &Order, decision: &Decision) -> Result<(), String> {
        let row = match inner.rows.get(&order.id) {
            Some(row) => *row,
            None => {
                let (kind, view) = record::kept(decision, inner.plan.as_ref(), now_ms());
                self.keep(kind, &view)?
            }
        };
        inner.rows.insert(order.id, row);
        inner.waiting = None;
        let written = Written {
            at_ms: now_ms(),
            ..Written::default()
        };
        self.tell(row, Later::Written, &written, "moldsight")?;
        inner.counts.writes += 1;
        inner.open = Some((order.clone(), row));
        let gone = |_| "the thread of the press is gone".to_owned();
        self.orders.send(order.clone()).map_err(gone)
    }
}

impl Inner {
    /// The order of the advice that a row holds, while it waits.
    fn order_of(&self, row: i64) -> Option<u64> {
        let advice = self.guard.advice()?.id();
        (self.rows.get(&advice) == Some(&row)).then_some(advice)
    }
}

/// What was stored; a file that cannot be used is set aside.
fn recall(path: &std::path::Path) -> Option<Memory> {
    let bytes = std::fs::read(path).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(memory) => Some(memory),
        Err(error) => {
            let aside = path.with_extension("damaged");
            eprintln!(
                "moldsight: {}: {error}; set aside, the press starts unarmed",
                path.display()
            );
            let _ = std::fs::rename(path, aside);
            None
        }
    }
}
