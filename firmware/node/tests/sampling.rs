//! The books of the sampler balance, whatever the interrupts do and however slow the wire is.

use firmware_node::block_buffer::Block;
use firmware_node::channel::{ChannelBank, ChannelSpec, OpenBand, Reading};
use firmware_node::sampler::GroupSampler;
use firmware_wire::{ChannelInfo, FaultKind, GroupInfo, NodeTicks, Unit};
use proptest::prelude::*;

const PERIOD: u64 = 500;

fn spec(name: &'static str) -> ChannelSpec<'static> {
    ChannelSpec {
        info: ChannelInfo {
            name,
            group: 0,
            unit: Unit::Volt,
            code_min: -1000,
            code_max: 1000,
            at_min: -1.0,
            at_max: 1.0,
        },
        open: OpenBand::Above(2000),
        stuck_rows: 4,
    }
}

const GROUP: GroupInfo = GroupInfo {
    period_ticks: PERIOD as u32,
    rows_per_block: 7,
};

struct Fixed(Vec<Reading>);

impl ChannelBank for Fixed {
    fn read(&mut self, readings: &mut [Reading]) {
        readings.copy_from_slice(&self.0);
    }
}

/// Counts its reads and says so.
struct Counting(i32);

impl ChannelBank for Counting {
    fn read(&mut self, readings: &mut [Reading]) {
        readings.fill(Reading::Code(self.0));
        self.0 += 1;
    }
}

proptest! {
    /// Interrupts come late, bunched or not at all, and blocks are taken now and then: every
    /// instant is a row or counted missed, in the blocks and in the counters alike.
    #[test]
    fn every_instant_is_sent_or_counted(
        steps in proptest::collection::vec((1_u64..1500, any::<bool>()), 1..600),
    ) {
        let specs = [spec("a"), spec("b")];
        let mut sampler = GroupSampler::new(0, GROUP, &specs);
        let mut bank = Counting(0);
        let mut block = Block::new();
        let mut next = 0;
        let mut seq = 0;
        let mut rows = 0;
        let mut missed = 0;
        let mut check = |sampler: &mut GroupSampler<'_>| {
            while sampler.take(&mut block) {
                let got = block.as_sample_block();
                assert_eq!(got.seq, seq);
                assert_eq!(got.first_index, next + u64::from(got.missed));
                assert_eq!(got.first_tick.0, got.first_index * PERIOD);
                assert!(got.is_consistent());
                assert!(u64::from(got.jitter_ticks) < PERIOD);
                seq += 1;
                next = got.next_index();
                rows += u64::from(got.rows);
                missed += u64::from(got.missed);
            }
        };
        let mut now = 0;
        let mut last = None;
        for (step, wire_is_free) in steps {
            if let Some(row) = sampler.service(NodeTicks(now), &mut bank) {
                last = Some(row.index);
            }
            if wire_is_free {
                check(&mut sampler);
            }
            now += step;
        }
        let counters = sampler.counters();
        let instants = last.map_or(0, |index| index + 1);
        prop_assert_eq!(counters.sampled + counters.missed_late + counters.missed_full, instants);
        check(&mut sampler);
        prop_assert_eq!(rows + missed, next);
        prop_assert!(counters.sampled - rows <= 7, "rows are only ever in the block being filled");
    }
}

#[test]
fn an_interrupt_a_little_early_is_on_time_and_one_that_never_came_is_missed() {
    let specs = [spec("a")];
    let mut sampler = GroupSampler::new(0, GROUP, &specs);
    let mut bank = Counting(0);
    let times = [1000, 1000 + 450, 1000 + 980, 1000 + 3010];
    let indices = times.map(|t| {
        sampler
            .service(NodeTicks(t), &mut bank)
            .map(|row| row.index)
    });
    assert_eq!(indices, [Some(0), Some(1), Some(2), Some(6)]);
    assert!(sampler.service(NodeTicks(1000 + 3300), &mut bank).is_none());
    assert_eq!(sampler.counters().missed_late, 3);
}

#[test]
fn faults_are_flagged_in_the_block_and_told_once() {
    let specs = [spec("fine"), spec("open"), spec("over"), spec("dead")];
    let mut sampler = GroupSampler::new(0, GROUP, &specs);
    let readings = [
        Reading::Code(1),
        Reading::Code(2500),
        Reading::Code(1500),
        Reading::Missing,
    ];
    let mut bank = Fixed(readings.to_vec());
    for instant in 0..7 {
        sampler.service(NodeTicks(instant * PERIOD), &mut bank);
    }
    let mut block = Block::new();
    assert!(sampler.take(&mut block));
    let got = block.as_sample_block();
    assert_eq!(
        (got.open.0, got.over_range.0, got.no_reading.0),
        (0b0010, 0b0110, 0b1000)
    );
    assert_eq!(got.stuck.0, 0b0111, "nothing moved for four rows");
    let mut told = Vec::new();
    while let Some(fault) = sampler.take_fault() {
        told.push((fault.channel, fault.kind, fault.present));
    }
    for fault in [
        (1, FaultKind::OpenCircuit, true),
        (2, FaultKind::OverRange, true),
        (3, FaultKind::NoReading, true),
        (0, FaultKind::Stuck, true),
    ] {
        assert_eq!(
            told.iter().filter(|t| **t == fault).count(),
            1,
            "{fault:?} in {told:?}"
        );
    }
}
