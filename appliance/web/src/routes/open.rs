//! What machines ask: health, metrics, and the description of the API.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Viewer;
use crate::app::App;
use crate::problem::{Refusal, Refusals};
use crate::view::{Health, Severity};

/// The OpenAPI document, written once.
#[derive(Clone)]
pub(super) struct Document(pub(super) Arc<String>);

/// Health in a word.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthWord {
    /// `ok`, `warning` or `fault`.
    status: &'static str,
    /// Things to do.
    problems: usize,
    /// Seconds since start.
    uptime_s: f64,
}

/// Whether everything that should be connected is.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", responses((status = 200, body = Health), Refusals))]
pub(super) async fn health(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<Json<Health>, Refusal> {
    app.ask(|station| station.health()).await.map(Json)
}

/// Health in a word, open to anybody: 200 while the box estimates, 503 when something does not work.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, body = HealthWord), (status = 503, body = HealthWord)))]
pub(super) async fn healthz(
    State(app): State<App>,
) -> Result<(StatusCode, Json<HealthWord>), Refusal> {
    let health = app.ask(|station| station.health()).await?;
    let (code, status) = match health.problems.iter().map(|problem| problem.severity).max() {
        Some(Severity::Fault) => (StatusCode::SERVICE_UNAVAILABLE, "fault"),
        Some(Severity::Warning) => (StatusCode::OK, "warning"),
        _ => (StatusCode::OK, "ok"),
    };
    Ok((
        code,
        Json(HealthWord {
            status,
            problems: health.problems.len(),
            uptime_s: health.uptime_s,
        }),
    ))
}

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain"), Refusals))]
pub(super) async fn metrics(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<Response, Refusal> {
    open_metrics(State(app)).await
}

/// The same, on an address of its own.
pub(super) async fn open_metrics(State(app): State<App>) -> Result<Response, Refusal> {
    let (mold, health, correction) = app
        .ask(|station| Ok((station.mold()?, station.health()?, station.correction()?)))
        .await?;
    let live = app.watched.live.borrow().clone();
    let text = app.metrics.text(&mold, &health, &live, &correction)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "health", security(()),
    responses((status = 200, description = "OpenAPI", body = serde_json::Value)))]
pub(super) async fn openapi(Extension(Document(document)): Extension<Document>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        document.as_str().to_owned(),
    )
        .into_response()
}
