//! Keeping the disk within its budget: the oldest raw codes go first, then the oldest estimates.
//! Rows, labels, entries, photos and the audit stay.

use super::Archive;
use crate::book::Book;
use crate::error::{At, RecorderError};
use rusqlite::OptionalExtension;
use std::io;

/// Columns of a kind of file: name, bytes, whether it was removed.
const KINDS: [(&str, &str, &str); 2] = [
    ("raw_file", "raw_bytes", "raw_removed"),
    ("estimate_file", "estimate_bytes", "estimate_removed"),
];

impl Archive {
    /// Removes curves until they fit the budget and the disk has room again.
    pub(super) fn make_room(&self) -> Result<(), RecorderError> {
        let mut bytes = self.book.curve_bytes()?;
        let mut free = self.free();
        for kind in KINDS {
            while bytes > self.settings.raw_bytes
                || free.is_some_and(|free| free < self.settings.free_bytes)
            {
                let Some((number, file, len)) = self.book.oldest(kind)? else {
                    break;
                };
                let path = self.settings.folder.join(&file);
                // Removed first, noted after: on a full disk the book can only be written once there
                // is room. A cut in between finds the file gone, which is fine.
                match self.layer.remove(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error).at("removing", &path);
                    }
                    _ => self.book.note_removed(kind, number)?,
                }
                bytes = bytes.saturating_sub(len);
                free = self.free();
            }
        }
        Ok(())
    }

    /// Bytes free on the disk, if it says.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        self.layer.free_bytes(&self.settings.folder).ok()
    }
}

impl Book {
    /// Bytes of all curves that are there.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn curve_bytes(&self) -> Result<u64, RecorderError> {
        self.read("adding up the curves", |book| {
            let mut sum = 0;
            for (file, bytes, removed) in KINDS {
                // Told apart like this, SQLite finds the answer in an index and reads no row.
                let sql = format!(
                    "SELECT coalesce(sum({bytes}), 0) FROM shots \
                     WHERE {file} IS NOT NULL AND {removed} = 0"
                );
                sum += book.query_row(&sql, [], |row| row.get::<_, i64>(0))?;
            }
            Ok(sum.cast_unsigned())
        })
    }

    fn oldest(
        &self,
        (file, bytes, removed): (&str, &str, &str),
    ) -> Result<Option<(u64, String, u64)>, RecorderError> {
        self.read("looking for the oldest curves", |book| {
            book.prepare(&format!(
                "SELECT number, {file}, {bytes} FROM shots \
                 WHERE {file} IS NOT NULL AND {removed} = 0 ORDER BY number LIMIT 1"
            ))?
            .query_row([], |row| {
                let (number, bytes): (i64, i64) = (row.get(0)?, row.get(2)?);
                Ok((number.cast_unsigned(), row.get(1)?, bytes.cast_unsigned()))
            })
            .optional()
        })
    }

    fn note_removed(
        &self,
        (_, _, removed): (&str, &str, &str),
        number: u64,
    ) -> Result<(), RecorderError> {
        self.write("noting removed curves", |step| {
            step.prepare(&format!("UPDATE shots SET {removed} = 1 WHERE number = ?"))?
                .execute([number.cast_signed()])?;
            Ok(())
        })
    }
}
