//! The archive: a finished shot leaves the log for its files and its row in the book.
//!
//! The order makes a cut at any moment harmless: files first, each whole or not at all, then the
//! row in one transaction, and only then may the log forget. A shot that was cut off in between is
//! done again and gives the same files.

pub mod curves;
pub mod retention;

use crate::book::Book;
use crate::book::audit::hex;
use crate::book::store::StoredFile;
use crate::error::{At, RecorderError};
use crate::front::{Done, Work};
use crate::log::record::Event;
use crate::log::recover::LoggedShot;
use crate::log::shot;
use crate::settings::Settings;
use crate::storage::{FileLayer, write_whole};
use crate::wall::WallTime;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Kind of the event that tells of a shot that damage took.
pub const SHOT_NOT_RECORDED: &str = "shot-not-recorded";

/// SHA-256 in hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Makes durable what the front hands out.
#[derive(Debug)]
pub struct Archive {
    layer: Arc<dyn FileLayer>,
    settings: Settings,
    book: Book,
}

impl Archive {
    /// An archive in the folder of the settings.
    pub fn new(layer: Arc<dyn FileLayer>, settings: &Settings) -> Self {
        let book = Book::on(Arc::clone(&layer), settings);
        Self::sharing(book, layer, settings)
    }

    /// The same that writes into a book which others read. On a disk that was read-only SQLite keeps what connections of
    /// one program share as it is until the last of them is closed: a second connection would keep the first from writing
    /// for ever.
    pub(crate) fn sharing(book: Book, layer: Arc<dyn FileLayer>, settings: &Settings) -> Self {
        Self {
            book,
            settings: settings.clone(),
            layer,
        }
    }

    /// Does a piece of work. After an error the same work is asked for again, later.
    ///
    /// # Errors
    /// When the disk or the book refuses.
    pub fn step(&self, work: &Work) -> Result<Done, RecorderError> {
        match work {
            Work::Events(events) => {
                self.book.enter_events(events)?;
                let last = events.iter().map(|e| (e.session, e.id)).max();
                let (session, id) = last.unwrap_or_default();
                Ok(Done::Events(session, id))
            }
            Work::Shot(logged) => {
                self.make_room()?;
                match self.store(logged) {
                    // Asking again would never end, and the shots after it would wait for ever.
                    Err(RecorderError::NotInLog(number)) => self.give_up(logged, number)?,
                    other => other?,
                }
                Ok(Done::Shot(logged.number))
            }
        }
    }

    fn store(&self, logged: &LoggedShot) -> Result<(), RecorderError> {
        let Some(number) = self.book.number_for(logged)? else {
            return Ok(());
        };
        let data = shot::read(self.layer.as_ref(), &self.settings.log_dir(), logged)?;
        let about = curves::about(&data);
        let raw = curves::raw_file(&data, &about)?;
        let raw = self.keep(number, "raw", raw)?;
        let estimates = curves::estimate_file(&data, &about)?;
        let estimates = self.keep(number, "estimates", estimates)?;
        self.book
            .enter_shot(number, &data, &about, &raw, &estimates)
    }

    /// A thousand shots a folder: `raw/000001/000001234.raw.parquet`.
    fn keep(
        &self,
        number: u64,
        what: &str,
        bytes: Option<Vec<u8>>,
    ) -> Result<StoredFile, RecorderError> {
        let Some(bytes) = bytes else {
            return Ok(StoredFile::default());
        };
        let name = format!("raw/{:06}/{number:09}.{what}.parquet", number / 1000);
        let file = self.settings.folder.join(&name);
        write_whole(self.layer.as_ref(), &file, &bytes).at("writing", &file)?;
        Ok(StoredFile {
            file: Some(name),
            bytes: bytes.len() as u64,
            sha256: Some(hash(&bytes)),
        })
    }

    /// The log holds an end without a beginning: damage took it. That is told, as an event.
    fn give_up(&self, logged: &LoggedShot, number: u64) -> Result<(), RecorderError> {
        self.book.enter_events(&[Event {
            session: logged.session,
            // Apart from the numbers of the front, which count up from 1.
            id: (1 << 62) + number,
            shot: Some(number),
            at_ns: 0,
            wall: WallTime::now(),
            kind: SHOT_NOT_RECORDED.into(),
            source: "recorder".into(),
            text: format!("The log of shot {number} is damaged: its curves could not be kept."),
        }])
    }
}
