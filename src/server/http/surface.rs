//! What every path has in common: verbs, the virtual directory, headers, the description of all calls.

use super::openapi;
use crate::cm::route::{Method, Route, RouteError, VIRTUAL_DIRECTORY};
use crate::server::call::app::App;
use crate::server::call::reply::{Reply, written};
use crate::server::data_directory::settings::operation::ApiSettings;
use crate::server::error::{ApiError, Internal};
use crate::web::file::{self, CacheableFile};
use axum::http::{self, HeaderMap, HeaderValue};
use time::{Duration, OffsetDateTime};

/// Names the path of the description of all calls.
pub const DESCRIPTION: &str = "/openapi.json";

/// Limits how long caches may keep the description without asking again.
const KEPT: Duration = Duration::minutes(5);

/// Names a verb as HTTP has it; HEAD is answered as GET is, without the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// One that some path is called with.
    Call(Method),
    Options,
    Unknown,
}

impl Verb {
    /// Reads the method of a request.
    pub fn of(method: &http::Method) -> Self {
        match method {
            &http::Method::HEAD => Self::Call(Method::Get),
            &http::Method::OPTIONS => Self::Options,
            other => Method::from_name(other.as_str()).map_or(Self::Unknown, Self::Call),
        }
    }

    /// Returns the method of a call; an unknown verb is refused like one that this path is not called with.
    pub fn method(self, path: &str) -> Result<Method, ApiError> {
        match self {
            Self::Call(method) => Ok(method),
            Self::Options | Self::Unknown => {
                let allowed = Route::methods(path);
                let nothing = allowed.is_empty();
                let error = if nothing { RouteError::NotFound } else { RouteError::WrongMethod { allowed } };
                Err(ApiError::Address(error))
            }
        }
    }

    /// Refuses a verb that a public file is not called with.
    pub fn check_public_file(self) -> Result<(), ApiError> {
        match self {
            Self::Call(Method::Get) | Self::Options => Ok(()),
            _ => Err(ApiError::Address(RouteError::WrongMethod { allowed: vec![Method::Get] })),
        }
    }
}

/// Names a verb for metrics; all that a caller may invent are "other".
pub fn metric_verb(verb: &http::Method) -> &'static str {
    match *verb {
        http::Method::GET => "GET",
        http::Method::HEAD => "HEAD",
        http::Method::POST => "POST",
        http::Method::PUT => "PUT",
        http::Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Returns the content of the header `Allow`.
pub fn allowed(methods: &[Method]) -> HeaderValue {
    let mut verbs: Vec<&str> = methods.iter().map(|method| method.name()).collect();
    if methods.contains(&Method::Get) {
        verbs.push("HEAD");
    }
    verbs.push("OPTIONS");
    // Verbs are ASCII.
    HeaderValue::from_str(&verbs.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

/// Answers OPTIONS: which verbs a path is called with.
pub fn options(path: &str) -> Result<Reply, ApiError> {
    let methods = Route::methods(path);
    if methods.is_empty() && path != "*" {
        return Err(ApiError::Address(RouteError::NotFound));
    }
    Ok(Reply::Verbs(methods))
}

/// Answers OPTIONS for a public file.
pub fn get_only() -> Result<Reply, ApiError> {
    Ok(Reply::Verbs(vec![Method::Get]))
}

/// Returns the path as routes have it, after a virtual directory of the server's own; refuses every path where the
/// settings switch the API off.
pub fn route_path<'a>(settings: &ApiSettings, path: &'a str) -> Result<&'a str, ApiError> {
    let nothing = ApiError::Address(RouteError::NotFound);
    if !settings.enabled {
        return Err(nothing);
    }
    // The directory that MIM's setup proposes is part of every route's spelling; where another was chosen it leads
    // nowhere.
    let proposed = VIRTUAL_DIRECTORY.trim_start_matches('/');
    if settings.virtual_directory.eq_ignore_ascii_case(proposed) {
        return Ok(path);
    }
    let rest = after_directory(path, &settings.virtual_directory).unwrap_or(path);
    if after_directory(rest, proposed).is_some() { Err(nothing) } else { Ok(rest) }
}

/// Returns what follows the first segment of a path; `None`: that is not `directory`, in any letter case.
fn after_directory<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let path = path.strip_prefix('/')?;
    let (head, rest) = (path.get(..directory.len())?, path.get(directory.len()..)?);
    (head.eq_ignore_ascii_case(directory) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

/// Says whether a path is none of the API's, of public files or of health: there people find their pages.
pub fn is_for_people(app: &App, path: &str) -> bool {
    let proposed = VIRTUAL_DIRECTORY.trim_start_matches('/');
    let ours = [app.api.virtual_directory.as_str(), proposed, "api", "pki", "ocsp", "healthz"];
    path.starts_with('/')
        && path != DESCRIPTION
        && !ours.into_iter().any(|first| after_directory(path, first).is_some())
}

/// Answers with the description of all calls, for tools; it is made at the first call.
pub fn description(app: &App, headers: &HeaderMap) -> Result<Reply, ApiError> {
    let now = OffsetDateTime::now_utc();
    let made = match app.description.get() {
        Some(made) => made,
        None => {
            let made = tokio::task::block_in_place(|| described(&app.api.virtual_directory, now))?;
            app.description.get_or_init(|| made)
        }
    };
    Ok(Reply::Other(file::cached(headers, CacheableFile { expires: now + KEPT, ..made.clone() }, now)))
}

/// Writes the description, which takes some 15 ms.
fn described(virtual_directory: &str, now: OffsetDateTime) -> Result<CacheableFile, ApiError> {
    let text = written(&openapi::document(virtual_directory))?;
    let packed =
        file::gzip(&text).map_err(|error| ApiError::Internal(Internal::Write(serde_json::Error::io(error))))?;
    Ok(CacheableFile {
        media_type: "application/json; charset=utf-8",
        tag: hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text)),
        bytes: text.into(),
        packed: Some(packed),
        modified: now,
        expires: now + KEPT,
    })
}
