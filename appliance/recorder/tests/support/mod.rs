//! A node that anyone can recompute, and a disk whose plug can be pulled.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod plug;

use appliance_recorder::log::record::{
    Channel, ChannelTable, EstimateRow, EstimateTable, Quantity,
};
use appliance_recorder::{RawBlock, ShotContext, ShotSummary, Uncertain, Verdict};
use firmware_wire::{ChannelMask, NodeTicks, SampleBlock, WriteCodes};
use std::collections::BTreeMap;

/// Rows a second.
pub const RATE: i64 = 2000;
/// Rows in a block: 10 ms.
pub const ROWS: i64 = 20;
/// Channels.
pub const CHANNELS: usize = 4;
/// Box time of a block in ns.
pub const BLOCK_NS: i64 = ROWS * 1_000_000_000 / RATE;

/// The code of a channel at a row, whoever asks.
pub fn code(index: i64, channel: usize) -> i32 {
    let wave = (index as f64 * 0.003 + channel as f64).sin();
    (wave * 2e6) as i32 + (index * 7919 % 13) as i32
}

/// Box time of a row.
pub fn time_of(index: i64) -> i64 {
    index * (1_000_000_000 / RATE)
}

pub fn table() -> ChannelTable {
    ChannelTable {
        node: 0xA1,
        run: 1,
        group: 0,
        tick_hz: 1_000_000,
        period_ticks: 500,
        channels: (0..CHANNELS)
            .map(|at| Channel {
                name: format!("p{at}"),
                unit: "Pa".into(),
                scale: 50.0,
                offset: 1e5,
                points: Vec::new(),
                calibration: String::new(),
            })
            .collect(),
    }
}

pub fn columns() -> EstimateTable {
    let quantity = |name: &str| Quantity {
        name: name.into(),
        unit: "Pa".into(),
    };
    EstimateTable {
        sensors: vec![quantity("v1"), quantity("v2")],
        measurements: vec![quantity("p0")],
    }
}

/// Calls `with` with block number `k`.
pub fn block<T>(k: i64, with: impl FnOnce(&RawBlock<'_>) -> T) -> T {
    let mut packed = [0; 1024];
    let mut writer = WriteCodes::new();
    for row in 0..ROWS {
        let codes: [i32; CHANNELS] = std::array::from_fn(|c| code(k * ROWS + row, c));
        assert!(writer.push_row(&codes, &mut packed));
    }
    let first = k * ROWS;
    with(&RawBlock {
        node: 0xA1,
        run: 1,
        first_ns: Some(time_of(first)),
        last_ns: Some(time_of(first + ROWS - 1)),
        block: SampleBlock {
            group: 0,
            seq: k as u32,
            first_index: first as u64,
            missed: 0,
            first_tick: NodeTicks(first as u64 * 500),
            period_ticks: 500,
            jitter_ticks: 0,
            rows: ROWS as u16,
            channels: CHANNELS as u8,
            open: ChannelMask::default(),
            over_range: ChannelMask::default(),
            stuck: ChannelMask::default(),
            no_reading: ChannelMask::default(),
            packed: &packed[..writer.len()],
        },
    })
}

/// Calls `with` with an estimate.
pub fn estimate<T>(at_ns: i64, with: impl FnOnce(&EstimateRow<'_>) -> T) -> T {
    let v = at_ns as f32 * 1e-3;
    with(&EstimateRow {
        at_ns,
        phase: 1,
        gated: 0,
        values: &[v, 2.0 * v],
        sds: &[0.1, 0.2],
        innovations: &[-0.5],
        innovation_sds: &[0.7],
    })
}

pub fn context(lot: &str) -> ShotContext {
    ShotContext {
        mold: "plate-ps".into(),
        material: "PS".into(),
        lot: lot.into(),
        recipe_json: r#"{"hold_mpa": 40.0}"#.into(),
    }
}

pub fn summary(mass_g: f64) -> ShotSummary {
    let one =
        |name: &str, value: f64| BTreeMap::from([(name.to_owned(), Uncertain { value, sd: 0.01 })]);
    ShotSummary {
        trust: "trusted".into(),
        verdict: Verdict::Good,
        features: BTreeMap::from([
            ("part_mass_g".to_owned(), mass_g),
            ("nothing_k".to_owned(), f64::NAN),
        ]),
        latents: one("viscosity_pa_s", 120.0 + mass_g),
        quality: one("weight_g", mass_g),
        ..ShotSummary::default()
    }
}
