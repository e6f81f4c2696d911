//! What a frame costs the box: 16 channels, 20 rows.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firmware_wire::*;

fn decode(c: &mut Criterion) {
    let mut buffer = [0_u8; 1024];
    let mut writer = WriteCodes::new();
    let mut noise = 1_u32;
    for row in 0..20 {
        let codes: [i32; 16] = core::array::from_fn(|channel| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            row * 1000 * channel as i32 + (noise >> 24) as i32
        });
        assert!(writer.push_row(&codes, &mut buffer));
    }
    let packet = NodePacket::Samples(SampleBlock {
        group: 0,
        seq: 9,
        first_index: 180,
        missed: 0,
        first_tick: NodeTicks(90_000),
        period_ticks: 500,
        jitter_ticks: 1,
        rows: 20,
        channels: 16,
        open: ChannelMask(0),
        over_range: ChannelMask(0),
        stuck: ChannelMask(0),
        no_reading: ChannelMask(0),
        packed: &buffer[..writer.len()],
    });
    let mut frame = [0; MAX_FRAME];
    let bytes = encode::<FromNode>(&packet, &mut frame)
        .expect("a block fits")
        .to_vec();
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Elements(320));
    group.bench_function("decode 320 codes", |b| {
        let mut decoder = Decoder::<FromNode>::new();
        let mut sum = 0_i64;
        b.iter(|| {
            decoder.feed(&bytes, |packet| {
                if let Ok(NodePacket::Samples(block)) = packet {
                    let mut codes = block.codes();
                    while let Some(row) = codes.next_row() {
                        sum += i64::from(row[0]);
                    }
                }
            });
        });
        std::hint::black_box(sum);
    });
    group.bench_function("encode 320 codes", |b| {
        let mut out = [0; MAX_FRAME];
        b.iter(|| encode::<FromNode>(std::hint::black_box(&packet), &mut out).map(<[u8]>::len));
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
