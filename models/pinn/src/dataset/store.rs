//! A dataset on disk: a folder of Parquet parts and `dataset.toml`.
//!
//! One row a shot. Curves and fields are repeated columns (`[ticks, nodes, layers]` flattened); their
//! shapes are in `dataset.toml`. A part is written beside its name and renamed, so that an interrupted run
//! is continued where it stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use sha2::{Digest, Sha256};

use super::record::{Kind, ShotRecord};
use crate::error::PinnError;

/// One value a shot.
const SCALARS: [&str; 8] = [
    "index",
    "kind",
    "full_at_s",
    "transfer_at_s",
    "hold_end_s",
    "gate_freeze_s",
    "fill_ticks",
    "part_mass_kg",
];
/// Many values a shot.
const LISTS: [&str; 11] = [
    "latents",
    "time_s",
    "inlet_pa",
    "injected_m3",
    "filled",
    "mass_kg",
    "tick_s",
    "pressure_pa",
    "node_fill",
    "thermal",
    "temperature_k",
];

fn scalars(r: &ShotRecord) -> [f64; SCALARS.len()] {
    [
        f64::from(r.index),
        if r.kind == Kind::Waveform { 1.0 } else { 0.0 },
        f64::from(r.full_at),
        f64::from(r.transfer_at),
        f64::from(r.hold_end),
        f64::from(r.gate_freeze),
        r.fill_ticks as f64,
        f64::from(r.part_mass),
    ]
}

fn lists(r: &ShotRecord) -> [Vec<f32>; LISTS.len()] {
    [
        // Compliance is near 1e-12: f32 keeps seven digits of it all the same.
        r.latents.iter().map(|v| *v as f32).collect(),
        r.time.clone(),
        r.inlet.clone(),
        r.injected.clone(),
        r.filled.clone(),
        r.mass.clone(),
        r.tick.clone(),
        r.pressure.clone(),
        r.node_fill.clone(),
        r.thermal.iter().map(|v| *v as f32).collect(),
        r.temperature.clone(),
    ]
}

fn schema() -> ParquetResult<Arc<Type>> {
    let column = |name: &&str, physical, repetition| {
        Type::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .build()
            .map(Arc::new)
    };
    let fields = SCALARS
        .iter()
        .map(|n| column(n, Physical::DOUBLE, Repetition::REQUIRED))
        .chain(
            LISTS
                .iter()
                .map(|n| column(n, Physical::FLOAT, Repetition::REPEATED)),
        )
        .collect::<ParquetResult<Vec<_>>>()?;
    Ok(Arc::new(
        Type::group_type_builder("shot")
            .with_fields(fields)
            .build()?,
    ))
}

/// Key of the checksum in a file's own metadata: Parquet itself reads damaged pages as other numbers.
const CHECKSUM: &str = "moldsight.sha256";

/// SHA-256 of all values of the shots, as hexadecimal digits.
fn checksum(shots: &[ShotRecord]) -> String {
    let mut sha = Sha256::new();
    let mut bytes = Vec::new();
    for shot in shots {
        bytes.clear();
        bytes.extend(scalars(shot).iter().flat_map(|v| v.to_le_bytes()));
        for list in lists(shot) {
            bytes.extend((list.len() as u64).to_le_bytes());
            bytes.extend(list.iter().flat_map(|v| v.to_le_bytes()));
        }
        sha.update(&bytes);
    }
    sha.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Serialises shots as one Parquet file.
fn to_parquet(shots: &[ShotRecord]) -> ParquetResult<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(false)
        .set_key_value_metadata(Some(vec![KeyValue::new(
            CHECKSUM.to_owned(),
            checksum(shots),
        )]))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema()?, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let all: Vec<_> = shots.iter().map(|s| (scalars(s), lists(s))).collect();
    let mut at = 0;
    while let Some(mut column) = group.next_column()? {
        match column.untyped() {
            ColumnWriter::DoubleColumnWriter(w) => {
                let values: Vec<f64> = all.iter().map(|(s, _)| s[at]).collect();
                w.write_batch(&values, None, None)?;
            }
            ColumnWriter::FloatColumnWriter(w) => {
                let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
                for (_, lists) in &all {
                    let list = &lists[at - SCALARS.len()];
                    values.extend_from_slice(list);
                    defined.extend(std::iter::repeat_n(1_i16, list.len()));
                    repeated.extend((0..list.len()).map(|i| i16::from(i > 0)));
                    if list.is_empty() {
                        defined.push(0);
                        repeated.push(0);
                    }
                }
                w.write_batch(&values, Some(&defined), Some(&repeated))?;
            }
            _ => return Err(ParquetError::General("unexpected column type".into())),
        }
        column.close()?;
        at += 1;
    }
    group.close()?;
    writer.into_inner()
}

