//! Around every request: a time limit, a net under panics, security headers, a count.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::app::App;
use crate::problem::Refusal;

/// Time a request may take until its answer begins. Uploads and exports are the long ones.
const LONGEST: Duration = Duration::from_secs(30);
const LONGEST_HEAVY: Duration = Duration::from_secs(600);

/// Everything comes from the box itself; pictures may also be previews made in the page.
const CONTENT: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// See the module.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let api = path.starts_with("/api/");
    let longest = if path == "/api/v1/releases" || path == "/api/v1/export" {
        LONGEST_HEAVY
    } else {
        LONGEST
    };
    let work = tokio::time::timeout(longest, AssertUnwindSafe(next.run(request)).catch_unwind());
    let mut answer = match work.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            tracing::error!("a request panicked");
            Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "failed",
                "the request failed; the log of the box says why",
            )
            .into_response()
        }
        Err(_) => Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the request took too long",
        )
        .into_response(),
    };
    app.metrics.answered(answer.status());
    let secure = app.secure();
    let headers = answer.headers_mut();
    let mut set = |name, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        header::HeaderName::from_static("permissions-policy"),
        "camera=(self), geolocation=(), microphone=()",
    );
    if api {
        set(header::CACHE_CONTROL, "no-store");
    }
    if secure {
        // No includeSubDomains and a short life: a box may go back to plain HTTP on a closed network.
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=86400");
    }
    answer
}
