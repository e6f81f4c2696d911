//! How a request is refused: problem JSON (RFC 9457) with a key the dashboard translates.

use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

use crate::error::WebError;
use crate::station::StationError;

/// A refused request.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    key: &'static str,
    detail: String,
    /// Seconds after which another try makes sense.
    retry_after_s: Option<u64>,
}

/// Body of every answer that is not a success (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemJson {
    /// Always `about:blank`: the status says what kind it is.
    pub r#type: String,
    /// Words of the status.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened, in English.
    pub detail: String,
    /// Key of the sentence the dashboard shows.
    pub key: String,
}

/// What any route may answer besides its success.
#[derive(IntoResponses)]
pub enum Refusals {
    /// Not understood.
    #[response(status = 400, content_type = "application/problem+json")]
    Bad(ProblemJson),
    /// Nobody is logged in.
    #[response(status = 401, content_type = "application/problem+json")]
    Nobody(ProblemJson),
    /// The role does not allow it, the CSRF token is missing, or the first password still stands.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemJson),
    /// There is none.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemJson),
    /// The body took too long to arrive.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemJson),
    /// Not in this state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemJson),
    /// Too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemJson),
    /// Not JSON, or not the form asked for.
    #[response(status = 415, content_type = "application/problem+json")]
    WrongType(ProblemJson),
    /// Understood, but it makes no sense.
    #[response(status = 422, content_type = "application/problem+json")]
    Nonsense(ProblemJson),
    /// Too often.
    #[response(status = 429, content_type = "application/problem+json")]
    TooOften(ProblemJson),
    /// The box failed.
    #[response(status = 500, content_type = "application/problem+json")]
    Failed(ProblemJson),
    /// Not now.
    #[response(status = 503, content_type = "application/problem+json")]
    NotNow(ProblemJson),
}

impl Refusal {
    /// Any refusal.
    pub fn new(status: StatusCode, key: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            key,
            detail: detail.into(),
            retry_after_s: None,
        }
    }

    /// Another try makes sense after this many seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What happened, in English.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Nobody is logged in.
    pub fn nobody() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "login_needed",
            "log in, or send an API token",
        )
    }

    /// There is none.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// Understood, but it makes no sense.
    pub fn nonsense(field: &str, reason: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            format!("`{field}`: {reason}"),
        )
    }

    /// The box failed; the cause goes to its own log only.
    pub fn failed(attempted: &str, cause: &dyn std::error::Error) -> Self {
        let mut chain = cause.to_string();
        let mut next = cause.source();
        while let Some(source) = next {
            chain.push_str(": ");
            chain.push_str(&source.to_string());
            next = source.source();
        }
        tracing::error!(attempted, cause = chain, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            format!("{attempted} failed; the log of the box says why"),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = ProblemJson {
            r#type: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("Refused").into(),
            status: self.status.as_u16(),
            detail: self.detail,
            key: self.key.into(),
        };
        let mut answer = (self.status, axum::Json(body)).into_response();
        let headers = answer.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

impl From<StationError> for Refusal {
    fn from(error: StationError) -> Self {
        match &error {
            StationError::NotFound(what) => Self::not_found(what),
            StationError::Invalid { field, reason } => Self::nonsense(field, reason),
            StationError::Conflict { key, reason } => Self::new(StatusCode::CONFLICT, key, reason),
            StationError::Unavailable { key, reason } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, key, reason).retry_after(5)
            }
            StationError::Failed { attempted, .. } => Self::failed(attempted, &error),
        }
    }
}

impl From<WebError> for Refusal {
    fn from(error: WebError) -> Self {
        match &error {
            WebError::Rule(rule) => Self::new(rule.status(), rule.key(), rule.to_string()),
            _ => Self::failed("keeping the accounts", &error),
        }
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "bad_body", rejection.body_text())
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), "bad_body", rejection.body_text())
    }
}

impl From<MultipartRejection> for Refusal {
    fn from(rejection: MultipartRejection) -> Self {
        Self::new(rejection.status(), "bad_body", rejection.body_text())
    }
}

impl From<MultipartError> for Refusal {
    fn from(error: MultipartError) -> Self {
        Self::new(error.status(), "bad_body", error.body_text())
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "bad_address", rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "bad_address", rejection.body_text())
    }
}
