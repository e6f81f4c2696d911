//! One figure over shots.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::within;
use crate::access::Viewer;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Refusal, Refusals};
use crate::view::Trend;

/// Which figure, over how many shots.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrendParams {
    /// Name of a feature, prediction or label.
    #[param(min_length = 1, max_length = 60)]
    feature: String,
    /// Over this many last shots; 200 when not given.
    #[param(minimum = 1, maximum = 5000)]
    last: Option<u64>,
}

/// A feature, prediction or label over the last shots.
#[utoipa::path(get, path = "/api/v1/trends", tag = "shots", params(TrendParams), responses((status = 200, body = Trend), Refusals))]
pub(super) async fn trends(
    State(app): State<App>,
    Viewer(_): Viewer,
    Query(params): Query<TrendParams>,
) -> Result<Json<Trend>, Refusal> {
    super::text("feature", &params.feature, 60)?;
    let last = within("last", params.last, 200, 1, 5000)?;
    app.ask(move |station| station.trend(&params.feature, last))
        .await
        .map(Json)
}
