//! The style sheet, the script and the icon. Their addresses hold a digest of them, so a browser keeps them until they change.

use crate::web::file::{self, CacheableFile};
use axum::http::HeaderMap;
use axum::response::Response;
use std::hash::{DefaultHasher, Hash, Hasher};
use time::{Duration, OffsetDateTime};

/// Names the files, each with its media type and its content.
const FILES: [(&str, &str, &str); 3] = [
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("script.js", "text/javascript; charset=utf-8", include_str!("script.js")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
];
/// Begins the addresses.
const PREFIX: &str = "/assets/";
/// Limits how long a browser keeps a file without asking.
const KEPT: Duration = Duration::days(365);

/// Returns the address of a file; the directory's, where there is none of this name.
pub fn address(name: &str) -> String {
    let content = FILES.iter().find(|(known, ..)| *known == name).map_or("", |(.., content)| content);
    format!("{PREFIX}{}/{name}", tag(content))
}

/// Answers with the file at this path; `None`: there is none, or another release's.
pub fn respond(path: &str, headers: &HeaderMap, now: OffsetDateTime) -> Option<Response> {
    let (wanted, name) = path.strip_prefix(PREFIX)?.split_once('/')?;
    let (_, media_type, content) = FILES.iter().find(|(known, ..)| *known == name)?;
    let tag = Some(tag(content)).filter(|tag| tag == wanted)?;
    let bytes = content.as_bytes().to_vec();
    let file = CacheableFile { media_type, bytes, tag, modified: OffsetDateTime::UNIX_EPOCH, expires: now + KEPT };
    Some(file::cached(headers, file, now))
}

/// Says whether a path is one of files.
pub fn is_asset(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Tells one content from another of the same name; nobody relies on it for more.
fn tag(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
