//! What the box believes.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::within;
use crate::access::Viewer;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Refusal, Refusals};
use crate::view::WhiteBox;

/// Over how many shots.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhiteBoxParams {
    /// Over this many last shots; 100 when not given.
    #[param(minimum = 1, maximum = 5000)]
    shots: Option<u64>,
}

/// Latents, innovations and the witness over the last shots.
#[utoipa::path(get, path = "/api/v1/whitebox", tag = "white box", params(WhiteBoxParams), responses((status = 200, body = WhiteBox), Refusals))]
pub(super) async fn white_box(
    State(app): State<App>,
    Viewer(_): Viewer,
    Query(params): Query<WhiteBoxParams>,
) -> Result<Json<WhiteBox>, Refusal> {
    let shots = within("shots", params.shots, 100, 1, 5000)?;
    app.ask(move |station| station.white_box(shots))
        .await
        .map(Json)
}
