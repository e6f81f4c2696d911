//! The parts of a request, with refusals as problem JSON.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Refusal;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let axum::Json(body) = axum::Json::<Value>::from_request(request, state).await?;
        let bad =
            |reason: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_body", reason);
        // Serde would read `[null, true]` as the fields of a struct in their order.
        if !body.is_object() || !lists_are_plain(&body) {
            return Err(bad(
                "the body must be an object, and its lists must hold objects or words".into(),
            ));
        }
        serde_json::from_value(body)
            .map(Self)
            .map_err(|error| bad(error.to_string()))
    }
}

/// True for every body this API understands: its lists hold objects or words.
fn lists_are_plain(value: &Value) -> bool {
    match value {
        Value::Array(entries) => entries
            .iter()
            .all(|entry| entry.is_string() || entry.is_object() && lists_are_plain(entry)),
        Value::Object(fields) => fields.values().all(lists_are_plain),
        _ => true,
    }
}

/// The part of the address after `?`.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Refusal))]
pub struct Query<T>(pub T);

/// The named parts of the address.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Refusal))]
pub struct Path<T>(pub T);
