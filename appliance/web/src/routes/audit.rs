//! Who did what.

use axum::Json;
use axum::extract::State;

use super::PageParams;
use crate::access::Engineer;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Refusal, Refusals};
use crate::view::AuditPage;

/// The audit, newest first, and whether its chain is whole.
#[utoipa::path(get, path = "/api/v1/audit", tag = "users", params(PageParams), responses((status = 200, body = AuditPage), Refusals))]
pub(super) async fn audit(
    State(app): State<App>,
    Engineer(_): Engineer,
    Query(params): Query<PageParams>,
) -> Result<Json<AuditPage>, Refusal> {
    let query = params.query()?;
    app.ask(move |station| station.audit_trail(query))
        .await
        .map(Json)
}
