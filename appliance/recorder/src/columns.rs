//! Columns in a Parquet file: the one shape of everything the recorder writes in that format.
//!
//! Integers are DELTA_BINARY_PACKED, floating point BYTE_STREAM_SPLIT, all zstd, no dictionary:
//! codes of a sensor hardly repeat but change little. A value may be missing.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};
use std::sync::Arc;

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Codes, counts.
    I32(Vec<Option<i32>>),
    /// Times, ticks.
    I64(Vec<Option<i64>>),
    /// Estimates.
    F32(Vec<Option<f32>>),
    /// Values with units.
    F64(Vec<Option<f64>>),
    /// Words.
    Text(Vec<Option<String>>),
}

impl Values {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row as a number; `None` when it is missing or a word.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::I32(v) => v.get(row)?.map(f64::from),
            Self::I64(v) => v.get(row)?.map(|v| v as f64),
            Self::F32(v) => v.get(row)?.map(f64::from),
            Self::F64(v) => *v.get(row)?,
            Self::Text(_) => None,
        }
    }

    /// The value of a row as a whole number.
    #[must_use]
    pub fn integer(&self, row: usize) -> Option<i64> {
        match self {
            Self::I32(v) => v.get(row)?.map(i64::from),
            Self::I64(v) => *v.get(row)?,
            _ => None,
        }
    }

    /// The value of a row in words; empty when it is missing.
    #[must_use]
    pub fn text(&self, row: usize) -> String {
        fn of<T: ToString>(v: &[Option<T>], row: usize) -> String {
            v.get(row)
                .and_then(Option::as_ref)
                .map_or_else(String::new, ToString::to_string)
        }
        match self {
            Self::I32(v) => of(v, row),
            Self::I64(v) => of(v, row),
            Self::F32(v) => of(v, row),
            Self::F64(v) => of(v, row),
            Self::Text(v) => of(v, row),
        }
    }

    fn physical(&self) -> Physical {
        match self {
            Self::I32(_) => Physical::INT32,
            Self::I64(_) => Physical::INT64,
            Self::F32(_) => Physical::FLOAT,
            Self::F64(_) => Physical::DOUBLE,
            Self::Text(_) => Physical::BYTE_ARRAY,
        }
    }

    fn encoding(&self) -> Encoding {
        match self {
            Self::I32(_) | Self::I64(_) => Encoding::DELTA_BINARY_PACKED,
            Self::F32(_) | Self::F64(_) => Encoding::BYTE_STREAM_SPLIT,
            Self::Text(_) => Encoding::PLAIN,
        }
    }
}

/// A column with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name, unique in the file.
    pub name: String,
    /// Values.
    pub values: Values,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self {
            name: name.into(),
            values,
        }
    }
}

/// A Parquet file read back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Keys and values about the file.
    pub about: Vec<(String, String)>,
    /// Row groups; all have the same columns.
    pub groups: Vec<Vec<Column>>,
}

/// Makes a Parquet file. Every group must have the columns of the first.
///
/// # Errors
/// When the columns of the groups differ.
pub fn to_parquet(about: &[(&str, &str)], groups: &[Vec<Column>]) -> Result<Vec<u8>> {
    let columns = groups.first().map_or(&[][..], |g| &g[..]);
    let fields = columns
        .iter()
        .map(|c| {
            let physical = c.values.physical();
            let logical = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
            Type::primitive_type_builder(&c.name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical)
                .build()
                .map(Arc::new)
        })
        .collect::<Result<Vec<_>>>()?;
    let schema = Type::group_type_builder("moldsight")
        .with_fields(fields)
        .build()?;
    let about = about
        .iter()
        .map(|(k, v)| KeyValue::new((*k).to_owned(), (*v).to_owned()))
        .collect();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_enabled(false)
        .set_key_value_metadata(Some(about));
    for column in columns {
        properties = properties.set_column_encoding(
            ColumnPath::from(column.name.clone()),
            column.values.encoding(),
        );
    }
    let properties = Arc::new(properties.build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties)?;
    for group in groups {
        let mut out = writer.next_row_group()?;
        for column in group {
            let Some(mut place) = out.next_column()? else {
                return Err(ParquetError::General("groups with other columns".into()));
            };
            write_column(place.untyped(), &column.values)?;
            place.close()?;
        }
        out.close()?;
    }
    writer.into_inner()
}

fn split<T: Clone>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    let there = values.iter().flatten().cloned().collect();
    let levels = values.iter().map(|v| i16::from(v.is_some())).collect();
    (there, levels)
}

