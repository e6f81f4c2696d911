//! One shot, put together from the log. A shot is always built this way, at its end and after a
//! restart alike, so both give the same file.

use super::frame::{Found, Walk};
use super::record::{
    Channel, ChannelTable, ContextNote, EstimateTable, Lost, OwnedEstimateRow, RawBlock, Record,
    ShotBegin, ShotEnd,
};
use super::recover::LoggedShot;
use super::segment::{self, Head};
use crate::error::{At, RecorderError};
use crate::storage::FileLayer;
use std::io;
use std::path::Path;

/// Rows of one group in one run of a node, by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the codes mean.
    pub table: ChannelTable,
    /// Box time of each row in ns, where the clocks were compared.
    pub time_ns: Vec<Option<i64>>,
    /// Node ticks of each row.
    pub tick: Vec<i64>,
    /// Number of each row's sampling instant since the node's boot: a jump is a gap.
    pub index: Vec<i64>,
    /// Masks of the row's block: open, over-range, stuck, no reading; 16 bits each, lowest first.
    pub flags: Vec<i64>,
    /// Codes by channel.
    pub codes: Vec<Vec<i32>>,
}

/// Estimates, by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// What the columns are.
    pub table: EstimateTable,
    /// Box time in ns.
    pub time_ns: Vec<i64>,
    /// Phase.
    pub phase: Vec<i32>,
    /// One bit per refused measurement.
    pub gated: Vec<i32>,
    /// By virtual sensor.
    pub values: Vec<Vec<f32>>,
    /// Standard deviations.
    pub sds: Vec<Vec<f32>>,
    /// By measurement.
    pub innovations: Vec<Vec<f32>>,
    /// Their standard deviations.
    pub innovation_sds: Vec<Vec<f32>>,
}

/// A whole shot.
#[derive(Clone, Debug, PartialEq)]
pub struct ShotData {
    /// The session that recorded it.
    pub session: u64,
    /// Its beginning.
    pub begin: ShotBegin,
    /// Its end; `None` when it was interrupted.
    pub end: Option<ShotEnd>,
    /// What became known in between.
    pub notes: Vec<ContextNote>,
    /// Raw codes.
    pub series: Vec<Series>,
    /// Estimates.
    pub estimates: Estimates,
    /// What could not be kept.
    pub lost: Vec<Lost>,
    /// Damaged stretches of the log met while reading.
    pub damaged: u64,
}

/// Reads a shot.
///
/// # Errors
/// When the disk refuses, or the log does not hold the shot's beginning.
pub fn read(
    layer: &dyn FileLayer,
    dir: &Path,
    shot: &LoggedShot,
) -> Result<ShotData, RecorderError> {
    let mut gather = Gather::new(shot.number, shot.session);
    // Two passes, because raw codes from before the beginning lie in front of it. Read twice rather
    // than kept: a long shot must not cost its size in memory.
    for pass in [Gather::find_bounds, Gather::take_segment] {
        for number in shot.first_segment..=shot.last_segment {
            let file = segment::path(dir, number);
            match layer.read(&file) {
                // A number may have been used up by a failed attempt.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => pass(&mut gather, &other.at("reading", &file)?),
            }
        }
    }
    gather.finish()
}

struct Gather {
    number: u64,
    session: u64,
    begin: Option<ShotBegin>,
    end: Option<ShotEnd>,
    /// Box time in ns at which a later shot began.
    next_ns: i64,
    notes: Vec<ContextNote>,
    tables: Vec<ChannelTable>,
    series: Vec<Series>,
    estimates: Estimates,
    /// The rows that come now have other columns.
    other_columns: bool,
    lost: Vec<Lost>,
    damaged: u64,
    /// Between the beginning and the end in the order of the log.
    inside: bool,
}

impl Gather {
    fn new(number: u64, session: u64) -> Self {
        Self {
            number,
            session,
            begin: None,
            end: None,
            next_ns: i64::MAX,
            notes: Vec::new(),
            tables: Vec::new(),
            series: Vec::new(),
            estimates: Estimates::default(),
            other_columns: false,
            lost: Vec::new(),
            damaged: 0,
            inside: false,
        }
    }

