//! What is public, over HTTP: paths, caching (RFC 9110, 13; RFC 9111; RFC 5019, 6), and nothing that knows a caller.

use crate::ca::ocsp::MAX_QUESTION;
use crate::cm::route::{Method as Verb, RouteError};
use crate::server::call::app::App;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::publication::ocsp;
use crate::store::ListKind;
use crate::web::body::{is_of_type, receive_small};
use crate::web::file::{self, CacheableFile};
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration as Wait;
use time::{Duration, OffsetDateTime};

/// How long a question may take to arrive.
const PATIENCE: Wait = Wait::from_secs(5);
/// How long others may keep a list or an answer without asking again.
const KEEP: Duration = Duration::minutes(5);
const OCSP_RESPONSE: &str = "application/ocsp-response";

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
        Public::File(file) if reads => {
            read(app, file).await.map(|fresh| file::cached(&parts.headers, fresh, OffsetDateTime::now_utc()))
        }
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
    if !is_of_type(headers, "application/ocsp-request") {
        return Err(ApiError::MediaType);
    }
    let question = receive_small(body, MAX_QUESTION, PATIENCE).await?;
    let answer = app.publication.responder.answer(&question).await;
    Ok(file::whole(StatusCode::OK, OCSP_RESPONSE, answer.der, "no-store"))
}

async fn read(app: &App, file: File) -> Result<CacheableFile, ApiError> {
    let now = OffsetDateTime::now_utc();
    match file {
        File::Certificate => {
            let own = app.authorities.own().own();
            Ok(CacheableFile {
                media_type: "application/pkix-cert",
                bytes: own.der().to_vec(),
                tag: own.thumbprint_sha1(),
                modified: own.not_before(),
                expires: now + Duration::days(1),
            })
        }
        File::List(kind) => {
            let published = app.publication.list(kind).await?;
            Ok(CacheableFile {
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
        return file::whole(StatusCode::OK, OCSP_RESPONSE, answer.der, "no-store");
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &answer.der);
    let fresh = CacheableFile {
        media_type: OCSP_RESPONSE,
        tag: hex::encode(hash.as_ref()),
        bytes: answer.der,
        modified: answer.made,
        expires: answer.made + KEEP.min(ocsp::VALIDITY),
    };
    file::cached(headers, fresh, OffsetDateTime::now_utc())
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
