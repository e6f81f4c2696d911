//! One number over the last shots, for trends and control charts.

use crate::book::Book;
use crate::book::shots::ShotFilter;
use crate::error::RecorderError;
use crate::wall::WallTime;
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

/// Where a number of a shot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrendOf {
    /// Features of the whole shot.
    Feature,
    /// Physical latents, with standard deviations.
    Latent,
    /// Predicted quality, with standard deviations.
    Quality,
    /// What was measured afterwards; the latest label of that name.
    Label,
}

/// A point of a trend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendPoint {
    /// The shot.
    pub number: u64,
    /// When it began, ms since 1970 UTC.
    pub began: WallTime,
    /// The number.
    pub value: f64,
    /// Its standard deviation, where it has one.
    pub sd: Option<f64>,
}

impl Book {
    /// A number of the last `limit` shots that have it, oldest first.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn trend(
        &self,
        of: TrendOf,
        name: &str,
        filter: &ShotFilter,
        limit: usize,
    ) -> Result<Vec<TrendPoint>, RecorderError> {
        // The name is a key inside JSON: quoted there, it must not carry quotes of its own.
        if name.contains(['"', '\\']) {
            return Ok(Vec::new());
        }
        let key = format!("$.\"{name}\"");
        let (value, sd, keys) = match of {
            TrendOf::Feature => ("json_extract(features_json, ?)", "NULL", vec![key]),
            TrendOf::Latent => (
                "json_extract(latents_json, ?)",
                "json_extract(latents_json, ?)",
                vec![format!("{key}.value"), format!("{key}.sd")],
            ),
            TrendOf::Quality => (
                "json_extract(quality_json, ?)",
                "json_extract(quality_json, ?)",
                vec![format!("{key}.value"), format!("{key}.sd")],
            ),
            TrendOf::Label => (
                "(SELECT value FROM labels WHERE shot = number AND name = ? ORDER BY id DESC LIMIT 1)",
                "NULL",
                vec![name.to_owned()],
            ),
        };
        let (condition, filters) = filter.sql();
        let sql = format!(
            "SELECT number, began_ms, {value} AS v, {sd} AS sd FROM shots \
             WHERE {condition} AND v IS NOT NULL ORDER BY number DESC LIMIT ?"
        );
        let mut values: Vec<Value> = keys.into_iter().map(Value::Text).collect();
        values.extend(filters);
        values.push(Value::Integer(limit as i64));
        let mut points: Vec<TrendPoint> = self.read("reading a trend", |book| {
            book.prepare(&sql)?
                .query_map(params_from_iter(values), |row| {
                    Ok(TrendPoint {
                        number: row.get::<_, i64>(0)?.cast_unsigned(),
                        began: WallTime::from_ms(row.get(1)?),
                        value: row.get(2)?,
                        sd: row.get(3)?,
                    })
                })?
                .collect()
        })?;
        points.reverse();
        Ok(points)
    }
}
