//! Finished shots.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::within;
use crate::access::Viewer;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Refusal, Refusals};
use crate::station::ShotQuery;
use crate::view::{ShotDetail, ShotPage, Verdict};

/// Which shots to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ShotParams {
    /// Only shots with a smaller number.
    before: Option<u64>,
    /// At most this many; 100 when not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u64>,
    /// Started at or after, ms since 1970.
    from_ms: Option<i64>,
    /// Started before, ms since 1970.
    to_ms: Option<i64>,
    /// Of this material lot.
    #[param(max_length = 100)]
    lot: Option<String>,
    /// With this verdict.
    #[param(inline)]
    verdict: Option<Verdict>,
}

/// How finely to draw a shot.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PointParams {
    /// At most this many points a curve; 800 when not given.
    #[param(minimum = 2, maximum = 20000)]
    points: Option<u64>,
}

impl PointParams {
    pub(super) fn points(&self) -> Result<usize, Refusal> {
        within("points", self.points, 800, 2, 20_000)
    }
}

/// Finished shots, newest first.
#[utoipa::path(get, path = "/api/v1/shots", tag = "shots", params(ShotParams), responses((status = 200, body = ShotPage), Refusals))]
pub(super) async fn shots(
    State(app): State<App>,
    Viewer(_): Viewer,
    Query(params): Query<ShotParams>,
) -> Result<Json<ShotPage>, Refusal> {
    super::text("lot", params.lot.as_deref().unwrap_or_default(), 100)?;
    let query = ShotQuery {
        before: super::number("before", params.before)?,
        limit: within("limit", params.limit, 100, 1, 500)?,
        from_ms: params.from_ms,
        to_ms: params.to_ms,
        lot: params.lot,
        verdict: params.verdict,
    };
    app.ask(move |station| station.shots(&query))
        .await
        .map(Json)
}

/// One shot with its curves.
#[utoipa::path(get, path = "/api/v1/shots/{shot}", tag = "shots", params(("shot" = u64, Path, description = "Number"), PointParams),
    responses((status = 200, body = ShotDetail), Refusals))]
pub(super) async fn shot(
    State(app): State<App>,
    Viewer(_): Viewer,
    Path(shot): Path<u64>,
    Query(params): Query<PointParams>,
) -> Result<Json<ShotDetail>, Refusal> {
    let points = params.points()?;
    app.ask(move |station| station.shot(shot, points))
        .await
        .map(Json)
}
