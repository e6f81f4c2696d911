//! The shot all others are drawn over.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::shots::PointParams;
use crate::access::{Engineer, Viewer};
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Refusal, Refusals};
use crate::view::ShotDetail;

/// The reference shot.
#[utoipa::path(get, path = "/api/v1/reference", tag = "shots", params(PointParams), responses((status = 200, body = ShotDetail), Refusals))]
pub(super) async fn reference(
    State(app): State<App>,
    Viewer(_): Viewer,
    Query(params): Query<PointParams>,
) -> Result<Json<ShotDetail>, Refusal> {
    let points = params.points()?;
    app.ask(move |station| station.reference(points))
        .await?
        .map(Json)
        .ok_or_else(|| Refusal::not_found("reference shot yet"))
}

/// Makes a shot the reference.
#[utoipa::path(put, path = "/api/v1/reference/{shot}", tag = "shots", params(("shot" = u64, Path, description = "Number")),
    responses((status = 204), Refusals))]
pub(super) async fn set_reference(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Path(shot): Path<u64>,
) -> Result<StatusCode, Refusal> {
    app.ask(move |station| station.set_reference(shot)).await?;
    app.audit(&caller.name, "reference", format!("shot {shot}"))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
