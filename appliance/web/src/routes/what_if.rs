//! What would happen if a setpoint were moved. Asks the models only: nothing here reaches the press.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Viewer;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Refusal, Refusals};
use crate::view::WhatIf;

/// Setpoints a press has, and a few to spare.
const MOST: usize = 16;
/// Points a curve: what a screen shows.
const POINTS: usize = 300;

/// Setpoints as they would be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Moved {
    /// New values by setpoint (`hold_pressure`, ...), SI; the others stay as in the last shot.
    changes: BTreeMap<String, f64>,
}

/// Predicts curves, part and risks for other setpoints, beside the last shot.
#[utoipa::path(post, path = "/api/v1/what-if", tag = "corrections", request_body = Moved, responses((status = 200, body = WhatIf), Refusals))]
pub(super) async fn what_if(
    State(app): State<App>,
    Viewer(_): Viewer,
    Json(Moved { changes }): Json<Moved>,
) -> Result<axum::Json<WhatIf>, Refusal> {
    if changes.len() > MOST {
        return Err(Refusal::nonsense("changes", "has more than 16 setpoints"));
    }
    for name in changes.keys() {
        super::text("changes", name, 60)?;
    }
    app.ask(move |station| station.what_if(&changes, POINTS))
        .await
        .map(axum::Json)
}
