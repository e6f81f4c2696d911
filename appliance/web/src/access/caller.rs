//! Who sends a request, found before anything of its body is read.
//!
//! A handler names the least role it serves as its first argument: [`Viewer`], [`Operator`] or
//! [`Engineer`]. A request that changes something and comes with a cookie must also carry the CSRF
//! token of its session; one with an API token need not, because browsers never add those by themselves.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::cookie::session_secret;
use super::session::csrf_token;
use crate::app::App;
use crate::problem::Refusal;
use crate::view::{Role, SessionView};

const CSRF_HEADER: &str = "x-csrf-token";

/// Somebody known.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Name for log and audit; `token:NAME` for an API token.
    pub(crate) name: String,
    /// Role.
    pub(crate) role: Role,
    /// Secret of the session, unless an API token was sent.
    pub(crate) session: Option<String>,
    /// Name of the account that answers for it: the user, or the maker of the token.
    pub(crate) account: String,
    must_change: bool,
}

impl Caller {
    /// What the dashboard is told about the session. `None` for an API token.
    pub(crate) fn session_view(&self) -> Option<SessionView> {
        let secret = self.session.as_deref()?;
        Some(SessionView {
            user: self.name.clone(),
            role: self.role,
            csrf: csrf_token(secret),
            must_change_password: self.must_change,
        })
    }

    /// Finds the caller of a request.
    pub(crate) async fn find(headers: &HeaderMap, app: &App) -> Result<Self, Refusal> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let secret = value
                .to_str()
                .ok()
                .and_then(|value| value.strip_prefix("Bearer "))
                .map(|secret| secret.trim().to_owned());
            let Some(secret) = secret else {
                return Err(Refusal::nobody());
            };
            let token = app
                .book(move |book| book.token(&secret))
                .await?
                .ok_or_else(Refusal::nobody)?;
            return Ok(Self {
                name: format!("token:{}", token.name),
                role: token.role,
                session: None,
                account: token.created_by,
                must_change: false,
            });
        }
        Self::of_session(session_secret(headers).ok_or_else(Refusal::nobody)?, app).await
    }

    /// Finds the caller a session belongs to.
    pub(crate) async fn of_session(secret: &str, app: &App) -> Result<Self, Refusal> {
        let (secret, asked) = (secret.to_owned(), secret.to_owned());
        let session = app
            .book(move |book| book.session(&asked))
            .await?
            .ok_or_else(Refusal::nobody)?;
        Ok(Self {
            name: session.user.clone(),
            role: session.role,
            session: Some(secret),
            account: session.user,
            must_change: session.must_change,
        })
    }

    async fn admit(parts: &mut Parts, app: &App, least: Role) -> Result<Self, Refusal> {
        let caller = Self::find(&parts.headers, app).await?;
        if let Some(secret) = &caller.session
            && !parts.method.is_safe()
            && parts
                .headers
                .get(CSRF_HEADER)
                .is_none_or(|sent| sent.as_bytes() != csrf_token(secret).as_bytes())
        {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "csrf",
                "the header x-csrf-token is missing or not that of this session",
            ));
        }
        if caller.role < least {
            let reason = format!(
                "this needs the role {}; yours is {}",
                least.name(),
                caller.role.name()
            );
            return Err(Refusal::new(StatusCode::FORBIDDEN, "role", reason));
        }
        Ok(caller)
    }
}

/// Anybody known, even before the first password was changed.
pub(crate) struct Anyone(pub(crate) Caller);

impl FromRequestParts<App> for Anyone {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        Caller::admit(parts, app, Role::Viewer).await.map(Self)
    }
}

macro_rules! role_extractor {
    ($($(#[$text:meta])* $role:ident;)*) => {$(
        $(#[$text])*
        pub(crate) struct $role(pub(crate) Caller);

        impl FromRequestParts<App> for $role {
            type Rejection = Refusal;
            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
                let caller = Caller::admit(parts, app, Role::$role).await?;
                if caller.must_change {
                    return Err(Refusal::new(StatusCode::FORBIDDEN, "password_change_needed", "change your first password before anything else"));
                }
                Ok(Self(caller))
            }
        }
    )*};
}

role_extractor! {
    /// Somebody who may look.
    Viewer;
    /// Somebody who may log, label and switch off.
    Operator;
    /// Somebody who may set everything up.
    Engineer;
}
