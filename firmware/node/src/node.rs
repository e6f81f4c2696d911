//! The main loop's part: talks to the host, serves slow groups, empties the double buffers.
//!
//! The fast part ([`Fast`]) belongs to the timer interrupt. The main loop reaches it through
//! [`FastAccess`], on a microcontroller inside a critical section of a few microseconds.

use crate::block_buffer::Block;
use crate::channel::{ChannelBank, ChannelSpec};
use crate::clock::TickTimer;
use crate::host_link::HostLink;
use crate::sampler::GroupSampler;
use crate::sorting::{Sorting, SortingLines};
use crate::transfer::TransferWire;
use crate::tx_queue::TxQueue;
use embedded_hal::digital::OutputPin;
use firmware_wire::{
    Counters, DecodeError, Decoder, Fault, FromHost, FromNode, GroupCounters, GroupInfo, Hello,
    HostPacket, MAX_FRAME, NodeId, NodePacket, NodeTicks, OutputPolicy, PlanAck, ResetCause,
    SyncReply, TransferPlan, TransferReport, encode,
};

/// What the timer interrupt owns: the clock, the fast group, the transfer wire.
#[derive(Debug)]
pub struct Fast<'t, B, P, T> {
    /// The free-running timer.
    pub timer: T,
    /// The fast group.
    pub sampler: GroupSampler<'t>,
    /// Its converter.
    pub bank: B,
    /// The wire to the press.
    pub wire: TransferWire<P>,
}

impl<B: ChannelBank, P: OutputPin, T: TickTimer> Fast<'_, B, P, T> {
    /// The whole of the timer interrupt: sample, decide, tidy up. True when a row was read.
    pub fn tick(&mut self) -> bool {
        let now = self.timer.now();
        let row = self.sampler.service(now, &mut self.bank);
        if let Some(row) = &row {
            self.wire.decide(row, &mut self.timer);
        }
        let sampled = row.is_some();
        self.wire.tend(now);
        sampled
    }
}

/// What the main loop asks of the fast part.
pub trait FastPath {
    /// The time.
    fn now(&mut self) -> NodeTicks;
    /// Judge a plan.
    fn arm(&mut self, plan: TransferPlan) -> PlanAck;
    /// Take a plan back.
    fn withdraw(&mut self, plan: u32);
    /// The host is silent.
    fn host_silent(&mut self);
    /// The report the host has not seen.
    fn report(&self) -> Option<TransferReport>;
    /// The host has seen it.
    fn report_seen(&mut self, plan: u32);
    /// Move a full block out.
    fn take_block(&mut self, into: &mut Block) -> bool;
    /// The next fault change.
    fn take_fault(&mut self) -> Option<Fault>;
    /// The group's account.
    fn counters(&self) -> GroupCounters;
}

impl<B: ChannelBank, P: OutputPin, T: TickTimer> FastPath for Fast<'_, B, P, T> {
    fn now(&mut self) -> NodeTicks {
        self.timer.now()
    }
    fn arm(&mut self, plan: TransferPlan) -> PlanAck {
        let now = self.timer.now();
        self.wire.arm(plan, now, &self.sampler)
    }
    fn withdraw(&mut self, plan: u32) {
        let now = self.timer.now();
        self.wire.withdraw(plan, now);
    }
    fn host_silent(&mut self) {
        let now = self.timer.now();
        self.wire.host_silent(now);
    }
    fn report(&self) -> Option<TransferReport> {
        self.wire.report()
    }
    fn report_seen(&mut self, plan: u32) {
        self.wire.report_seen(plan);
    }
    fn take_block(&mut self, into: &mut Block) -> bool {
        self.sampler.take(into)
    }
    fn take_fault(&mut self) -> Option<Fault> {
        self.sampler.take_fault()
    }
    fn counters(&self) -> GroupCounters {
        self.sampler.counters()
    }
}

/// How the main loop gets at the fast part.
pub trait FastAccess {
    /// Runs `f` with the fast part to itself. Keep `f` short.
    fn with<R>(&mut self, f: impl FnOnce(&mut dyn FastPath) -> R) -> R;
}

impl<F: FastPath> FastAccess for F {
    fn with<R>(&mut self, f: impl FnOnce(&mut dyn FastPath) -> R) -> R {
        f(self)
    }
}

