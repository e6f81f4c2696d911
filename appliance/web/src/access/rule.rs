//! What an account must keep to.

use axum::http::StatusCode;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Names are shown, logged and typed on a panel.
    #[error("a name has 1 to 40 letters, digits, dots, dashes or underscores")]
    Name,
    /// Long enough not to be guessed, short enough to be hashed at once.
    #[error("a password has 10 to 200 characters and does not contain the user's name")]
    Password,
    /// The new password is the old one.
    #[error("the new password is the old one")]
    SamePassword,
    /// Taken.
    #[error("the name is taken")]
    Taken,
    /// There is none.
    #[error("there is no such user")]
    NoUser,
    /// Somebody must be able to set the box up.
    #[error("the last engineer cannot be removed or given a lower role")]
    LastEngineer,
    /// A full book means a script gone wrong.
    #[error("there are too many of them; remove some first")]
    Full,
}

impl Rule {
    /// HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Name | Self::Password | Self::SamePassword => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoUser => StatusCode::NOT_FOUND,
            Self::Taken | Self::LastEngineer | Self::Full => StatusCode::CONFLICT,
        }
    }

    /// Key of the sentence the dashboard shows.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "bad_name",
            Self::Password => "bad_password",
            Self::SamePassword => "same_password",
            Self::Taken => "name_taken",
            Self::NoUser => "not_found",
            Self::LastEngineer => "last_engineer",
            Self::Full => "too_many",
        }
    }
}

/// Checks a name.
pub(super) fn check_name(name: &str) -> Result<(), Rule> {
    let fits = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let length = name.chars().count();
    if (1..=40).contains(&length) && name.chars().all(fits) && name != "-" {
        Ok(())
    } else {
        Err(Rule::Name)
    }
}

/// Checks a password somebody chose.
pub(super) fn check_password(name: &str, password: &str) -> Result<(), Rule> {
    let length = password.chars().count();
    // A short name is found in half of all words: only longer ones give something away.
    let named = name.chars().count() >= 4 && password.to_lowercase().contains(&name.to_lowercase());
    if (10..=200).contains(&length) && !named {
        Ok(())
    } else {
        Err(Rule::Password)
    }
}
