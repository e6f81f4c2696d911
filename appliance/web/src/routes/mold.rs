//! The mold as drawn.

use axum::Json;
use axum::extract::State;

use crate::access::Viewer;
use crate::app::App;
use crate::problem::{Refusal, Refusals};
use crate::view::MoldView;

/// The mold in use.
#[utoipa::path(get, path = "/api/v1/mold", tag = "live", responses((status = 200, body = MoldView), Refusals))]
pub(super) async fn mold(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<Json<MoldView>, Refusal> {
    app.ask(|station| station.mold()).await.map(Json)
}
