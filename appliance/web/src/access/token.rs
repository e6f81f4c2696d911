//! API tokens: for machines. They are no cookies, so no foreign page can make a browser send one.

use rusqlite::{OptionalExtension, Row, params};

use super::book::{Book, accounts, now_ms};
use super::rule::{Rule, check_name};
use super::{secret, user};
use crate::error::WebError;
use crate::view::{Role, TokenMade, TokenView};

/// Says in a leaked file what it is.
const PREFIX: &str = "moldsight_";
/// Tokens a box may have.
const MOST: usize = 200;
/// Last use is noted no more often than this.
const NOTE_MS: i64 = 300_000;
const COLUMNS: &str = "id, name, role, created_by, created_ms, used_ms, expires_ms";

impl Book {
    /// All tokens.
    pub fn tokens(&self) -> Result<Vec<TokenView>, WebError> {
        let failed = accounts("listing tokens");
        let connection = self.connection();
        let mut all = connection
            .prepare(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"))
            .map_err(&failed)?;
        all.query_map([], view)
            .map_err(&failed)?
            .collect::<Result<_, _>>()
            .map_err(failed)
    }

    /// Makes a token in the name of a user; it goes when the user is removed.
    pub fn add_token(
        &self,
        name: &str,
        role: Role,
        created_by: &str,
        expires_ms: Option<i64>,
    ) -> Result<TokenMade, WebError> {
        check_name(name)?;
        if self.tokens()?.len() >= MOST {
            return Err(Rule::Full.into());
        }
        let secret = format!("{PREFIX}{}", secret::draw()?);
        let failed = accounts("adding a token");
        let connection = self.connection();
        let token = connection
            .query_row(
                &format!(
                    "INSERT INTO tokens (name, role, digest, created_by, created_ms, expires_ms)
                     SELECT ?1, ?2, ?3, name, ?5, ?6 FROM users WHERE name = ?4 RETURNING {COLUMNS}"
                ),
                params![
                    name,
                    role.name(),
                    secret::digest("token", &secret),
                    created_by,
                    now_ms(),
                    expires_ms
                ],
                view,
            )
            .optional()
            .map_err(failed)?
            .ok_or(Rule::NoUser)?;
        Ok(TokenMade { token, secret })
    }

    /// Ends a token. False: there was none.
    pub fn remove_token(&self, id: u64) -> Result<bool, WebError> {
        let Ok(id) = i64::try_from(id) else {
            return Ok(false);
        };
        let gone = self
            .connection()
            .execute("DELETE FROM tokens WHERE id = ?1", [id])
            .map_err(accounts("removing a token"))?;
        Ok(gone > 0)
    }

    /// The token of a secret, if it still stands.
    pub(crate) fn token(&self, secret: &str) -> Result<Option<TokenView>, WebError> {
        let failed = accounts("looking a token up");
        let now = now_ms();
        let connection = self.connection();
        let mut find = connection
            .prepare(&format!("SELECT {COLUMNS} FROM tokens WHERE digest = ?1 AND (expires_ms IS NULL OR expires_ms > ?2)"))
            .map_err(&failed)?;
        let found = find
            .query_row(params![secret::digest("token", secret), now], view)
            .optional()
            .map_err(&failed)?;
        if let Some(token) = &found
            && token
                .last_used_ms
                .is_none_or(|used| (now - used).abs() > NOTE_MS)
        {
            let id = i64::try_from(token.id).unwrap_or(i64::MAX);
            // On a full disk the time stays as it is.
            let _ = connection.execute("UPDATE tokens SET used_ms = ?2 WHERE id = ?1", [id, now]);
        }
        Ok(found)
    }
}

fn view(row: &Row<'_>) -> rusqlite::Result<TokenView> {
    Ok(TokenView {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        name: row.get(1)?,
        role: user::role(row, 2)?,
        created_by: row.get(3)?,
        created_ms: row.get(4)?,
        last_used_ms: row.get(5)?,
        expires_ms: row.get(6)?,
    })
}
