//! Every address the box answers, and the OpenAPI document that comes out of the same list.

mod audit;
mod correction;
mod export;
mod labels;
mod live;
mod log;
mod mode;
mod mold;
mod open;
mod page;
mod press;
mod reference;
mod releases;
mod session;
mod setup;
mod shots;
mod targets;
mod tokens;
mod trends;
mod trust;
mod users;
mod what_if;
mod whitebox;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::Refusal;
use crate::station::PageQuery;

/// Bytes of a JSON body.
const BODY: usize = 64 * 1024;

#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(crate::problem::ProblemJson)),
    info(title = "Moldsight", description = "Virtual mold sensor: live estimates, shots, white box, corrections, log, setup. SI units throughout."),
    security(("session" = []), ("token" = []))
)]
struct Document;

/// All routes that are part of the API.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(<Document as utoipa::OpenApi>::openapi())
        .routes(routes!(
            session::log_in,
            session::who_am_i,
            session::log_out
        ))
        .routes(routes!(session::change_own_password))
        .routes(routes!(live::live_stream))
        .routes(routes!(live::live_latest))
        .routes(routes!(live::live_course))
        .routes(routes!(mold::mold))
        .routes(routes!(open::health))
        .routes(routes!(shots::shots))
        .routes(routes!(shots::shot))
        .routes(routes!(labels::label_shot))
        .routes(routes!(trends::trends))
        .routes(routes!(reference::reference))
        .routes(routes!(reference::set_reference))
        .routes(routes!(trust::begin_again))
        .routes(routes!(whitebox::white_box))
        .routes(routes!(log::log, log::add_log).layer(DefaultBodyLimit::max(log::BODY)))
        .routes(routes!(log::log_photo))
        .routes(routes!(setup::setup, setup::change_setup))
        .routes(routes!(releases::import_release).layer(DefaultBodyLimit::max(releases::BODY)))
        .routes(routes!(export::export))
        .routes(routes!(users::users, users::add_user))
        .routes(routes!(users::change_user, users::remove_user))
        .routes(routes!(tokens::tokens, tokens::add_token))
        .routes(routes!(tokens::remove_token))
        .routes(routes!(audit::audit))
        .routes(routes!(mode::set_mode))
        .routes(routes!(correction::correction))
        .routes(routes!(correction::corrections))
        .routes(routes!(correction::decision))
        .routes(routes!(correction::confirm))
        .routes(routes!(correction::decline))
        .routes(routes!(correction::arm))
        .routes(routes!(correction::accept_edit))
        .routes(routes!(correction::off))
        .routes(routes!(what_if::what_if))
        .routes(routes!(press::press))
        .routes(routes!(press::pin))
        .routes(routes!(targets::targets, targets::set_targets))
        .routes(routes!(open::openapi))
        .routes(routes!(open::healthz))
        .routes(routes!(open::metrics))
        .routes(routes!(session::use_login_link))
        .layer(DefaultBodyLimit::max(BODY))
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    let mut document = api().to_openapi();
    let components = document.components.get_or_insert_default();
    let cookie = ApiKeyValue::with_description(
        "moldsight_session",
        "from POST /api/v1/session; what changes something also needs x-csrf-token",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    document
}

/// Everything the box answers on its main address.
pub(crate) fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    let document = Arc::new(
        serde_json::to_string(&openapi())
            .expect("the document holds strings, numbers and lists only"),
    );
    api.fallback(page::page)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::Extension(open::Document(document)))
        .layer(from_fn_with_state(app.clone(), crate::guard::guard))
        .with_state(app)
}

/// What a second address answers: `/metrics`, to anybody who reaches it.
pub(crate) fn metrics_router(app: App) -> Router {
    Router::new()
        .route("/metrics", axum::routing::get(open::open_metrics))
        .fallback(async || Refusal::not_found("page"))
        .layer(from_fn_with_state(app.clone(), crate::guard::guard))
        .with_state(app)
}

async fn wrong_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "wrong_method",
        "this address does not serve that method",
    )
}

/// Address part of a list with numbers.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Only entries with a smaller number.
    before: Option<u64>,
    /// At most this many; 100 when not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u64>,
}

impl PageParams {
    fn query(&self) -> Result<PageQuery, Refusal> {
        Ok(PageQuery {
            before: number("before", self.before)?,
            limit: within("limit", self.limit, 100, 1, 500)?,
        })
    }
}

/// A number of a shot or an entry: what fits the 64-bit signed integer it is documented as.
fn number(field: &'static str, given: Option<u64>) -> Result<Option<u64>, Refusal> {
    match given {
        Some(given) if i64::try_from(given).is_err() => {
            Err(Refusal::nonsense(field, "is too large"))
        }
        fits => Ok(fits),
    }
}

/// A number with a default and bounds.
fn within(
    field: &'static str,
    given: Option<u64>,
    default: usize,
    least: usize,
    most: usize,
) -> Result<usize, Refusal> {
    let Some(given) = given else {
        return Ok(default);
    };
    match usize::try_from(given) {
        Ok(given) if (least..=most).contains(&given) => Ok(given),
        _ => Err(Refusal::nonsense(
            field,
            &format!("must be {least} to {most}"),
        )),
    }
}

/// A text with a longest length, in characters; control characters other than line breaks are refused.
fn text(field: &'static str, given: &str, most: usize) -> Result<(), Refusal> {
    if given.chars().count() > most {
        return Err(Refusal::nonsense(
            field,
            &format!("has more than {most} characters"),
        ));
    }
    if given
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t')
    {
        return Err(Refusal::nonsense(field, "has control characters"));
    }
    Ok(())
}