fn from_parquet(bytes: Vec<u8>) -> ParquetResult<Vec<ShotRecord>> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes))?;
    if *reader.metadata().file_metadata().schema() != *schema()? {
        return Err(ParquetError::General(
            "its columns are not those of a dataset of this version".into(),
        ));
    }
    let (mut numbers, mut curves) = (
        vec![Vec::new(); SCALARS.len()],
        vec![Vec::new(); LISTS.len()],
    );
    for g in 0..reader.num_row_groups() {
        let group = reader.get_row_group(g)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        for (c, numbers) in numbers.iter_mut().enumerate() {
            if let ColumnReader::DoubleColumnReader(mut r) = group.get_column_reader(c)? {
                r.read_records(rows, None, None, numbers)?;
            }
        }
        for (c, curves) in curves.iter_mut().enumerate() {
            if let ColumnReader::FloatColumnReader(mut r) =
                group.get_column_reader(SCALARS.len() + c)?
            {
                let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
                r.read_records(rows, Some(&mut defined), Some(&mut repeated), &mut values)?;
                let mut values = values.into_iter();
                for (d, r) in defined.iter().zip(&repeated) {
                    if *r == 0 {
                        curves.push(Vec::new());
                    }
                    if *d == 1
                        && let (Some(list), Some(v)) = (curves.last_mut(), values.next())
                    {
                        list.push(v);
                    }
                }
            }
        }
    }
    let rows = numbers[0].len();
    if numbers.iter().any(|n| n.len() != rows) || curves.iter().any(|c| c.len() != rows) {
        return Err(ParquetError::General("columns differ in length".into()));
    }
    let shots = (0..rows)
        .map(|i| shot(&numbers, &mut curves, i))
        .collect::<ParquetResult<Vec<_>>>()?;
    let file = reader.metadata().file_metadata();
    // Parts of earlier programs carry none.
    let stated = file
        .key_value_metadata()
        .and_then(|all| all.iter().find(|kv| kv.key == CHECKSUM))
        .and_then(|kv| kv.value.as_ref());
    match stated {
        Some(stated) if *stated != checksum(&shots) => Err(ParquetError::General(
            "its values are not those that were written".into(),
        )),
        _ => Ok(shots),
    }
}

fn shot(numbers: &[Vec<f64>], curves: &mut [Vec<Vec<f32>>], i: usize) -> ParquetResult<ShotRecord> {
    let n = |c: usize| numbers[c][i];
    let mut take = |c: usize| std::mem::take(&mut curves[c][i]);
    let latents = take(0).iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    Ok(ShotRecord {
        index: n(0) as u32,
        kind: if n(1) > 0.5 {
            Kind::Waveform
        } else {
            Kind::Recipe
        },
        full_at: n(2) as f32,
        transfer_at: n(3) as f32,
        hold_end: n(4) as f32,
        gate_freeze: n(5) as f32,
        fill_ticks: n(6) as usize,
        part_mass: n(7) as f32,
        latents: latents
            .try_into()
            .map_err(|_| ParquetError::General("another number of latents".into()))?,
        time: take(1),
        inlet: take(2),
        injected: take(3),
        filled: take(4),
        mass: take(5),
        tick: take(6),
        pressure: take(7),
        node_fill: take(8),
        thermal: take(9).iter().map(|v| *v as u32).collect(),
        temperature: take(10),
    })
}

/// Path of part number `part`.
pub fn part_path(folder: &Path, part: usize) -> PathBuf {
    folder.join(format!("part-{part:04}.parquet"))
}

/// Writes one part: whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_part(path: &Path, shots: &[ShotRecord]) -> Result<(), PinnError> {
    let bytes = to_parquet(shots).map_err(|source| PinnError::Part {
        path: path.into(),
        source,
    })?;
    replace(path, &bytes)
}

/// Reads one part.
///
/// # Errors
/// When it is missing, damaged or of another kind.
pub fn read_part(path: &Path) -> Result<Vec<ShotRecord>, PinnError> {
    let bytes = std::fs::read(path).map_err(|source| PinnError::File {
        doing: "reading",
        path: path.into(),
        source,
    })?;
    from_parquet(bytes).map_err(|source| PinnError::Part {
        path: path.into(),
        source,
    })
}

/// Writes a file beside its final name and renames it.
///
/// # Errors
/// When the file cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), PinnError> {
    let failed = |source| PinnError::File {
        doing: "writing",
        path: path.into(),
        source,
    };
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes).map_err(failed)?;
    std::fs::rename(&partial, path).map_err(failed)
}
