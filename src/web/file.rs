//! Files that caches may keep: validators, dates, conditional requests, and their gzip form (RFC 9110, 8.4, 8.8, 12.5.3
//! and 13; RFC 9111).

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Describes the form of dates in headers: IMF-fixdate (RFC 9110, 5.6.7).
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Holds a file with what caches need to know about it.
#[derive(Clone)]
pub struct CacheableFile {
    pub media_type: &'static str,
    pub bytes: Bytes,
    /// The same as gzip, for callers that take it.
    pub packed: Option<Bytes>,
    /// The strong entity tag, without quotation marks; the gzip form has one of its own.
    pub tag: String,
    pub modified: OffsetDateTime,
    /// Until when caches may answer without asking.
    pub expires: OffsetDateTime,
}

/// Answers 200 with the file, or 304 when the caller has it already.
pub fn cached(headers: &HeaderMap, file: CacheableFile, now: OffsetDateTime) -> Response {
    let seconds = (file.expires - now).whole_seconds().max(0);
    let control = format!("public, max-age={seconds}, no-transform, must-revalidate");
    let varies = file.packed.is_some();
    let packed = file.packed.filter(|_| takes_gzip(headers));
    let tag = if packed.is_some() { format!("\"{}-gzip\"", file.tag) } else { format!("\"{}\"", file.tag) };
    let is_packed = packed.is_some();
    let mut response = if is_known(headers, &tag, file.modified) {
        response(StatusCode::NOT_MODIFIED, "", Bytes::new(), &control)
    } else {
        response(StatusCode::OK, file.media_type, packed.unwrap_or(file.bytes), &control)
    };
    if varies {
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if is_packed && response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let dates = [(header::LAST_MODIFIED, file.modified), (header::EXPIRES, file.expires)];
    let dates = dates.into_iter().filter_map(|(name, at)| Some((name, http_date(at)?)));
    for (name, value) in dates.chain([(header::ETAG, tag)]) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Returns these bytes as gzip (RFC 1952).
pub fn gzip(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes)?;
    packer.finish().map(Bytes::from)
}

/// Says whether the caller takes gzip (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.', ' ']).is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
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
pub fn response(status: StatusCode, media_type: &'static str, bytes: impl Into<Body>, control: &str) -> Response {
    let mut response = Response::new(bytes.into());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(encodings: &str, tag: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, encodings.parse().unwrap());
        headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        let (bytes, now) = (Bytes::from(vec![b'a'; 1000]), OffsetDateTime::UNIX_EPOCH);
        let packed = gzip(&bytes).ok();
        let file =
            CacheableFile { media_type: "text/plain", bytes, packed, tag: "t".into(), modified: now, expires: now };
        cached(&headers, file, now)
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it_under_a_tag_of_its_own() {
        let header = |response: &Response, name| response.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
        for (encodings, packed) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000, br", false),
            ("xgzip", false),
        ] {
            let response = asked(encodings, "\"none\"");
            assert_eq!(header(&response, header::CONTENT_ENCODING).is_some(), packed, "{encodings}");
            assert_eq!(header(&response, header::VARY).as_deref(), Some("accept-encoding"));
            let tag = header(&response, header::ETAG).unwrap();
            assert_eq!(tag, if packed { "\"t-gzip\"" } else { "\"t\"" });
            let again = asked(encodings, &tag);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header(&again, header::CONTENT_ENCODING), None);
        }
        assert_eq!(asked("gzip", "\"t\"").status(), StatusCode::OK, "the other form's tag is not this one's");
    }
}
