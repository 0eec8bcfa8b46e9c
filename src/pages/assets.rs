//! The style sheet, the script and the icon. Their addresses hold a digest of them, so a browser keeps them until they change.

use super::form::mark;
use crate::web::file::{CacheableFile, cached, gzip};
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::LazyLock;
use time::{Duration, OffsetDateTime};

/// Names the files, each with its media type and its content.
const FILES: [(&str, &str, &str); 5] = [
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("script.js", "text/javascript; charset=utf-8", include_str!("script.js")),
    ("kiosk.css", "text/css; charset=utf-8", include_str!("kiosk.css")),
    ("kiosk.js", "text/javascript; charset=utf-8", include_str!("kiosk.js")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
];
/// Begins the addresses.
const PREFIX: &str = "/assets/";
/// Limits how long a browser keeps a file without asking.
const KEPT: Duration = Duration::days(365);

/// Holds the tags of the files, in their order: each page names them.
static TAGS: LazyLock<[String; FILES.len()]> = LazyLock::new(|| FILES.map(|(.., content)| mark(content)));

/// Holds the files as gzip, in their order.
static PACKED: LazyLock<[Option<Bytes>; FILES.len()]> =
    LazyLock::new(|| FILES.map(|(.., content)| gzip(content.as_bytes()).ok()));

/// Finds a file by its name: its place, its tag, its media type and its content.
fn file(name: &str) -> Option<(usize, &'static str, &'static str, &'static str)> {
    let at = FILES.iter().position(|(known, ..)| *known == name)?;
    let (_, media_type, content) = FILES.get(at)?;
    Some((at, TAGS.get(at)?, media_type, content))
}

/// Returns the address of a file; the directory's, where there is none of this name.
pub fn address(name: &str) -> String {
    let tag = file(name).map_or("", |(_, tag, ..)| tag);
    format!("{PREFIX}{tag}/{name}")
}

/// Answers with the file at this path; `None`: there is none, or another release's.
pub fn respond(path: &str, headers: &HeaderMap, now: OffsetDateTime) -> Option<Response> {
    let (wanted, name) = path.strip_prefix(PREFIX)?.split_once('/')?;
    let (at, tag, media_type, content) = file(name).filter(|(_, tag, ..)| *tag == wanted)?;
    let file = CacheableFile {
        media_type,
        bytes: Bytes::from_static(content.as_bytes()),
        packed: PACKED.get(at).cloned().flatten(),
        tag: tag.to_owned(),
        modified: OffsetDateTime::UNIX_EPOCH,
        expires: now + KEPT,
    };
    Some(cached(headers, file, now))
}

/// Says whether a path is one of files.
pub fn is_asset(path: &str) -> bool {
    path.starts_with(PREFIX)
}
