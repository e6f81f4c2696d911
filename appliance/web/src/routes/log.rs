//! What people write down, with a photo where they took one.

use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::PageParams;
use crate::access::{Operator, Viewer};
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::photo;
use crate::problem::{Refusal, Refusals};
use crate::station::{NewLogEntry, Photo};
use crate::view::{LogEntry, LogKind, LogPage};

/// Bytes of a request with a photo: the photo and its wrapping.
pub(super) const BODY: usize = photo::LARGEST + 64 * 1024;

/// A line to write; as JSON, or as a form with a file `photo` (JPEG, PNG or WebP, 4 MB at most).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLine {
    /// Kind.
    kind: LogKind,
    /// Words.
    #[schema(max_length = 4000)]
    text: String,
    /// Material lot; needed for `lot`.
    #[schema(max_length = 100)]
    lot: Option<String>,
    /// Name of the defect; needed for `defect`.
    #[schema(max_length = 60)]
    defect: Option<String>,
    /// Shot it belongs to.
    shot: Option<u64>,
}

/// The same with a photo.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form; read field by field")]
pub(super) struct NewLineForm {
    kind: LogKind,
    #[schema(max_length = 4000)]
    text: String,
    #[schema(max_length = 100)]
    lot: Option<String>,
    #[schema(max_length = 60)]
    defect: Option<String>,
    shot: Option<u64>,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    photo: Option<String>,
}

/// The log, newest first.
#[utoipa::path(get, path = "/api/v1/log", tag = "log", params(PageParams), responses((status = 200, body = LogPage), Refusals))]
pub(super) async fn log(
    State(app): State<App>,
    Viewer(_): Viewer,
    Query(params): Query<PageParams>,
) -> Result<axum::Json<LogPage>, Refusal> {
    let query = params.query()?;
    app.ask(move |station| station.log(query))
        .await
        .map(axum::Json)
}

/// Adds a line.
#[utoipa::path(post, path = "/api/v1/log", tag = "log",
    request_body(content((NewLine = "application/json"), (NewLineForm = "multipart/form-data"))),
    responses((status = 201, body = LogEntry), Refusals))]
pub(super) async fn add_log(
    State(app): State<App>,
    Operator(caller): Operator,
    request: Request,
) -> Result<(StatusCode, axum::Json<LogEntry>), Refusal> {
    let form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
    let (line, photo) = if form {
        read_form(Multipart::from_request(request, &app).await?).await?
    } else {
        (Json::<NewLine>::from_request(request, &app).await?.0, None)
    };
    check(&line)?;
    let entry = NewLogEntry {
        kind: line.kind,
        text: line.text,
        lot: line.lot,
        defect: line.defect,
        shot: line.shot,
        photo,
    };
    let user = caller.name.clone();
    let written = app
        .ask(move |station| station.add_log(&user, entry))
        .await?;
    app.audit(
        &caller.name,
        "log",
        format!("line {}: {:?}", written.id, written.kind).to_lowercase(),
    )
    .await?;
    Ok((StatusCode::CREATED, axum::Json(written)))
}

/// The photo of a line.
#[utoipa::path(get, path = "/api/v1/log/{id}/photo", tag = "log", params(("id" = u64, Path, description = "Number of the line")),
    responses((status = 200, description = "JPEG, PNG or WebP", content_type = "image/*"), Refusals))]
pub(super) async fn log_photo(
    State(app): State<App>,
    Viewer(_): Viewer,
    Path(id): Path<u64>,
) -> Result<Response, Refusal> {
    let photo = app.ask(move |station| station.photo(id)).await?;
    // Somebody else's bytes: a browser may draw them and nothing else.
    let headers = [
        (header::CONTENT_TYPE, photo.media_type),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
    ];
    Ok((headers, photo.bytes).into_response())
}

async fn read_form(mut form: Multipart) -> Result<(NewLine, Option<Photo>), Refusal> {
    let (mut fields, mut photo) = (serde_json::Map::new(), None);
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "photo" {
            let bytes = field.bytes().await?;
            if !bytes.is_empty() {
                photo = Some(photo::check(bytes.to_vec())?);
            }
            continue;
        }
        let value = field.text().await?;
        let value = match name.as_str() {
            // A form sends empty fields too.
            "lot" | "defect" | "shot" if value.is_empty() => continue,
            "shot" => serde_json::Value::from(
                value
                    .parse::<u64>()
                    .map_err(|_| Refusal::nonsense("shot", "is not a number"))?,
            ),
            _ => value.into(),
        };
        fields.insert(name, value);
    }
    let line = serde_json::from_value(fields.into())
        .map_err(|error| Refusal::nonsense("form", &error.to_string()))?;
    Ok((line, photo))
}

fn check(line: &NewLine) -> Result<(), Refusal> {
    super::text("text", &line.text, 4000)?;
    super::text("lot", line.lot.as_deref().unwrap_or_default(), 100)?;
    super::text("defect", line.defect.as_deref().unwrap_or_default(), 60)?;
    let given =
        |value: &Option<String>| value.as_ref().is_some_and(|value| !value.trim().is_empty());
    match line.kind {
        LogKind::Lot if !given(&line.lot) => {
            Err(Refusal::nonsense("lot", "a line of kind `lot` needs one"))
        }
        LogKind::Defect if !given(&line.defect) => Err(Refusal::nonsense(
            "defect",
            "a line of kind `defect` needs one",
        )),
        LogKind::Action | LogKind::Note if line.text.trim().is_empty() => {
            Err(Refusal::nonsense("text", "is empty"))
        }
        _ => Ok(()),
    }
}
