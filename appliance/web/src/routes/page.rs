//! The dashboard, embedded in the program. A path is a key in a fixed table: there is no folder to climb out of.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Refusal;

#[derive(RustEmbed)]
#[folder = "../dashboard/dist"]
#[allow_missing = true]
struct Dashboard;

/// Shown where the program was built without the dashboard.
const NOT_BUILT: &str = include_str!("not_built.html");

/// A file of the dashboard.
pub(super) async fn page(
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let file = Dashboard::get(path);
    if path.starts_with("api/") || (file.is_none() && path != "index.html") {
        return Err(Refusal::not_found("page"));
    }
    if method != Method::GET && method != Method::HEAD {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong_method",
            "pages can only be read",
        ));
    }
    Ok(match file {
        Some(file) => send(path, file, &headers),
        None => (
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            NOT_BUILT,
        )
            .into_response(),
    })
}

fn send(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag: String = file
        .metadata
        .sha256_hash()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = HeaderValue::from_str(&format!("\"{tag}\""))
        .expect("hexadecimal digits are a valid header");
    let kind = HeaderValue::from_str(&media_type(path, file.metadata.mimetype()))
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    // Names under assets/ hold a hash of their content; everything else is asked for again.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut answer = if asked.get(header::IF_NONE_MATCH) == Some(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.into_owned().into_response()
    };
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer
}

fn media_type(path: &str, found: &str) -> String {
    if found.starts_with("text/")
        || path.ends_with(".js")
        || path.ends_with(".json")
        || path.ends_with(".svg")
    {
        format!("{found}; charset=utf-8")
    } else {
        found.to_owned()
    }
}
