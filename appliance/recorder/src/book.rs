//! The book of shots: what the box remembers, in SQLite.
//!
//! [`shots`], [`curves`] and [`trend`] are asked by pages; [`entries`] and [`labels`] are what
//! people write; [`corrections`] is what the box decided about the press; [`audit`] is who did what; [`store`] is how the archive writes a shot.

pub mod audit;
pub mod corrections;
pub mod curves;
pub mod entries;
pub mod labels;
pub mod schema;
pub mod shots;
pub(crate) mod store;
pub mod trend;

use crate::error::{InBook, RecorderError};
use crate::settings::Settings;
use crate::storage::{Disk, FileLayer};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The book, for queries and for what people write. Calls wait for the disk: never from the tick
/// thread, and from an async program inside `spawn_blocking`. Cheap to clone; clones share one
/// connection.
///
/// Opening cannot fail: a book that cannot be opened now is tried again at every call.
#[derive(Clone, Debug)]
pub struct Book {
    settings: Arc<Settings>,
    layer: Arc<dyn FileLayer>,
    connection: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
enum Open {
    #[default]
    Not,
    Writable(Connection),
    /// Of a disk that may not be written.
    ReadOnly(Connection),
}

impl Book {
    /// The book in a folder of records, of this or another process.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self::on(Arc::new(Disk), settings)
    }

    /// The same with curves and photos on another file layer.
    #[must_use]
    pub fn on(layer: Arc<dyn FileLayer>, settings: &Settings) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            layer,
            connection: Arc::default(),
        }
    }

    /// Where a file named in a row lies.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.settings.folder.join(file)
    }

    pub(crate) fn layer(&self) -> &dyn FileLayer {
        self.layer.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // A panic elsewhere leaves at worst a transaction that rolls back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn open_for_writing(&self, open: &mut Open) -> Result<(), RecorderError> {
        if !matches!(open, Open::Writable(_)) {
            *open = Open::Writable(schema::open(&self.settings.book_file())?);
        }
        Ok(())
    }

    pub(crate) fn read<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RecorderError> {
        let mut open = self.lock();
        if let Err(error) = self.open_for_writing(&mut open) {
            match schema::open_read_only(&self.settings.book_file()) {
                Ok(connection) if error.is_disk() => *open = Open::ReadOnly(connection),
                _ => return Err(error),
            }
        }
        match &*open {
            Open::Writable(book) | Open::ReadOnly(book) => work(book).in_book(what),
            Open::Not => unreachable!("opened above"),
        }
    }

    pub(crate) fn write<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RecorderError> {
        let mut open = self.lock();
        // Where it may not write SQLite opens for reading alone, and stays so when the disk may be written again.
        if let Open::Writable(book) = &*open
            && book.is_readonly("main").unwrap_or(true)
        {
            *open = Open::Not;
        }
        self.open_for_writing(&mut open)?;
        match &mut *open {
            Open::Writable(book) => audit::immediate(book, what, work),
            _ => unreachable!("opened above"),
        }
    }
}
