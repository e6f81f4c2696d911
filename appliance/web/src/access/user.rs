//! Accounts.

use rusqlite::{OptionalExtension, Row, params};

use super::book::{Book, accounts, first_password, now_ms};
use super::password;
use super::rule::{Rule, check_name, check_password};
use crate::error::WebError;
use crate::view::{Role, UserMade, UserView};

/// Users a box may have.
const MOST: usize = 200;
const COLUMNS: &str = "name, role, created_ms, last_login_ms, must_change";

impl Book {
    /// All accounts by name.
    pub fn users(&self) -> Result<Vec<UserView>, WebError> {
        let failed = accounts("listing users");
        let connection = self.connection();
        let mut all = connection
            .prepare(&format!("SELECT {COLUMNS} FROM users ORDER BY name"))
            .map_err(&failed)?;
        all.query_map([], view)
            .map_err(&failed)?
            .collect::<Result<_, _>>()
            .map_err(failed)
    }

    /// One account.
    pub fn user(&self, name: &str) -> Result<UserView, WebError> {
        let found = self
            .connection()
            .query_row(
                &format!("SELECT {COLUMNS} FROM users WHERE name = ?1"),
                [name],
                view,
            )
            .optional()
            .map_err(accounts("looking a user up"))?;
        Ok(found.ok_or(Rule::NoUser)?)
    }

    /// Makes an account. Without a password the box draws one; in both cases the user must replace it.
    pub fn add_user(
        &self,
        name: &str,
        role: Role,
        password: Option<&str>,
    ) -> Result<UserMade, WebError> {
        check_name(name)?;
        let (hash, drawn) = first_hash(name, password)?;
        if self.users()?.len() >= MOST {
            return Err(Rule::Full.into());
        }
        let new = self
            .connection()
            .execute(
                "INSERT INTO users (name, role, password, must_change, created_ms) VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT DO NOTHING",
                params![name, role.name(), hash, now_ms()],
            )
            .map_err(accounts("adding a user"))?;
        if new == 0 {
            return Err(Rule::Taken.into());
        }
        Ok(UserMade {
            user: self.user(name)?,
            password: drawn,
        })
    }

    /// Changes the role; ends the user's sessions.
    pub fn set_role(&self, name: &str, role: Role) -> Result<(), WebError> {
        self.keep_an_engineer("changing a role", name, |change| {
            let changed = change.execute(
                "UPDATE users SET role = ?2 WHERE name = ?1",
                params![name, role.name()],
            )?;
            change.execute("DELETE FROM sessions WHERE user = ?1", [name])?;
            Ok(changed)
        })
    }

    /// Sets a password the user must replace (drawn where none is given), and ends the user's sessions. Gives the drawn one.
    pub fn reset_password(
        &self,
        name: &str,
        password: Option<&str>,
    ) -> Result<Option<String>, WebError> {
        let (hash, drawn) = first_hash(name, password)?;
        self.keep_an_engineer("resetting a password", name, |change| {
            let changed = change.execute(
                "UPDATE users SET password = ?2, must_change = 1 WHERE name = ?1",
                [name, &hash],
            )?;
            change.execute("DELETE FROM sessions WHERE user = ?1", [name])?;
            Ok(changed)
        })?;
        Ok(drawn)
    }

    /// Sets a password its user need not replace: for programs that set a box up, never on the way of a request.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), WebError> {
        self.change_password(name, password, "")
    }

    /// The user's own change of password: the first password is replaced, all other sessions end.
    pub(crate) fn change_password(
        &self,
        name: &str,
        new: &str,
        keep_session: &str,
    ) -> Result<(), WebError> {
        check_password(name, new)?;
        let hash = password::hash(new)?;
        self.keep_an_engineer("changing a password", name, |change| {
            let changed = change.execute(
                "UPDATE users SET password = ?2, must_change = 0 WHERE name = ?1",
                [name, &hash],
            )?;
            change.execute(
                "DELETE FROM sessions WHERE user = ?1 AND digest <> ?2",
                [name, keep_session],
            )?;
            change.execute(
                "UPDATE sessions SET must_change = 0 WHERE digest = ?1",
                [keep_session],
            )?;
            Ok(changed)
        })
    }

    /// Removes an account, its sessions, and the API tokens it made.
    pub fn remove_user(&self, name: &str) -> Result<(), WebError> {
        self.keep_an_engineer("removing a user", name, |change| {
            change.execute("DELETE FROM users WHERE name = ?1", [name])
        })
    }

    pub(crate) fn password_hash(&self, name: &str) -> Result<Option<String>, WebError> {
        self.connection()
            .query_row(
                "SELECT password FROM users WHERE name = ?1",
                [name],
                |row| row.get(0),
            )
            .optional()
            .map_err(accounts("looking a password up"))
    }

    /// Applies a change to a user unless there is none or it would leave the box without an engineer.
    fn keep_an_engineer(
        &self,
        attempted: &'static str,
        name: &str,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<(), WebError> {
        let failed = accounts(attempted);
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(&failed)?;
        if change(&transaction).map_err(&failed)? == 0 {
            return Err(Rule::NoUser.into());
        }
        let engineers: i64 = transaction
            .query_row(
                "SELECT count(*) FROM users WHERE role = 'engineer'",
                [],
                |row| row.get(0),
            )
            .map_err(&failed)?;
        if engineers == 0 {
            return Err(Rule::LastEngineer.into());
        }
        transaction.commit().map_err(failed)?;
        self.temporary.remove_user(name);
        Ok(())
    }
}

fn first_hash(name: &str, password: Option<&str>) -> Result<(String, Option<String>), WebError> {
    match password {
        Some(chosen) => {
            check_password(name, chosen)?;
            Ok((password::hash(chosen)?, None))
        }
        None => {
            let drawn = first_password()?;
            Ok((password::hash(&drawn)?, Some(drawn)))
        }
    }
}

fn view(row: &Row<'_>) -> rusqlite::Result<UserView> {
    Ok(UserView {
        name: row.get(0)?,
        role: role(row, 1)?,
        created_ms: row.get(2)?,
        last_login_ms: row.get(3)?,
        must_change_password: row.get(4)?,
    })
}

/// Reads a role; a word this version does not know is an error, never a guess.
pub(super) fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let name: String = row.get(column)?;
    Role::from_name(&name).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            format!("unknown role `{name}`").into(),
        )
    })
}
