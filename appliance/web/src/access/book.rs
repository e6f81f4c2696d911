//! The file of the accounts: users, sessions and API tokens in one small SQLite database.
//!
//! SQLite rather than a text file, because `moldsight user` changes it while the daemon runs: a
//! reset password must end the sessions of the running daemon, and two writers must not lose
//! each other's work. Methods may block for a few milliseconds; the web calls them on its
//! blocking threads.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use super::link::Link;
use super::secret;
use super::temporary::Temporary;
use crate::error::WebError;
use crate::view::Role;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, must_change INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, last_login_ms INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, must_change INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,
    created_by TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL, used_ms INTEGER, expires_ms INTEGER) STRICT;
PRAGMA user_version = 1;";

/// Users, sessions and API tokens.
pub struct Book {
    connection: Mutex<Connection>,
    /// Login links given out; they live in memory only, a restart ends them.
    pub(super) links: Mutex<Vec<Link>>,
    pub(super) temporary: Temporary,
    path: PathBuf,
    /// Where the accounts lie while their disk takes nothing.
    copy: Mutex<Option<Copied>>,
}

/// A copy of the accounts; its folder goes with it.
struct Copied {
    _folder: tempfile::TempDir,
    /// When the disk was last asked.
    asked: Instant,
}

/// Pause between two looks at whether the disk takes accounts again.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// The account made when a book is opened for the first time. There is no default password.
#[derive(Debug)]
pub struct FirstRun {
    /// Name of the account.
    pub user: String,
    /// Its password: print it once, it is kept nowhere and must be changed at the first login.
    pub password: String,
}

impl Book {
    /// Opens the book in `path`, makes it (readable by its owner only) where there is none, and makes the first
    /// engineer where it holds nobody. Where the disk takes nothing, a book that is there is read and not changed: then is
    /// when somebody must be able to come in and see why.
    pub fn open(path: &Path) -> Result<(Self, Option<FirstRun>), WebError> {
        match Self::open_at(path) {
            Err(error) if error.is_disk() => match Self::open_copy(path) {
                Ok(book) => Ok((book, None)),
                Err(_) => Err(error),
            },
            other => other,
        }
    }

    /// True while accounts can be read and not changed, because their disk takes nothing.
    pub fn is_read_only(&self) -> bool {
        drop(self.connection());
        self.copied().is_some()
    }

    /// A copy in memory-backed or temporary storage: what SQLite needs beside the file cannot be made where it lies, and
    /// without its journal the newest passwords would be missing.
    fn open_copy(path: &Path) -> Result<Self, WebError> {
        let failed = |source| WebError::File {
            attempted: "copying",
            path: path.to_owned(),
            source,
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        let copy = folder.path().join("access.sqlite");
        fs::copy(path, &copy).map_err(failed)?;
        let journal = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push("-wal");
            std::path::PathBuf::from(name)
        };
        if journal(path).exists() {
            fs::copy(journal(path), journal(&copy)).map_err(failed)?;
        }
        let connection = Connection::open(&copy).map_err(accounts("opening a copy"))?;
        connection
            .execute_batch("PRAGMA foreign_keys = ON; PRAGMA query_only = ON;")
            .map_err(accounts("opening a copy"))?;
        let book = Self {
            connection: Mutex::new(connection),
            links: Mutex::default(),
            temporary: Temporary::default(),
            path: path.to_owned(),
            copy: Mutex::new(Some(Copied {
                _folder: folder,
                asked: Instant::now(),
            })),
        };
        book.users()?;
        Ok(book)
    }

    /// The file itself, made where there is none.
    fn connect(path: &Path) -> Result<Connection, WebError> {
        let file = |attempted| {
            move |source| WebError::File {
                attempted,
                path: path.to_owned(),
                source,
            }
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(file("making the folder of"))?;
        }
        // Made before SQLite opens it, because SQLite gives its journal the rights of the file.
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(file("opening"))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(file("protecting"))?;

        let failed = |source| WebError::Accounts {
            attempted: "opening tables",
            source,
        };
        let connection = Connection::open(path).map_err(failed)?;
        connection
            .busy_timeout(Duration::from_secs(5))
            .map_err(failed)?;
        // WAL: `moldsight user` and the daemon read while the other writes. FULL: a new password survives a power cut.
        connection
            .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .map_err(failed)?;
        connection
            .execute_batch(
                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
            )
            .map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(connection)
    }

    fn open_at(path: &Path) -> Result<(Self, Option<FirstRun>), WebError> {
        let book = Self {
            connection: Mutex::new(Self::connect(path)?),
            links: Mutex::default(),
            temporary: Temporary::default(),
            path: path.to_owned(),
            copy: Mutex::default(),
        };
        let first = if book.users()?.is_empty() {
            let made = book.add_user("engineer", Role::Engineer, None)?;
            made.password.map(|password| FirstRun {
                user: made.user.name,
                password,
            })
        } else {
            None
        };
        Ok((book, first))
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held leaves at most an open transaction, which SQLite rolls back.
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut copied = self.copied();
        if let Some(copy) = &mut *copied
            && copy.asked.elapsed() >= ASK_EVERY
        {
            copy.asked = Instant::now();
            // The copy was never changed, so there is nothing to bring back.
            if let Ok(own) = Self::connect(&self.path) {
                *connection = own;
                *copied = None;
            }
        }
        connection
    }

    fn copied(&self) -> MutexGuard<'_, Option<Copied>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn links(&self) -> MutexGuard<'_, Vec<Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For `map_err` on everything SQLite does.
pub(super) fn accounts(attempted: &'static str) -> impl Fn(rusqlite::Error) -> WebError {
    move |source| WebError::Accounts { attempted, source }
}

/// Wall clock, ms since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A password for an account nobody chose one for.
pub(super) fn first_password() -> Result<String, WebError> {
    secret::readable()
}
