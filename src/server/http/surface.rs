//! What every path has in common: verbs, the virtual directory, headers, the description of all calls.

use super::openapi;
use crate::cm::route::{Method, Route, RouteError, VIRTUAL_DIRECTORY};
use crate::server::call::app::App;
use crate::server::call::reply::{Reply, written};
use crate::server::data_directory::settings::operation::ApiSettings;
use crate::server::error::ApiError;
use axum::http::{self, HeaderValue};
use std::sync::OnceLock;

/// Names the path of the description of all calls.
pub const DESCRIPTION: &str = "/openapi.json";

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

/// Answers with the description of all calls, for tools.
pub fn description(app: &App) -> Result<Reply, ApiError> {
    described(&app.description, &app.api.virtual_directory).map(|text| Reply::Json(text.to_vec()))
}

/// Returns the description, JSON, made at the first call, which takes some 15 ms.
fn described<'o>(once: &'o OnceLock<Vec<u8>>, virtual_directory: &str) -> Result<&'o [u8], ApiError> {
    if let Some(text) = once.get() {
        return Ok(text);
    }
    let made = tokio::task::block_in_place(|| written(&openapi::document(virtual_directory)))?;
    Ok(once.get_or_init(|| made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_made_once() {
        let once = OnceLock::new();
        let first = described(&once, "A").unwrap();
        let again = described(&once, "B").unwrap();
        assert!(std::ptr::eq(first, again) && first.len() > 1000);
    }
}