    /// The records of a segment of the shot's session.
    fn walk<'a>(&self, bytes: &'a [u8]) -> Option<Walk<'a>> {
        match Head::read(bytes) {
            Some(head) if head.session != self.session => None,
            Some(_) => Some(Walk::from(bytes, segment::HEAD)),
            None => Some(Walk::from(bytes, 0)),
        }
    }

    fn find_bounds(&mut self, bytes: &[u8]) {
        let Some(walk) = self.walk(bytes) else {
            return;
        };
        for found in walk {
            let Found::Record { kind, payload } = found else {
                self.damaged += u64::from(matches!(found, Found::Damage { .. }));
                continue;
            };
            if super::record::Kind::is_bulk(kind) {
                continue;
            }
            match Record::read(kind, payload) {
                Some(Record::Begin(begin)) if begin.number == self.number => {
                    self.begin.get_or_insert(begin);
                }
                Some(Record::Begin(begin)) if begin.number > self.number => {
                    self.next_ns = self.next_ns.min(begin.at_ns);
                }
                Some(Record::End(end)) if end.number == self.number => {
                    self.end.get_or_insert(end);
                }
                Some(Record::Channels(table)) => self.know(table),
                _ => {}
            }
        }
    }

    fn know(&mut self, table: ChannelTable) {
        let same = |t: &&mut ChannelTable| {
            (t.node, t.run, t.group) == (table.node, table.run, table.group)
        };
        match self.tables.iter_mut().find(same) {
            Some(known) => *known = table,
            None => self.tables.push(table),
        }
    }

    fn take_segment(&mut self, bytes: &[u8]) {
        let Some(walk) = self.walk(bytes) else {
            return;
        };
        for found in walk {
            let Found::Record { kind, payload } = found else {
                continue;
            };
            match Record::read(kind, payload) {
                Some(Record::Block(block)) => self.take_block(&block),
                Some(Record::Estimate(row)) => self.take_estimate(&row),
                Some(Record::Estimates(table)) => self.take_columns(table),
                Some(Record::Begin(begin)) => self.inside = begin.number == self.number,
                Some(Record::End(end)) if end.number == self.number => self.inside = false,
                Some(Record::Context(note))
                    if note.number == self.number && !self.notes.contains(&note) =>
                {
                    self.notes.push(note);
                }
                Some(Record::Lost(lost)) if self.overlaps(lost.from_ns, lost.to_ns) => {
                    // Written again after a failure it begins where it did and has grown.
                    match self.lost.iter_mut().find(|l| l.from_ns == lost.from_ns) {
                        Some(known) if known.to_ns <= lost.to_ns => *known = lost,
                        Some(_) => {}
                        None => self.lost.push(lost),
                    }
                }
                _ => {}
            }
        }
    }

    fn first_ns(&self) -> i64 {
        self.begin.as_ref().map_or(i64::MAX, |b| b.from_ns)
    }

    fn last_ns(&self) -> i64 {
        self.end
            .as_ref()
            .map_or(i64::MAX, |e| e.at_ns)
            .min(self.next_ns)
    }

    fn overlaps(&self, first: i64, last: i64) -> bool {
        last >= self.first_ns() && first <= self.last_ns()
    }

    fn take_block(&mut self, raw: &RawBlock<'_>) {
        let belongs = match (raw.first_ns, raw.last_ns) {
            (Some(first), Some(last)) => self.overlaps(first, last),
            _ => self.inside,
        };
        let block = &raw.block;
        if !belongs || !block.is_consistent() {
            return;
        }
        let key = (raw.node, raw.run, block.group);
        let at = self
            .series
            .iter()
            .position(|s| (s.table.node, s.table.run, s.table.group) == key)
            .unwrap_or_else(|| {
                self.series.push(self.new_series(raw));
                self.series.len() - 1
            });
        let series = &mut self.series[at];
        let first_index = block.first_index.cast_signed();
        let repeated = series.index.last().is_some_and(|&last| first_index <= last);
        if repeated || usize::from(block.channels) != series.codes.len() {
            return;
        }
        let flags = u64::from(block.open.0)
            | u64::from(block.over_range.0) << 16
            | u64::from(block.stuck.0) << 32
            | u64::from(block.no_reading.0) << 48;
        let steps = f64::from(block.rows.max(2) - 1);
        let mut codes = block.codes();
        for row in 0..u64::from(block.rows) {
            let Some(values) = codes.next_row() else {
                return;
            };
            for (column, &code) in series.codes.iter_mut().zip(values) {
                column.push(code);
            }
            let time = raw.first_ns.zip(raw.last_ns).map(|(first, last)| {
                first + ((last - first) as f64 * row as f64 / steps).round() as i64
            });
            series.time_ns.push(time);
            series.tick.push(block.tick_of(row).0.cast_signed());
            series.index.push(first_index + row.cast_signed());
            series.flags.push(flags.cast_signed());
        }
    }

    fn new_series(&self, raw: &RawBlock<'_>) -> Series {
        let channels = usize::from(raw.block.channels);
        let known = self.tables.iter().find(|t| {
            (t.node, t.run, t.group) == (raw.node, raw.run, raw.block.group)
                && t.channels.len() == channels
        });
        let table = known.cloned().unwrap_or_else(|| ChannelTable {
            node: raw.node,
            run: raw.run,
            group: raw.block.group,
            tick_hz: 0,
            period_ticks: raw.block.period_ticks,
            channels: (0..channels).map(unnamed).collect(),
        });
        Series {
            table,
            time_ns: Vec::new(),
            tick: Vec::new(),
            index: Vec::new(),
            flags: Vec::new(),
            codes: vec![Vec::new(); channels],
        }
    }

    /// A new set of columns in the middle of a shot ends the estimates of that shot's file: the
    /// rows of one file have one meaning.
    fn take_columns(&mut self, table: EstimateTable) {
        self.other_columns = !self.estimates.time_ns.is_empty() && table != self.estimates.table;
        if self.estimates.time_ns.is_empty() {
            self.estimates = Estimates {
                values: vec![Vec::new(); table.sensors.len()],
                sds: vec![Vec::new(); table.sensors.len()],
                innovations: vec![Vec::new(); table.measurements.len()],
                innovation_sds: vec![Vec::new(); table.measurements.len()],
                table,
                ..Estimates::default()
            };
        }
    }

    fn take_estimate(&mut self, row: &OwnedEstimateRow) {
        let e = &self.estimates;
        let repeated = e.time_ns.last().is_some_and(|&last| row.at_ns <= last);
        let fits = row.values.len() == e.values.len()
            && row.sds.len() == e.sds.len()
            && row.innovations.len() == e.innovations.len()
            && row.innovation_sds.len() == e.innovation_sds.len();
        if self.other_columns || repeated || !fits || !self.overlaps(row.at_ns, row.at_ns) {
            return;
        }
        let e = &mut self.estimates;
        e.time_ns.push(row.at_ns);
        e.phase.push(i32::from(row.phase));
        e.gated.push(row.gated.cast_signed());
        let columns = [
            (&mut e.values, &row.values),
            (&mut e.sds, &row.sds),
            (&mut e.innovations, &row.innovations),
            (&mut e.innovation_sds, &row.innovation_sds),
        ];
        for (columns, values) in columns {
            for (column, &value) in columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
    }

    fn finish(self) -> Result<ShotData, RecorderError> {
        Ok(ShotData {
            session: self.session,
            begin: self.begin.ok_or(RecorderError::NotInLog(self.number))?,
            end: self.end,
            notes: self.notes,
            series: self.series,
            estimates: self.estimates,
            lost: self.lost,
            damaged: self.damaged,
        })
    }
}

fn unnamed(at: usize) -> Channel {
    Channel {
        name: format!("channel_{at}"),
        unit: "code".into(),
        scale: 1.0,
        offset: 0.0,
        points: Vec::new(),
        calibration: "the channel table is not in the log".into(),
    }
}
