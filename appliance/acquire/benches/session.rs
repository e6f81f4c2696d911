//! What a block costs the box from bytes to placed rows: 16 channels, 20 rows.

use appliance_acquire::session::{Answer, SessionSink};
use appliance_acquire::{BoxTime, NodeEvent, NodeSession, PlacedBlock};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firmware_wire::{
    ChannelMask, FromNode, MAX_FRAME, NodePacket, NodeTicks, SampleBlock, WriteCodes, encode,
};

struct Sum(i64);

impl SessionSink for Sum {
    fn block(&mut self, block: &PlacedBlock<'_>) {
        let mut codes = block.block.codes();
        while let Some(row) = codes.next_row() {
            self.0 += i64::from(row[0]);
        }
    }
    fn event(&mut self, _: NodeEvent) {}
    fn answer(&mut self, _: Answer) {}
}

fn session(c: &mut Criterion) {
    let mut packed = [0; 1024];
    let mut writer = WriteCodes::new();
    for row in 0..20 {
        let codes: [i32; 16] = core::array::from_fn(|channel| row * 700 + channel as i32 * 11);
        assert!(writer.push_row(&codes, &mut packed));
    }
    let mut stream = Vec::new();
    for seq in 0..100_u32 {
        let block = SampleBlock {
            group: 0,
            seq,
            first_index: u64::from(seq) * 20,
            missed: 0,
            first_tick: NodeTicks(u64::from(seq) * 10_000),
            period_ticks: 500,
            jitter_ticks: 1,
            rows: 20,
            channels: 16,
            open: ChannelMask(0),
            over_range: ChannelMask(0),
            stuck: ChannelMask(0),
            no_reading: ChannelMask(0),
            packed: &packed[..writer.len()],
        };
        let mut frame = [0; MAX_FRAME];
        let bytes = encode::<FromNode>(&NodePacket::Samples(block), &mut frame).expect("fits");
        stream.extend_from_slice(bytes);
    }
    let mut group = c.benchmark_group("acquire");
    group.throughput(Throughput::Elements(100 * 320));
    group.bench_function("a second of 16 channels at 2 kHz", |b| {
        b.iter(|| {
            let mut session = NodeSession::new(None);
            let mut sum = Sum(0);
            for part in stream.chunks(4096) {
                session.receive(part, BoxTime::from_ns(1), &mut sum);
            }
            sum.0
        });
    });
    group.finish();
}

criterion_group!(benches, session);
criterion_main!(benches);
