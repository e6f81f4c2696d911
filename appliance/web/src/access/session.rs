//! Sessions: what a cookie stands for.

use rusqlite::{OptionalExtension, params};

use super::book::{Book, accounts, now_ms};
use super::rule::Rule;
use super::{secret, user};
use crate::error::WebError;
use crate::view::Role;

/// A session ends when it was not used for this long: a shift and its overtime. An open live stream is use.
const IDLE_MS: i64 = 12 * 3_600_000;
/// And in any case after this long.
const LIFE_MS: i64 = 30 * 24 * 3_600_000;
/// Last use is noted no more often than this, so that a request seldom writes.
const NOTE_MS: i64 = 300_000;
/// Sessions a user may have; the oldest make room.
const MOST: i64 = 50;

/// A session just opened. The secret goes into the cookie and is kept nowhere else.
pub(crate) struct Opened {
    pub(crate) secret: String,
}

/// What a cookie stands for.
pub(crate) struct Session {
    pub(crate) user: String,
    pub(crate) role: Role,
    pub(crate) must_change: bool,
}

/// What the book keeps of a session's secret.
pub(crate) fn session_digest(secret: &str) -> String {
    secret::digest("session", secret)
}

/// The CSRF token that goes with a session: drawn from its secret, so only its owner can know it.
pub(crate) fn csrf_token(secret: &str) -> String {
    secret::digest("csrf", secret)
}

impl Book {
    /// Opens a session. `by_link`: the user has shown no password, so none is asked to be changed.
    pub(crate) fn open_session(&self, user: &str, by_link: bool) -> Result<Opened, WebError> {
        let secret = secret::draw()?;
        let digest = session_digest(&secret);
        match self.keep_session(user, &digest, by_link) {
            Ok(()) => {}
            Err(error @ WebError::Accounts { .. }) => {
                // A full disk is when somebody must be able to come in and see why.
                let must_change = self.user(user)?.must_change_password && !by_link;
                tracing::warn!(user, %error, "the session is not kept: it ends in an hour or with the program");
                self.temporary.add(digest, user, must_change);
            }
            Err(error) => return Err(error),
        }
        Ok(Opened { secret })
    }

    fn keep_session(&self, user: &str, digest: &str, by_link: bool) -> Result<(), WebError> {
        let now = now_ms();
        let failed = accounts("opening a session");
        let mut connection = self.connection();
        let change = connection.transaction().map_err(&failed)?;
        let known = change
            .execute(
                "UPDATE users SET last_login_ms = ?2 WHERE name = ?1",
                params![user, now],
            )
            .map_err(&failed)?;
        if known == 0 {
            return Err(Rule::NoUser.into());
        }
        change
            .execute(
                "INSERT INTO sessions (digest, user, must_change, created_ms, seen_ms)
                 SELECT ?1, name, must_change AND NOT ?3, ?4, ?4 FROM users WHERE name = ?2",
                params![digest, user, by_link, now],
            )
            .map_err(&failed)?;
        change
            .execute(
                "DELETE FROM sessions WHERE seen_ms < ?1 OR created_ms < ?2",
                [now - IDLE_MS, now - LIFE_MS],
            )
            .map_err(&failed)?;
        change
            .execute(
                "DELETE FROM sessions WHERE user = ?1 AND digest NOT IN
                 (SELECT digest FROM sessions WHERE user = ?1 ORDER BY created_ms DESC, rowid DESC LIMIT ?2)",
                params![user, MOST],
            )
            .map_err(&failed)?;
        change.commit().map_err(failed)
    }

    /// The session of a cookie, if it still stands.
    pub(crate) fn session(&self, secret: &str) -> Result<Option<Session>, WebError> {
        let digest = session_digest(secret);
        if let Some(session) = self.kept_session(&digest)? {
            return Ok(Some(session));
        }
        let Some((name, must_change)) = self.temporary.find(&digest) else {
            return Ok(None);
        };
        let role = self.user(&name)?.role;
        Ok(Some(Session {
            user: name,
            role,
            must_change,
        }))
    }

