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
                params![session_digest(&secret), user, by_link, now],
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
        change.commit().map_err(failed)?;
        Ok(Opened { secret })
    }

    /// The session of a cookie, if it still stands.
    pub(crate) fn session(&self, secret: &str) -> Result<Option<Session>, WebError> {
        let failed = accounts("looking a session up");
        let (digest, now) = (session_digest(secret), now_ms());
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
            connection
                .execute(
                    "UPDATE sessions SET seen_ms = ?2 WHERE digest = ?1",
                    params![digest, now],
                )
                .map_err(failed)?;
        }
        Ok(Some(session))
    }

    /// Ends a session.
    pub(crate) fn close_session(&self, secret: &str) -> Result<(), WebError> {
        self.connection()
            .execute(
                "DELETE FROM sessions WHERE digest = ?1",
                [session_digest(secret)],
            )
            .map_err(accounts("ending a session"))?;
        Ok(())
    }
}
