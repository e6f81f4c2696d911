//! The curves of a shot, thinned to what a screen can show.

use crate::archive::curves::{Curve, ShotAbout, estimated, measured, read};
use crate::archive::hash;
use crate::book::Book;
use crate::book::shots::ShotRow;
use crate::columns::File;
use crate::error::RecorderError;
use rusqlite::OptionalExtension;
use serde::Serialize;
use std::io;

/// A shot with its curves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShotCurves {
    /// What the book says.
    pub shot: ShotRow,
    /// What was measured; empty when it was removed.
    pub measured: Vec<Curve>,
    /// What was estimated, with standard deviations.
    pub estimated: Vec<Curve>,
    /// Measured minus predicted, with the predicted standard deviation.
    pub innovations: Vec<Curve>,
}

/// Which file of a shot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveFile {
    /// Raw codes.
    Raw,
    /// Estimates.
    Estimates,
}

impl Curve {
    /// At most `points` points, a first and a last one, and in between the lowest and the highest
    /// of each stretch: a peak is never thinned away.
    #[must_use]
    pub fn thinned(&self, points: usize) -> Self {
        let n = self.time_s.len();
        if n <= points.max(4) {
            return self.clone();
        }
        let stretches = (points.max(4) - 2) / 2;
        let mut keep = vec![0];
        for k in 0..stretches {
            // The first and the last point are kept anyway.
            let from = 1 + k * (n - 2) / stretches;
            let to = 1 + (k + 1) * (n - 2) / stretches;
            let there = |row: &usize| self.value[*row].is_some();
            let by = |a: &usize, b: &usize| {
                let of = |row: usize| self.value[row].unwrap_or(f64::NAN);
                of(*a).total_cmp(&of(*b))
            };
            let low = (from..to).filter(there).min_by(by);
            let high = (from..to).filter(there).max_by(by);
            match (low, high) {
                (Some(low), Some(high)) => keep.extend([low.min(high), low.max(high)]),
                // A stretch without a value stays a gap in the drawing.
                _ => keep.push(from),
            }
        }
        keep.push(n - 1);
        keep.dedup();
        let pick = |values: &[Option<f64>]| {
            keep.iter()
                .filter_map(|&row| values.get(row).copied())
                .collect()
        };
        Self {
            name: self.name.clone(),
            unit: self.unit.clone(),
            time_s: keep.iter().map(|&row| self.time_s[row]).collect(),
            value: pick(&self.value),
            sd: pick(&self.sd),
        }
    }
}

impl Book {
    /// A shot with its curves, at most `points` points each. Curves that were removed are empty.
    ///
    /// # Errors
    /// When the shot is not recorded, a file is damaged, or the disk refuses.
    pub fn shot_curves(&self, number: u64, points: usize) -> Result<ShotCurves, RecorderError> {
        let mut all = self.whole_curves(number)?;
        for curves in [&mut all.measured, &mut all.estimated, &mut all.innovations] {
            for curve in curves.iter_mut() {
                *curve = curve.thinned(points);
            }
        }
        Ok(all)
    }

    /// A shot with all points of its curves.
    ///
    /// # Errors
    /// Like [`Book::shot_curves`].
    pub fn whole_curves(&self, number: u64) -> Result<ShotCurves, RecorderError> {
        let shot = self.shot(number)?;
        let there = |result| match result {
            Err(RecorderError::CurvesRemoved(_) | RecorderError::NoCurves(_)) => Ok(None),
            other => other.map(Some),
        };
        let raw = there(self.curve_file(number, CurveFile::Raw))?;
        let estimates = there(self.curve_file(number, CurveFile::Estimates))?;
        let (estimated, innovations) =
            estimates.map_or_else(Default::default, |(about, file)| estimated(&about, &file));
        Ok(ShotCurves {
            shot,
            measured: raw.map_or_else(Vec::new, |(about, file)| {
                measured(&about, &file).into_iter().flatten().collect()
            }),
            estimated,
            innovations,
        })
    }

    /// A file of curves, checked against the hash in the book.
    ///
    /// # Errors
    /// When the shot is not recorded, the file was removed or is damaged, or the disk refuses.
    pub fn curve_file(
        &self,
        number: u64,
        which: CurveFile,
    ) -> Result<(ShotAbout, File), RecorderError> {
        let sql = match which {
            CurveFile::Raw => {
                "SELECT raw_file, raw_sha256, raw_removed FROM shots WHERE number = ?"
            }
            CurveFile::Estimates => {
                "SELECT estimate_file, estimate_sha256, estimate_removed FROM shots WHERE number = ?"
            }
        };
        type Found = (Option<String>, Option<String>, bool);
        let found: Option<Found> = self.read("looking for curves", |book| {
            book.prepare(sql)?
                .query_row([number.cast_signed()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })?;
        let (name, sha256, removed) = found.ok_or(RecorderError::NoSuchShot(number))?;
        if removed {
            return Err(RecorderError::CurvesRemoved(number));
        }
        let file = self.path(&name.ok_or(RecorderError::NoCurves(number))?);
        let bytes = self.layer().read(&file).map_err(|source| {
            // Removed, and the box stopped before that was noted.
            if source.kind() == io::ErrorKind::NotFound {
                RecorderError::CurvesRemoved(number)
            } else {
                RecorderError::File {
                    what: "reading",
                    path: file.clone(),
                    source,
                }
            }
        })?;
        if sha256.is_some_and(|right| right != hash(&bytes)) {
            return Err(RecorderError::CurvesDamaged(number));
        }
        read(number, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Thinned or not, a curve keeps its ends, its lowest and its highest value, and its order.
        #[test]
        fn thinning_keeps_peaks(values in proptest::collection::vec(proptest::option::weighted(0.9, -1e3..1e3_f64), 1..900), points in 4..200_usize) {
            let curve = Curve {
                name: "p1".into(),
                unit: "Pa".into(),
                time_s: (0..values.len()).map(|i| i as f64).collect(),
                value: values,
                sd: Vec::new(),
            };
            let thin = curve.thinned(points);
            prop_assert!(thin.time_s.len() <= points.max(4));
            prop_assert!(thin.time_s.windows(2).all(|w| w[0] < w[1]));
            prop_assert_eq!(thin.time_s.last(), curve.time_s.last());
            let span = |c: &Curve| {
                let there = c.value.iter().flatten();
                (there.clone().copied().fold(f64::MAX, f64::min), there.copied().fold(f64::MIN, f64::max))
            };
            prop_assert_eq!(span(&thin), span(&curve));
        }
    }
}