    fn kept_session(&self, digest: &str) -> Result<Option<Session>, WebError> {
        let failed = accounts("looking a session up");
        let now = now_ms();
        let connection = self.connection();
        let mut find = connection
            .prepare(
                "SELECT s.user, u.role, s.must_change, s.seen_ms FROM sessions s JOIN users u ON u.name = s.user
                 WHERE s.digest = ?1 AND s.seen_ms >= ?2 AND s.created_ms >= ?3",
            )
            .map_err(&failed)?;
        let found = find
            .query_row(params![digest, now - IDLE_MS, now - LIFE_MS], |row| {
                let session = Session {
                    user: row.get(0)?,
                    role: user::role(row, 1)?,
                    must_change: row.get(2)?,
                };
                Ok((session, row.get::<_, i64>(3)?))
            })
            .optional()
            .map_err(&failed)?;
        let Some((session, seen_ms)) = found else {
            return Ok(None);
        };
        if (now - seen_ms).abs() > NOTE_MS {
            // On a full disk the time stays as it is, and the session ends a shift after it was last noted.
            let _ = connection.execute(
                "UPDATE sessions SET seen_ms = ?2 WHERE digest = ?1",
                params![digest, now],
            );
        }
        Ok(Some(session))
    }

    /// Ends a session.
    pub(crate) fn close_session(&self, secret: &str) -> Result<(), WebError> {
        let digest = session_digest(secret);
        if self.temporary.remove(&digest) {
            return Ok(());
        }
        self.connection()
            .execute("DELETE FROM sessions WHERE digest = ?1", [digest])
            .map_err(accounts("ending a session"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A book on a disk that takes nothing any more.
    fn full() -> (tempfile::TempDir, Book) {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = Book::open(&folder.path().join("access.sqlite")).unwrap();
        book.set_password("engineer", "press-and-mold").unwrap();
        book.connection()
            .execute_batch("PRAGMA query_only = ON")
            .unwrap();
        (folder, book)
    }

    #[test]
    fn a_full_disk_keeps_nobody_out_but_changes_nothing() {
        let (_folder, book) = full();
        assert!(book.add_user("kim", Role::Viewer, None).is_err());
        let opened = book.open_session("engineer", false).unwrap();
        let session = book.session(&opened.secret).unwrap().unwrap();
        assert_eq!(
            (session.user.as_str(), session.role, session.must_change),
            ("engineer", Role::Engineer, false)
        );
        assert!(book.open_session("nobody", false).is_err());
        book.close_session(&opened.secret).unwrap();
        assert!(book.session(&opened.secret).unwrap().is_none());
    }

    #[test]
    fn a_new_password_ends_what_was_opened_while_the_disk_was_full() {
        let (_folder, book) = full();
        let opened = book.open_session("engineer", false).unwrap();
        book.connection()
            .execute_batch("PRAGMA query_only = OFF")
            .unwrap();
        book.reset_password("engineer", None).unwrap();
        assert!(book.session(&opened.secret).unwrap().is_none());
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = Book::open(&folder.path().join("access.sqlite")).unwrap();
        for (column, ago, stands) in [
            ("seen_ms", IDLE_MS - 60_000, true),
            ("seen_ms", IDLE_MS + 60_000, false),
            ("created_ms", LIFE_MS - 60_000, true),
            ("created_ms", LIFE_MS + 60_000, false),
        ] {
            let opened = book.open_session("engineer", false).unwrap();
            let change = format!("UPDATE sessions SET {column} = ?1 WHERE digest = ?2");
            book.connection()
                .execute(
                    &change,
                    params![now_ms() - ago, session_digest(&opened.secret)],
                )
                .unwrap();
            assert_eq!(
                book.session(&opened.secret).unwrap().is_some(),
                stands,
                "{column} {ago}"
            );
        }
    }
}
