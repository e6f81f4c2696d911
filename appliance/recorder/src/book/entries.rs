//! The log people write: material lots, operator actions, defects with a form and a photo.

use crate::book::audit::hex;
use crate::book::{Book, audit};
use crate::error::{At, RecorderError};
use crate::storage::write_whole;
use crate::wall::WallTime;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Largest photo.
const PHOTO_MIB: usize = 12;

/// What an entry is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Another lot of material is in the hopper.
    Lot,
    /// Someone did something at the press.
    Action,
    /// A part has a defect.
    Defect,
    /// Anything else.
    #[default]
    Note,
}

/// An entry to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewEntry {
    /// Who.
    pub who: String,
    /// About what.
    pub kind: EntryKind,
    /// The shot it belongs to.
    pub shot: Option<u64>,
    /// In words.
    pub text: String,
    /// The form, whatever its fields.
    pub form: serde_json::Value,
    /// A JPEG, PNG or WebP picture.
    pub photo: Option<Vec<u8>>,
}

/// An entry made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntryRow {
    /// Its place.
    pub id: i64,
    /// When, ms since 1970 UTC.
    pub at: WallTime,
    /// Who.
    pub who: String,
    /// About what.
    pub kind: EntryKind,
    /// The shot it belongs to.
    pub shot: Option<u64>,
    /// In words.
    pub text: String,
    /// The form.
    pub form: serde_json::Value,
    /// Its photo, a file in the folder of records.
    pub photo: Option<String>,
}

fn entry_of(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let form: String = row.get(6)?;
    let kind: String = row.get(3)?;
    Ok(EntryRow {
        id: row.get(0)?,
        at: WallTime::from_ms(row.get(1)?),
        who: row.get(2)?,
        kind: serde_json::from_value(kind.into()).unwrap_or_default(),
        shot: row.get::<_, Option<i64>>(4)?.map(i64::cast_unsigned),
        text: row.get(5)?,
        form: serde_json::from_str(&form).unwrap_or_default(),
        photo: row.get(7)?,
    })
}

/// The suffix of a picture by its first bytes; what it claims to be does not count.
fn suffix(photo: &[u8]) -> Option<&'static str> {
    match photo {
        [0xFF, 0xD8, 0xFF, ..] => Some("jpg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("png"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("webp"),
        _ => None,
    }
}

impl Book {
    /// Makes an entry, and notes it in the audit. The photo is durable before the entry is.
    ///
    /// # Errors
    /// When the photo is none or too large, or the disk or the book refuses.
    pub fn enter(&self, entry: &NewEntry) -> Result<i64, RecorderError> {
        let photo = entry
            .photo
            .as_deref()
            .map(|p| self.keep_photo(p))
            .transpose()?;
        let at = WallTime::now();
        let kind = crate::book::store::word(&entry.kind);
        self.write("making an entry", |step| {
            step.execute(
                "INSERT INTO entries (at_ms, who, kind, shot, text, form_json, photo) \
                 VALUES (?,?,?,?,?,?,?)",
                params![
                    at.ms(),
                    entry.who,
                    kind,
                    entry.shot.map(u64::cast_signed),
                    entry.text,
                    entry.form.to_string(),
                    photo
                ],
            )?;
            let id = step.last_insert_rowid();
            let detail = format!("entry {id}: {kind}: {}", entry.text);
            audit::append(step, at, &entry.who, "entry", &detail)?;
            Ok(id)
        })
    }

    fn keep_photo(&self, photo: &[u8]) -> Result<String, RecorderError> {
        let suffix = suffix(photo)
            .filter(|_| photo.len() <= PHOTO_MIB << 20)
            .ok_or(RecorderError::Photo {
                limit_mib: PHOTO_MIB,
            })?;
        // Named by its content: the same photo twice is one file, and no name can lead elsewhere.
        let name = format!("photos/{}.{suffix}", hex(&Sha256::digest(photo)));
        let file = self.path(&name);
        write_whole(self.layer(), &file, photo).at("writing", &file)?;
        Ok(name)
    }

    /// The bytes of an entry's photo.
    ///
    /// # Errors
    /// When there is no such entry or photo, or the disk refuses.
    pub fn photo(&self, entry: i64) -> Result<Vec<u8>, RecorderError> {
        let found = self.read("reading an entry", |book| {
            book.prepare("SELECT photo FROM entries WHERE id = ?")?
                .query_map([entry], |row| row.get::<_, Option<String>>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let name = found
            .into_iter()
            .flatten()
            .next()
            .ok_or(RecorderError::NoPhoto(entry))?;
        let file = self.path(&name);
        self.layer().read(&file).at("reading", &file)
    }

    /// A page of entries, newest first, from before a place; of one kind or all.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn entries(
        &self,
        kind: Option<EntryKind>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<EntryRow>, RecorderError> {
        let kind = kind.map(|k| crate::book::store::word(&k));
        self.read("reading entries", |book| {
            book.prepare(
                "SELECT id, at_ms, who, kind, shot, text, form_json, photo FROM entries \
                 WHERE id < ?1 AND (?2 IS NULL OR kind = ?2) ORDER BY id DESC LIMIT ?3",
            )?
            .query_map(
                params![before.unwrap_or(i64::MAX), kind, limit as i64],
                entry_of,
            )?
            .collect()
        })
    }
    /// Entries of a time, or of the shots of a range, in order.
    pub(crate) fn entries_within(
        &self,
        time: (WallTime, WallTime),
        shots: (u64, u64),
    ) -> Result<Vec<EntryRow>, RecorderError> {
        self.read("reading entries", |book| {
            book.prepare(
                "SELECT id, at_ms, who, kind, shot, text, form_json, photo FROM entries \
                 WHERE (at_ms >= ? AND at_ms < ?) OR shot BETWEEN ? AND ? ORDER BY id",
            )?
            .query_map(within(time, shots), entry_of)?
            .collect()
        })
    }
}

/// A time and a range of shots as SQL parameters.
pub(crate) fn within(time: (WallTime, WallTime), shots: (u64, u64)) -> [i64; 4] {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    [time.0.ms(), time.1.ms(), whole(shots.0), whole(shots.1)]
}
