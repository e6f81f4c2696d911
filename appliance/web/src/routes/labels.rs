//! What was measured on a part.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Operator;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Refusal, Refusals};

/// A measured value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    /// Name with its unit at the end (`part_weight_g`).
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z][a-z0-9_]*$")]
    name: String,
    /// Value in that unit.
    value: f64,
}

/// Writes a measured label to a shot; a second one of the same name replaces the first.
#[utoipa::path(put, path = "/api/v1/shots/{shot}/labels", tag = "shots", params(("shot" = u64, Path, description = "Number")),
    request_body = Label, responses((status = 204), Refusals))]
pub(super) async fn label_shot(
    State(app): State<App>,
    Operator(caller): Operator,
    Path(shot): Path<u64>,
    Json(Label { name, value }): Json<Label>,
) -> Result<StatusCode, Refusal> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts
        || name.len() > 60
        || !name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    {
        return Err(Refusal::nonsense(
            "name",
            "must be 1 to 60 lower-case letters, digits and underscores, a letter first",
        ));
    }
    let detail = format!("shot {shot}: {name} = {value}");
    app.ask(move |station| station.label(shot, &name, value))
        .await?;
    app.audit(&caller.name, "label", detail).await?;
    Ok(StatusCode::NO_CONTENT)
}
