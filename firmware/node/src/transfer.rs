//! Executes the transfer plan: armed by the host, decided right after the sample, fired by pin.
//!
//! ```text
//!          arm (judged)               law or fallback met in the window
//!   idle ---------------> armed ------------------------------------------> fired --> idle
//!                           |--- window closed -----> expired ------------------------^
//!                           |--- host silent -------> disarmed -----------------------|
//!                           '--- withdrawn, replaced -> disarmed ---------------------'
//! ```
//! Whatever ends a plan, the press's own switch-over is still there and always was.

use crate::clock::TickTimer;
use crate::sampler::{GroupSampler, Row};
use embedded_hal::digital::OutputPin;
use firmware_wire::{
    FireCause, NodeTicks, PlanAck, PlanVerdict, Refusal, TransferLaw, TransferOutcome,
    TransferPlan, TransferReport,
};
use heapless::Deque;

/// How long the node stays armed at most, and for how long the wire is held.
#[derive(Clone, Copy, Debug)]
pub struct TransferLimits {
    /// Longest time from arming to the end of the window.
    pub armed_ticks: u64,
    /// Length of the pulse on the wire.
    pub pulse_ticks: u64,
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    plan: TransferPlan,
    law_at: usize,
    fallback_at: usize,
}

/// The wire and the plan for it.
#[derive(Debug)]
pub struct TransferWire<P> {
    pin: P,
    limits: TransferLimits,
    armed: Option<Armed>,
    release_at: Option<NodeTicks>,
    reports: Deque<TransferReport, 4>,
}

impl<P: OutputPin> TransferWire<P> {
    /// A wire at rest.
    pub fn new(mut pin: P, limits: TransferLimits) -> Self {
        let release_at = pin.set_low().is_err().then_some(NodeTicks(0));
        Self {
            pin,
            limits,
            armed: None,
            release_at,
            reports: Deque::new(),
        }
    }

    /// Judges a plan and arms it if it is sound. A refused plan leaves the one before it armed.
    pub fn arm(&mut self, plan: TransferPlan, now: NodeTicks, group: &GroupSampler<'_>) -> PlanAck {
        let verdict = match self.judge(&plan, now, group) {
            Ok(armed) => {
                self.end(now, TransferOutcome::Replaced);
                self.armed = Some(armed);
                PlanVerdict::Armed
            }
            Err(refusal) => PlanVerdict::Refused(refusal),
        };
        PlanAck {
            plan: plan.id,
            at: now,
            verdict,
        }
    }

    fn judge(
        &self,
        plan: &TransferPlan,
        now: NodeTicks,
        group: &GroupSampler<'_>,
    ) -> Result<Armed, Refusal> {
        let window = plan.window;
        if window.closes < window.opens {
            return Err(Refusal::WindowEmpty);
        }
        if window.closes <= now {
            return Err(Refusal::WindowPast);
        }
        if window.closes.since(now) > self.limits.armed_ticks {
            return Err(Refusal::WindowTooLong);
        }
        let law_at = position(group, plan.law.channel())?;
        let fallback_at = position(group, plan.fallback.channel)?;
        let level = match plan.law {
            TransferLaw::Threshold { level, .. } => Some(level),
            TransferLaw::InjectedVolume { travel: 0, .. } => None,
            TransferLaw::InjectedVolume { start, travel, .. } => start.checked_add(travel),
        };
        if !in_range(group, plan.law.channel(), level)
            || !in_range(group, plan.fallback.channel, Some(plan.fallback.level))
        {
            return Err(Refusal::LevelOutOfRange);
        }
        let (Some(law_code), Some(fallback_code)) =
            (group.latest(law_at), group.latest(fallback_at))
        else {
            return Err(Refusal::ChannelFaulty);
        };
        let reached = plan.law.reached(law_code)
            || plan
                .fallback
                .crossing
                .reached(fallback_code, plan.fallback.level);
        if reached {
            return Err(Refusal::AlreadyReached);
        }
        Ok(Armed {
            plan: *plan,
            law_at,
            fallback_at,
        })
    }

    /// Looks at a fresh row and fires if the plan says so.
    pub fn decide(&mut self, row: &Row<'_>, timer: &mut impl TickTimer) {
        let Some(armed) = self.armed else { return };
        let window = armed.plan.window;
        if row.due < window.opens || row.due > window.closes {
            return;
        }
        let usable = |at: usize| (!row.unusable.has(at)).then(|| row.codes[at]);
        let fallback = armed.plan.fallback;
        let decided = match (usable(armed.law_at), usable(armed.fallback_at)) {
            (Some(code), _) if armed.plan.law.reached(code) => Some((FireCause::Law, code)),
            (_, Some(code)) if fallback.crossing.reached(code, fallback.level) => {
                Some((FireCause::FallbackPosition, code))
            }
            _ => None,
        };
        let Some((cause, code)) = decided else { return };
        let set = self.pin.set_high();
        let fired = timer.now();
        let outcome = match set {
            Ok(()) => TransferOutcome::Fired {
                cause,
                index: row.index,
                due: row.due,
                fired,
                code,
            },
            Err(_) => TransferOutcome::WireFailed,
        };
        self.release_at = Some(fired.plus(self.limits.pulse_ticks));
        self.end(fired, outcome);
    }

    /// Ends the pulse and lets a plan expire. Call often.
    pub fn tend(&mut self, now: NodeTicks) {
        if self.release_at.is_some_and(|at| now >= at) && self.pin.set_low().is_ok() {
            self.release_at = None;
        }
        if self
            .armed
            .is_some_and(|armed| now > armed.plan.window.closes)
        {
            self.end(now, TransferOutcome::Expired);
        }
    }

    /// The host has gone quiet: nothing may fire on its behalf.
    pub fn host_silent(&mut self, now: NodeTicks) {
        self.end(now, TransferOutcome::HostSilent);
    }

    /// The host takes a plan back.
    pub fn withdraw(&mut self, plan: u32, now: NodeTicks) {
        if self.armed.is_some_and(|armed| armed.plan.id == plan) {
            self.end(now, TransferOutcome::Withdrawn);
        }
    }

    /// Whether a plan is armed.
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        self.armed.is_some()
    }

    /// The oldest report the host has not seen.
    #[must_use]
    pub fn report(&self) -> Option<TransferReport> {
        self.reports.front().copied()
    }

    /// The host has seen the report of this plan.
    pub fn report_seen(&mut self, plan: u32) {
        if self.report().is_some_and(|report| report.plan == plan) {
            self.reports.pop_front();
        }
    }

    fn end(&mut self, at: NodeTicks, outcome: TransferOutcome) {
        if let Some(armed) = self.armed.take() {
            if self.reports.is_full() {
                self.reports.pop_front();
            }
            let plan = armed.plan.id;
            // Room was made just above.
            let _ = self.reports.push_back(TransferReport { plan, at, outcome });
        }
    }
}

fn position(group: &GroupSampler<'_>, channel: u8) -> Result<usize, Refusal> {
    if usize::from(channel) >= group.specs().len() {
        return Err(Refusal::NoSuchChannel);
    }
    group.position(channel).ok_or(Refusal::ChannelTooSlow)
}

fn in_range(group: &GroupSampler<'_>, channel: u8, level: Option<i32>) -> bool {
    let info = &group.specs()[usize::from(channel)].info;
    level.is_some_and(|level| (info.code_min..=info.code_max).contains(&level))
}
