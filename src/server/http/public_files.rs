//! What is public, over HTTP: paths, caching (RFC 9110, 13; RFC 9111; RFC 5019, 6), and nothing that knows a caller.

use crate::ca::ocsp::MAX_QUESTION;
use crate::cm::route::{Method as Verb, RouteError};
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::publication::ocsp;
use crate::store::ListKind;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Limited};
use std::time::Duration as Wait;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// How long a question may take to arrive.
const PATIENCE: Wait = Wait::from_secs(5);
/// How long others may keep a list or an answer without asking again.
const KEEP: Duration = Duration::minutes(5);
const OCSP_RESPONSE: &str = "application/ocsp-response";
/// IMF-fixdate (RFC 9110, 5.6.7).
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// A public file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Certificate,
    List(ListKind),
}

enum Public<'a> {
    File(File),
    Ocsp { question: Option<&'a str> },
}

/// A file with what caches need to know.
struct Fresh {
    media_type: &'static str,
    bytes: Vec<u8>,
    tag: String,
    modified: OffsetDateTime,
    expires: OffsetDateTime,
}

fn at(path: &str) -> Option<Public<'_>> {
    Some(match path {
        "/pki/ca.cer" => Public::File(File::Certificate),
        "/pki/ca.crl" => Public::File(File::List(ListKind::Base)),
        "/pki/delta.crl" => Public::File(File::List(ListKind::Delta)),
        "/ocsp" | "/ocsp/" => Public::Ocsp { question: None },
        _ => Public::Ocsp { question: Some(path.strip_prefix("/ocsp/")?) },
    })
}

/// Whether anybody may ask for what is at this path.
pub fn is_public(path: &str) -> bool {
    at(path).is_some()
}

/// A file, DER (RFC 2585, 4), as the API gives it.
pub async fn get(app: &App, file: File) -> Result<Reply, ApiError> {
    let fresh = read(app, file).await?;
    Ok(Reply::File { media_type: fresh.media_type, bytes: fresh.bytes })
}

/// Answers a call for something public.
pub async fn respond(app: &App, parts: &Parts, body: Body) -> Result<Response, ApiError> {
    let public = at(parts.uri.path()).ok_or(ApiError::NotFound("file"))?;
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match public {
        Public::File(file) if reads => read(app, file).await.map(|fresh| cached(&parts.headers, fresh)),
        Public::File(_) => wrong_method(Verb::Get),
        Public::Ocsp { question: Some(text) } if reads => {
            let question = unescaped(text).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
            let answer = app.publication.responder.answer(&question).await;
            Ok(cached_answer(&parts.headers, answer))
        }
        Public::Ocsp { question: None } if parts.method == Method::POST => asked(app, &parts.headers, body).await,
        Public::Ocsp { question } => wrong_method(if question.is_some() { Verb::Get } else { Verb::Post }),
    }
}

fn wrong_method(allowed: Verb) -> Result<Response, ApiError> {
    Err(ApiError::Address(RouteError::WrongMethod { allowed: vec![allowed] }))
}

async fn asked(app: &App, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/ocsp-request") {
        return Err(ApiError::MediaType);
    }
    let received = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_QUESTION).collect()).await;
    let question = received.map_err(|_| ApiError::Slow)?.map_err(|_| ApiError::TooLarge { limit: MAX_QUESTION })?;
    let answer = app.publication.responder.answer(&question.to_bytes()).await;
    Ok(response(StatusCode::OK, OCSP_RESPONSE, answer.der, "no-store"))
}

async fn read(app: &App, file: File) -> Result<Fresh, ApiError> {
    let now = OffsetDateTime::now_utc();
    match file {
        File::Certificate => {
            let own = app.authorities.own().own();
            Ok(Fresh {
                media_type: "application/pkix-cert",
                bytes: own.der().to_vec(),
                tag: own.thumbprint_sha1(),
                modified: own.not_before(),
                expires: now + Duration::days(1),
            })
        }
        File::List(kind) => {
            let published = app.publication.list(kind).await?;
            Ok(Fresh {
                media_type: "application/pkix-crl",
                bytes: published.der.to_vec(),
                tag: published.record.number.to_string(),
                modified: published.record.this_update,
                expires: (now + KEEP).min(published.record.next_update),
            })
        }
    }
}

fn cached_answer(headers: &HeaderMap, answer: ocsp::Answer) -> Response {
    if !answer.may_be_kept {
        return response(StatusCode::OK, OCSP_RESPONSE, answer.der, "no-store");
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &answer.der);
    let fresh = Fresh {
        media_type: OCSP_RESPONSE,
        tag: hex::encode(hash.as_ref()),
        bytes: answer.der,
        modified: answer.made,
        expires: answer.made + KEEP.min(ocsp::VALIDITY),
    };
    cached(headers, fresh)
}

/// 200 with the file, or 304 when the caller has it.
fn cached(headers: &HeaderMap, fresh: Fresh) -> Response {
    let seconds = (fresh.expires - OffsetDateTime::now_utc()).whole_seconds().max(0);
    let control = format!("public, max-age={seconds}, no-transform, must-revalidate");
    let tag = format!("\"{}\"", fresh.tag);
    let mut response = if is_known(headers, &tag, fresh.modified) {
        response(StatusCode::NOT_MODIFIED, "", Vec::new(), &control)
    } else {
        response(StatusCode::OK, fresh.media_type, fresh.bytes, &control)
    };
    let dates = [(header::LAST_MODIFIED, fresh.modified), (header::EXPIRES, fresh.expires)];
    let dates = dates.into_iter().filter_map(|(name, at)| Some((name, http_date(at)?)));
    for (name, value) in dates.chain([(header::ETAG, tag)]) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// RFC 9110, 13.2.2: a tag decides alone where one is given.
fn is_known(headers: &HeaderMap, tag: &str, modified: OffsetDateTime) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        return tags.split(',').map(|it| it.trim().trim_start_matches("W/")).any(|it| it == tag || it == "*");
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|text| PrimitiveDateTime::parse(text, HTTP_DATE).ok());
    since.is_some_and(|since| modified.unix_timestamp() <= since.assume_utc().unix_timestamp())
}

fn http_date(at: OffsetDateTime) -> Option<String> {
    at.to_offset(time::UtcOffset::UTC).format(HTTP_DATE).ok()
}

fn response(status: StatusCode, media_type: &'static str, bytes: Vec<u8>, control: &str) -> Response {
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

/// Undoes percent-encoding (RFC 3986, 2.1); a plus stays one, for base64 has it.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => out.push(u8::from_str_radix(std::str::from_utf8(&[rest.next()?, rest.next()?]).ok()?, 16).ok()?),
            byte => out.push(byte),
        }
    }
    Some(out)
}
