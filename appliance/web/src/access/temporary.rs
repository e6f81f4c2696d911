//! Sessions while the disk takes nothing: kept in memory, for an hour.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const LIFE: Duration = Duration::from_secs(3600);
/// Sessions at once; the oldest make room.
const MOST: usize = 50;

struct Entry {
    digest: String,
    user: String,
    must_change: bool,
    opened: Instant,
}

/// See the module.
#[derive(Default)]
pub(super) struct Temporary(Mutex<Vec<Entry>>);

impl Temporary {
    pub(super) fn add(&self, digest: String, user: &str, must_change: bool) {
        let mut entries = self.entries();
        if entries.len() >= MOST {
            entries.remove(0);
        }
        entries.push(Entry {
            digest,
            user: user.to_owned(),
            must_change,
            opened: Instant::now(),
        });
    }

    /// User of a session, and whether the first password still stands.
    pub(super) fn find(&self, digest: &str) -> Option<(String, bool)> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.opened.elapsed() < LIFE);
        let entry = entries.iter().find(|entry| entry.digest == digest)?;
        Some((entry.user.clone(), entry.must_change))
    }

    /// Ends one; false when it was not here.
    pub(super) fn remove(&self, digest: &str) -> bool {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|entry| entry.digest != digest);
        entries.len() < before
    }

    /// Ends all of a user.
    pub(super) fn remove_user(&self, user: &str) {
        self.entries().retain(|entry| entry.user != user);
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
