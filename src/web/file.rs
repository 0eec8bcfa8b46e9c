//! Files that caches may keep: validators, dates and conditional requests (RFC 9110, 8.8 and 13; RFC 9111).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Describes the form of dates in headers: IMF-fixdate (RFC 9110, 5.6.7).
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Holds a file with what caches need to know about it.
pub struct CacheableFile {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    /// The strong entity tag, without quotation marks.
    pub tag: String,
    pub modified: OffsetDateTime,
    /// Until when caches may answer without asking.
    pub expires: OffsetDateTime,
}

/// Answers 200 with the file, or 304 when the caller has it already.
pub fn cached(headers: &HeaderMap, file: CacheableFile, now: OffsetDateTime) -> Response {
    let seconds = (file.expires - now).whole_seconds().max(0);
    let control = format!("public, max-age={seconds}, no-transform, must-revalidate");
    let tag = format!("\"{}\"", file.tag);
    let mut response = if is_known(headers, &tag, file.modified) {
        response(StatusCode::NOT_MODIFIED, "", Vec::new(), &control)
    } else {
        response(StatusCode::OK, file.media_type, file.bytes, &control)
    };
    let dates = [(header::LAST_MODIFIED, file.modified), (header::EXPIRES, file.expires)];
    let dates = dates.into_iter().filter_map(|(name, at)| Some((name, http_date(at)?)));
    for (name, value) in dates.chain([(header::ETAG, tag)]) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Says whether the caller has the file already; `If-None-Match` decides alone where it is sent (RFC 9110, 13.2.2).
fn is_known(headers: &HeaderMap, tag: &str, modified: OffsetDateTime) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        return tags.split(',').map(|it| it.trim().trim_start_matches("W/")).any(|it| it == tag || it == "*");
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|text| PrimitiveDateTime::parse(text, HTTP_DATE).ok());
    since.is_some_and(|since| modified.unix_timestamp() <= since.assume_utc().unix_timestamp())
}

/// Writes a time as headers have it; `None` where it cannot be written so.
fn http_date(at: OffsetDateTime) -> Option<String> {
    at.to_offset(time::UtcOffset::UTC).format(HTTP_DATE).ok()
}

/// Answers with these bytes; `control` says what caches may do with them (`Cache-Control`). Without a media type no
/// `Content-Type` is sent.
pub fn response(status: StatusCode, media_type: &'static str, bytes: Vec<u8>, control: &str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !media_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    if let Ok(control) = HeaderValue::from_str(control) {
        headers.insert(header::CACHE_CONTROL, control);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
