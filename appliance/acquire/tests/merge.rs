//! Several nodes become one order of time, and a quiet one does not stop the others.

use appliance_acquire::clock::Placed;
use appliance_acquire::merge::Merge;
use appliance_acquire::{BoxTime, PlacedBlock, SourceId};
use firmware_wire::{ChannelMask, NodeTicks, SampleBlock, WriteCodes};
use proptest::prelude::*;
use std::time::Duration;

fn push(merge: &mut Merge, source: usize, start_ms: i64, rows: u16, now_ms: i64) {
    let mut packed = [0; 1024];
    let mut writer = WriteCodes::new();
    for row in 0..rows {
        assert!(writer.push_row(&[i32::from(row)], &mut packed));
    }
    let at = |ms: i64| {
        Some(Placed {
            at: BoxTime::from_ns(ms * 1_000_000),
            bound: Duration::from_micros(50),
        })
    };
    let block = SampleBlock {
        group: 0,
        seq: 0,
        first_index: 0,
        missed: 0,
        first_tick: NodeTicks(0),
        period_ticks: 1000,
        jitter_ticks: 0,
        rows,
        channels: 1,
        open: ChannelMask(0),
        over_range: ChannelMask(0),
        stuck: ChannelMask(0),
        no_reading: ChannelMask(0),
        packed: &packed[..writer.len()],
    };
    let placed = PlacedBlock {
        node: None,
        run: 0,
        trusted: true,
        first: at(start_ms),
        last: at(start_ms + i64::from(rows) - 1),
        block,
    };
    merge.push(
        SourceId(source),
        &placed,
        BoxTime::from_ns(now_ms * 1_000_000),
    );
}

fn drain(merge: &mut Merge, now_ms: i64) -> Vec<(i64, usize)> {
    std::iter::from_fn(|| merge.pop(BoxTime::from_ns(now_ms * 1_000_000)))
        .map(|row| (row.at.ns() / 1_000_000, row.source.0))
        .collect()
}

proptest! {
    /// However the blocks of three nodes interleave: all rows leave, once each, in order of time.
    #[test]
    fn rows_leave_in_order(order in proptest::collection::vec(0_usize..3, 1..60), phase in 0_i64..5) {
        let mut merge = Merge::new(3, Duration::from_secs(60), 4096);
        let mut next = [0, phase, 2 * phase];
        let mut left = Vec::new();
        for source in order.iter().copied().chain([0, 1, 2]) {
            push(&mut merge, source, next[source], 5, 0);
            next[source] += 5;
            left.extend(drain(&mut merge, 0));
        }
        // The readers go quiet: what is left leaves too.
        left.extend(drain(&mut merge, 120_000));
        prop_assert!(left.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        prop_assert_eq!(left.len(), 5 * (order.len() + 3));
        prop_assert_eq!((merge.late, merge.dropped), (0, 0));
    }
}

#[test]
fn a_quiet_node_holds_the_others_up_only_for_the_patience() {
    let mut merge = Merge::new(2, Duration::from_millis(200), 64);
    push(&mut merge, 0, 0, 5, 5);
    push(&mut merge, 1, 0, 5, 5);
    assert_eq!(drain(&mut merge, 6).len(), 10);
    push(&mut merge, 0, 5, 5, 10);
    assert!(
        drain(&mut merge, 100).is_empty(),
        "the other one may still have older rows"
    );
    assert_eq!(drain(&mut merge, 300).len(), 5);
    push(&mut merge, 1, 5, 5, 301);
    assert!(
        drain(&mut merge, 302).len() < 5,
        "what has passed is not slipped in"
    );
    assert!(merge.late >= 4, "it is counted: {}", merge.late);
}