fn write_column(writer: &mut ColumnWriter<'_>, values: &Values) -> Result<()> {
    macro_rules! put {
        ($writer:expr, $values:expr) => {{
            let (there, levels) = split($values);
            $writer.write_batch(&there, Some(&levels), None)?;
        }};
    }
    match (writer, values) {
        (ColumnWriter::Int32ColumnWriter(w), Values::I32(v)) => put!(w, v),
        (ColumnWriter::Int64ColumnWriter(w), Values::I64(v)) => put!(w, v),
        (ColumnWriter::FloatColumnWriter(w), Values::F32(v)) => put!(w, v),
        (ColumnWriter::DoubleColumnWriter(w), Values::F64(v)) => put!(w, v),
        (ColumnWriter::ByteArrayColumnWriter(w), Values::Text(v)) => {
            let v: Vec<_> = v
                .iter()
                .map(|t| t.as_ref().map(|t| ByteArray::from(t.as_str())))
                .collect();
            put!(w, &v);
        }
        _ => return Err(ParquetError::General("groups with other columns".into())),
    }
    Ok(())
}

/// Reads a Parquet file made by [`to_parquet`].
///
/// # Errors
/// When it is damaged or holds types we never write.
pub fn from_parquet(bytes: Vec<u8>) -> Result<File> {
    let reader = SerializedFileReader::new(Bytes::from(bytes))?;
    let meta = reader.metadata().file_metadata();
    let about = meta
        .key_value_metadata()
        .into_iter()
        .flatten()
        .map(|kv| (kv.key.clone(), kv.value.clone().unwrap_or_default()))
        .collect();
    let names: Vec<String> = meta
        .schema_descr()
        .columns()
        .iter()
        .map(|c| c.name().to_owned())
        .collect();
    let mut groups = Vec::new();
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at)?;
        let rows = usize::try_from(group.metadata().num_rows())
            .map_err(|_| ParquetError::General("a negative number of rows".into()))?;
        let mut columns = Vec::new();
        for (column, name) in names.iter().enumerate() {
            let values = read_column(group.get_column_reader(column)?, rows)?;
            columns.push(Column::new(name, values));
        }
        groups.push(columns);
    }
    Ok(File { about, groups })
}

fn join<T>(there: Vec<T>, levels: &[i16]) -> Vec<Option<T>> {
    let mut there = there.into_iter();
    levels
        .iter()
        .map(|&level| if level > 0 { there.next() } else { None })
        .collect()
}

fn read_column(reader: ColumnReader, rows: usize) -> Result<Values> {
    macro_rules! get {
        ($reader:expr) => {{
            let mut reader = $reader;
            let (mut levels, mut there) = (Vec::new(), Vec::new());
            while levels.len() < rows {
                let more = rows - levels.len();
                let (records, ..) =
                    reader.read_records(more, Some(&mut levels), None, &mut there)?;
                if records == 0 {
                    return Err(ParquetError::General("a column is too short".into()));
                }
            }
            join(there, &levels)
        }};
    }
    Ok(match reader {
        ColumnReader::Int32ColumnReader(r) => Values::I32(get!(r)),
        ColumnReader::Int64ColumnReader(r) => Values::I64(get!(r)),
        ColumnReader::FloatColumnReader(r) => Values::F32(get!(r)),
        ColumnReader::DoubleColumnReader(r) => Values::F64(get!(r)),
        ColumnReader::ByteArrayColumnReader(r) => {
            let words: Vec<Option<ByteArray>> = get!(r);
            Values::Text(
                words
                    .into_iter()
                    .map(|w| w.map(|w| String::from_utf8_lossy(w.data()).into_owned()))
                    .collect(),
            )
        }
        _ => return Err(ParquetError::General("a column of another type".into())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is written is read, missing values included.
        #[test]
        fn columns_read_back_as_they_were_written(
            codes in proptest::collection::vec(proptest::option::of(any::<i32>()), 0..300),
            seed in any::<i64>(),
        ) {
            let n = codes.len();
            let group = |k: usize| vec![
                Column::new("code", Values::I32(if k == 0 { codes.clone() } else { vec![None; n] })),
                Column::new("tick", Values::I64((0..n as i64).map(|i| Some(seed.wrapping_add(i))).collect())),
                Column::new("p", Values::F32((0..n).map(|i| Some(i as f32 * 0.1)).collect())),
                Column::new("v", Values::F64(codes.iter().map(|c| c.map(f64::from)).collect())),
                Column::new("w", Values::Text(codes.iter().map(|c| c.map(|c| format!("{c} 압력"))).collect())),
            ];
            let groups = vec![group(0), group(1)];
            let bytes = to_parquet(&[("k", "v")], &groups).unwrap();
            let back = from_parquet(bytes).unwrap();
            prop_assert_eq!(back.about.iter().find(|(k, _)| k == "k").map(|(_, v)| v.as_str()), Some("v"));
            prop_assert_eq!(back.groups, groups);
        }
    }
}
