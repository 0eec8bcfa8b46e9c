//! Serves what anybody may fetch: the CA's certificate, revocation lists, OCSP answers.
//!
//! In: a path, and a question for OCSP. Out: DER, with what caches need (RFC 9110, 13; RFC 9111; RFC 5019, 6).
//! Absent: any knowledge of who calls; how a list or an answer is made (`publication`).

use crate::ca::ocsp::MAX_QUESTION;
use crate::cm::route::{Method as Verb, RouteError};
use crate::server::call::app::{App, place};
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::identity::authenticate;
use crate::server::publication::kept_answers::{Answer, KEPT};
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

/// Limits how long an OCSP question may take to arrive.
const QUESTION_TIMEOUT: Wait = Wait::from_secs(5);

/// Limits how long caches may keep a list without asking again.
const MAX_AGE: Duration = Duration::minutes(5);

/// Names the media type of an OCSP answer (RFC 6960, appendix C.2).
const OCSP_RESPONSE: &str = "application/ocsp-response";

/// Names a public file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Certificate,
    List(ListKind),
}

/// Says what a public path leads to.
enum PublicPath<'a> {
    File(File),
    /// The question as the path has it (RFC 6960, appendix A.1); `None`: it comes as a body.
    Ocsp {
        question: Option<&'a str>,
    },
}

/// Finds what a path leads to; `None`: nothing public.
fn public_path(path: &str) -> Option<PublicPath<'_>> {
    Some(match path {
        "/pki/ca.cer" => PublicPath::File(File::Certificate),
        "/pki/ca.crl" => PublicPath::File(File::List(ListKind::Base)),
        "/pki/delta.crl" => PublicPath::File(File::List(ListKind::Delta)),
        "/ocsp" | "/ocsp/" => PublicPath::Ocsp { question: None },
        _ => PublicPath::Ocsp { question: Some(path.strip_prefix("/ocsp/")?) },
    })
}

/// Says whether anybody may fetch what is at this path.
pub fn is_public(path: &str) -> bool {
    public_path(path).is_some()
}

/// Answers a call of the API with a public file, DER (RFC 2585, 4).
pub async fn get(app: &App, file: File) -> Result<Reply, ApiError> {
    let fresh = current_file(app, file).await?;
    Ok(Reply::File { media_type: fresh.media_type, bytes: fresh.bytes.into() })
}

/// Answers a call for something public.
pub async fn respond(app: &App, parts: &Parts, body: Body) -> Result<Response, ApiError> {
    let public = public_path(parts.uri.path()).ok_or(ApiError::NotFound("file"))?;
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match public {
        PublicPath::File(file) if reads => {
            let _place = place(&app.public_places).await?;
            current_file(app, file).await.map(|fresh| file::cached(&parts.headers, fresh, OffsetDateTime::now_utc()))
        }
        PublicPath::File(_) => wrong_method(Verb::Get),
        PublicPath::Ocsp { question: Some(text) } if reads => {
            let question = unescaped(text).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
            let _place = place(&app.public_places).await?;
            answered(app, parts, &question).await.map(|answer| cached_answer(&parts.headers, answer))
        }
        PublicPath::Ocsp { question: None } if parts.method == Method::POST => posted_question(app, parts, body).await,
        PublicPath::Ocsp { question } => wrong_method(if question.is_some() { Verb::Get } else { Verb::Post }),
    }
}

fn wrong_method(allowed: Verb) -> Result<Response, ApiError> {
    Err(ApiError::Address(RouteError::WrongMethod { allowed: vec![allowed] }))
}

/// Answers an OCSP question that came as a body; no cache keeps the answer.
async fn posted_question(app: &App, parts: &Parts, body: Body) -> Result<Response, ApiError> {
    if !is_of_type(&parts.headers, "application/ocsp-request") {
        return Err(ApiError::MediaType);
    }
    let question = receive_small(body, MAX_QUESTION, QUESTION_TIMEOUT).await?;
    let _place = place(&app.public_places).await?;
    let answer = answered(app, parts, &question).await?;
    Ok(file::response(StatusCode::OK, OCSP_RESPONSE, answer.der, "no-store"))
}

/// Answers an OCSP question; refuses an address for which too many answers had to be signed.
async fn answered(app: &App, parts: &Parts, question: &[u8]) -> Result<Answer, ApiError> {
    let address = authenticate::address(parts);
    app.publication.responder.answer(question, || app.identity.limits.signed(address)).await
}

/// Returns a file as it is now; a list is made anew where it is due.
async fn current_file(app: &App, file: File) -> Result<CacheableFile, ApiError> {
    let now = OffsetDateTime::now_utc();
    match file {
        File::Certificate => {
            let authority = app.authorities.own();
            let own = authority.own();
            Ok(CacheableFile {
                media_type: "application/pkix-cert",
                bytes: own.der().to_vec().into(),
                packed: None,
                tag: own.thumbprint_sha1(),
                modified: own.not_before(),
                expires: now + Duration::days(1),
            })
        }
        File::List(kind) => {
            let published = app.publication.list(kind).await?;
            Ok(CacheableFile {
                media_type: "application/pkix-crl",
                bytes: published.der,
                packed: None,
                tag: published.record.number.to_string(),
                modified: published.record.this_update,
                expires: (now + MAX_AGE).min(published.record.next_update),
            })
        }
    }
}

/// Answers with an OCSP answer to a GET, which caches may keep unless the answer says otherwise.
fn cached_answer(headers: &HeaderMap, answer: Answer) -> Response {
    let Some(tag) = answer.tag else {
        return file::response(StatusCode::OK, OCSP_RESPONSE, answer.der, "no-store");
    };
    let fresh = CacheableFile {
        media_type: OCSP_RESPONSE,
        tag: tag.to_string(),
        bytes: answer.der,
        packed: None,
        modified: answer.made,
        expires: answer.made + KEPT,
    };
    file::cached(headers, fresh, OffsetDateTime::now_utc())
}

/// Undoes percent-encoding (RFC 3986, 2.1); a plus stays a plus, for base64 has it. `None`: an escape is broken.
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