/// A group read from the main loop: slow buses, slow sensors.
pub struct SlowGroup<'t, 'b> {
    /// Its sampler.
    pub sampler: GroupSampler<'t>,
    /// Its sensors.
    pub bank: &'b mut dyn ChannelBank,
}

/// Who the node is and what it measures.
#[derive(Clone, Debug)]
pub struct Identity<'t> {
    /// The chip's number.
    pub node: NodeId,
    /// Build and board.
    pub build: &'t str,
    /// Restarts so far.
    pub boot: u32,
    /// Why it restarted.
    pub reset: ResetCause,
    /// The last panic.
    pub panic: &'t str,
    /// Ticks in a second.
    pub tick_hz: u32,
    /// Rates; group 0 is the fast one.
    pub groups: &'t [GroupInfo],
    /// The channel table.
    pub channels: &'t [ChannelSpec<'t>],
}

impl<'t> Identity<'t> {
    fn hello(&self, now: NodeTicks, outputs: OutputPolicy) -> Hello<'t> {
        Hello {
            node: self.node,
            build: self.build,
            boot: self.boot,
            reset: self.reset,
            panic: self.panic,
            tick_hz: self.tick_hz,
            now,
            outputs,
            groups: self.groups.iter().copied().collect(),
            channels: self.channels.iter().map(|c| c.info.clone()).collect(),
        }
    }
}

/// The node's main loop, without the loop.
pub struct Node<'t, L> {
    identity: Identity<'t>,
    decoder: Decoder<FromHost>,
    link: HostLink,
    sorting: Sorting<L>,
    tx: TxQueue,
    block: Block,
    hello_due: Option<NodeTicks>,
    report_due: NodeTicks,
    counters_due: NodeTicks,
    host_frames: u32,
    host_bad_frames: u32,
}

impl<'t, L: SortingLines> Node<'t, L> {
    /// A node that says hello at its first poll.
    pub fn new(identity: Identity<'t>, lines: L, policy: OutputPolicy) -> Self {
        Self {
            identity,
            decoder: Decoder::new(),
            link: HostLink::new(policy.silence_ticks),
            sorting: Sorting::new(lines, policy),
            tx: TxQueue::new(),
            block: Block::new(),
            hello_due: Some(NodeTicks(0)),
            report_due: NodeTicks(0),
            counters_due: NodeTicks(0),
            host_frames: 0,
            host_bad_frames: 0,
        }
    }

    /// Takes bytes from the host. `now` is when the last of them arrived.
    pub fn receive(&mut self, bytes: &[u8], now: NodeTicks, fast: &mut impl FastAccess) {
        let mut decoder = core::mem::take(&mut self.decoder);
        decoder.feed(bytes, |packet| match packet {
            Ok(packet) => {
                self.host_frames = self.host_frames.wrapping_add(1);
                if self.link.is_silent(now) {
                    // Whoever is back missed what happened meanwhile.
                    self.sorting.tell_again();
                }
                self.link.hear(now);
                self.obey(packet, now, fast);
            }
            Err(error) => {
                self.host_bad_frames = self.host_bad_frames.wrapping_add(1);
                // Noise says nothing. A sound frame that cannot be read may have been a verdict.
                if matches!(error, DecodeError::Version { .. } | DecodeError::Malformed) {
                    self.sorting.unreadable(now);
                }
            }
        });
        self.decoder = decoder;
    }

    fn obey(&mut self, packet: HostPacket, now: NodeTicks, fast: &mut impl FastAccess) {
        match packet {
            HostPacket::HelloRequest => self.hello_due = Some(now),
            HostPacket::KeepAlive => {}
            HostPacket::Sync(request) => {
                let sent = fast.with(|fast| fast.now());
                self.say(&NodePacket::Sync(SyncReply {
                    id: request.id,
                    received: now,
                    sent,
                }));
            }
            HostPacket::Arm(plan) => {
                let ack = fast.with(|fast| fast.arm(plan));
                self.say(&NodePacket::PlanAck(ack));
            }
            HostPacket::Disarm { plan } => fast.with(|fast| fast.withdraw(plan)),
            HostPacket::ReportSeen { plan } => fast.with(|fast| fast.report_seen(plan)),
            HostPacket::SetOutput(command) => self.sorting.set(command, now),
        }
    }

