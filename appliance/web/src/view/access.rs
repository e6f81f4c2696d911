//! Who may do what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody may do; each role may do everything the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Logs, labels, and takes the box off the press.
    Operator,
    /// Sets everything up.
    Engineer,
}

impl Role {
    /// As written on the wire and on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Engineer => "engineer",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Engineer]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Name.
    pub user: String,
    /// Role.
    pub role: Role,
    /// To be sent as `x-csrf-token` with every request that changes something.
    pub csrf: String,
    /// True until the first password is replaced; nothing else works before.
    pub must_change_password: bool,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserView {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Made, ms since 1970.
    pub created_ms: i64,
    /// Last login, ms since 1970.
    pub last_login_ms: Option<i64>,
    /// True until the user replaced the password somebody else set.
    pub must_change_password: bool,
}

/// An account just made or reset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserMade {
    /// The account.
    pub user: UserView,
    /// Its first password where the box chose it; shown once.
    pub password: Option<String>,
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Number.
    pub id: u64,
    /// What it is for.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// Made, ms since 1970.
    pub created_ms: i64,
    /// Last used (to five minutes), ms since 1970.
    pub last_used_ms: Option<i64>,
    /// Ends, ms since 1970.
    pub expires_ms: Option<i64>,
}

/// An API token just made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// The token.
    pub token: TokenView,
    /// For `Authorization: Bearer ...`; shown once.
    pub secret: String,
}
