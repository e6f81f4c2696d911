//! Sensors on the box itself come in as the same blocks.

use appliance_acquire::iio::RawFiles;
use appliance_acquire::local::LocalSource;
use appliance_acquire::session::Answer;
use appliance_acquire::{BoxTime, NodeEvent, PlacedBlock, Sink, SourceId};
use firmware_node::channel::{ChannelSpec, OpenBand};
use firmware_wire::{ChannelInfo, NO_READING, Unit};

#[derive(Default)]
struct Kept(Vec<(i64, Vec<i32>)>);

impl Sink for Kept {
    fn block(&mut self, _: SourceId, block: &PlacedBlock<'_>) {
        assert!(block.trusted);
        let first = block.first.expect("local rows have a place").at.ns();
        let mut codes = block.block.codes();
        for row in 0..i64::from(block.block.rows) {
            let at = first + row * i64::from(block.block.period_ticks);
            self.0
                .push((at, codes.next_row().expect("as promised").to_vec()));
        }
    }
    fn event(&mut self, _: SourceId, _: NodeEvent) {}
    fn answer(&mut self, _: SourceId, _: Answer) {}
}

fn spec(name: &'static str) -> ChannelSpec<'static> {
    let info = ChannelInfo {
        name,
        group: 0,
        unit: Unit::Volt,
        code_min: 0,
        code_max: 4095,
        at_min: 0.0,
        at_max: 10.0,
    };
    ChannelSpec {
        info,
        open: OpenBand::None,
        stuck_rows: 0,
    }
}

#[test]
fn an_industrial_io_device_is_sampled_and_a_channel_that_vanishes_has_no_reading() {
    let device = tempfile::tempdir().unwrap();
    let set = |name: &str, text: &str| std::fs::write(device.path().join(name), text).unwrap();
    set("in_voltage0_raw", "1234\n");
    set("in_voltage1_raw", "7\n");
    let specs = [spec("ram"), spec("hopper")];
    let bank = RawFiles::new(device.path(), &["voltage0", "voltage1"]);
    let mut source = LocalSource::new(&specs, bank, 100, 2);
    let mut kept = Kept::default();
    for ms in [0, 10, 20] {
        source.service(SourceId(0), BoxTime::from_ns(ms * 1_000_000), &mut kept);
    }
    std::fs::remove_file(device.path().join("in_voltage1_raw")).unwrap();
    source.service(SourceId(0), BoxTime::from_ns(50_000_000), &mut kept);
    source.service(SourceId(0), BoxTime::from_ns(60_000_000), &mut kept);
    let ms = 1_000_000;
    let whole = vec![1234, 7];
    assert_eq!(
        kept.0[..3],
        [
            (0, whole.clone()),
            (10 * ms, whole.clone()),
            (20 * ms, whole)
        ]
    );
    assert_eq!(
        kept.0[3..],
        [
            (50 * ms, vec![1234, NO_READING]),
            (60 * ms, vec![1234, NO_READING])
        ]
    );
}