    /// One turn of the main loop.
    pub fn poll(&mut self, fast: &mut impl FastAccess, slow: &mut [SlowGroup<'t, '_>]) {
        let now = fast.with(|fast| fast.now());
        let silent = self.link.is_silent(now);
        self.sorting.tend(now);
        if silent {
            self.sorting.host_silent(now);
            fast.with(|fast| fast.host_silent());
        }
        self.greet(now, silent);
        self.report(now, fast);
        self.send_samples(now, fast, slow);
        self.account(now, fast, slow);
    }

    fn greet(&mut self, now: NodeTicks, silent: bool) {
        if self.hello_due.is_some_and(|due| now >= due) && self.tx.has_room(0) {
            let hello = self.identity.hello(now, self.sorting.policy());
            self.say(&NodePacket::Hello(hello));
            self.hello_due = None;
        }
        if silent && self.hello_due.is_none() {
            self.hello_due = Some(now.plus(u64::from(self.identity.tick_hz)));
        }
        if self.tx.has_room(0)
            && let Some(state) = self.sorting.take_news()
        {
            self.say(&NodePacket::Output(state));
        }
    }

    fn report(&mut self, now: NodeTicks, fast: &mut impl FastAccess) {
        if !self.tx.has_room(0) {
            return;
        }
        match fast.with(|fast| fast.report()) {
            Some(report) if now >= self.report_due => {
                self.say(&NodePacket::TransferReport(report));
                self.report_due = now.plus(u64::from(self.identity.tick_hz / 10));
            }
            Some(_) => {}
            None => self.report_due = now,
        }
    }

    fn send_samples(
        &mut self,
        now: NodeTicks,
        fast: &mut impl FastAccess,
        slow: &mut [SlowGroup<'t, '_>],
    ) {
        let mut block = core::mem::take(&mut self.block);
        while self.tx.has_room(1) && fast.with(|fast| fast.take_block(&mut block)) {
            self.say(&NodePacket::Samples(block.as_sample_block()));
        }
        while self.tx.has_room(1)
            && let Some(fault) = fast.with(|fast| fast.take_fault())
        {
            self.say(&NodePacket::Fault(fault));
        }
        for group in slow {
            group.sampler.service(now, &mut group.bank);
            while self.tx.has_room(1) && group.sampler.take(&mut block) {
                self.say(&NodePacket::Samples(block.as_sample_block()));
            }
            while self.tx.has_room(1)
                && let Some(fault) = group.sampler.take_fault()
            {
                self.say(&NodePacket::Fault(fault));
            }
        }
        self.block = block;
    }

    fn account(&mut self, now: NodeTicks, fast: &mut impl FastAccess, slow: &[SlowGroup<'t, '_>]) {
        if now < self.counters_due || !self.tx.has_room(0) {
            return;
        }
        self.counters_due = now.plus(u64::from(self.identity.tick_hz));
        let mut counters = Counters {
            at: now,
            frames_sent: self.tx.sent,
            frames_dropped: self.tx.dropped,
            host_frames: self.host_frames,
            host_bad_frames: self.host_bad_frames,
            ..Counters::default()
        };
        // A table has at most as many groups as the list has room for.
        let _ = counters.groups.push(fast.with(|fast| fast.counters()));
        for group in slow {
            let _ = counters.groups.push(group.sampler.counters());
        }
        self.say(&NodePacket::Counters(counters));
    }

    fn say(&mut self, packet: &NodePacket<'_>) {
        let mut frame = [0; MAX_FRAME];
        match encode::<FromNode>(packet, &mut frame) {
            Ok(bytes) => self.tx.push(bytes),
            Err(_) => self.tx.dropped = self.tx.dropped.wrapping_add(1),
        }
    }

    /// Bytes for the port.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.tx.front()
    }

    /// The port has taken this many.
    pub fn sent(&mut self, bytes: usize) {
        self.tx.consume(bytes);
    }

    /// Whether the host is silent.
    #[must_use]
    pub fn host_is_silent(&self, now: NodeTicks) -> bool {
        self.link.is_silent(now)
    }
}
