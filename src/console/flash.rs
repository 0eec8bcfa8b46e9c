//! Keeps why a sign-in has failed until the next page, in a cookie of the browser: the address that somebody came back to from the
//! issuer holds a code, and no page stays there.

use crate::cm::problem::ProblemCode;
use crate::server::Refused;
use crate::web::cookie::{self, SameSite};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names the cookie. Its text may name whom the issuer has named, to that browser alone.
const COOKIE: &str = "__Host-cardwright-refused";
/// Bounds what is kept of the text, in bytes: a browser drops a cookie of more than 4 KiB.
const MOST_TEXT: usize = 1600;
/// Sets how long the browser keeps it, in seconds.
const SECONDS: u64 = 60;

#[derive(Serialize, Deserialize)]
struct Flash {
    status: u16,
    code: String,
    text: String,
    id: Uuid,
    seconds: Option<u64>,
}

/// Writes the header by which the browser keeps a refusal for a minute.
pub fn written(refused: &Refused) -> Option<HeaderValue> {
    let Refused { status, code, text, facts: _, id, seconds } = refused;
    let text = text[..text.floor_char_boundary(MOST_TEXT)].to_owned();
    let flash = Flash { status: *status, code: (*code).to_owned(), text, id: *id, seconds: *seconds };
    let value = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&flash).ok()?);
    // Lax, for the way here began at another site.
    cookie::kept(COOKIE, &value, SECONDS, SameSite::Lax).ok()
}

/// Reads what the browser has kept.
pub fn read(headers: &HeaderMap) -> Option<Refused> {
    let json = URL_SAFE_NO_PAD.decode(cookie::value(headers, COOKIE)?).ok()?;
    let Flash { status, code, text, id, seconds } = serde_json::from_slice(&json).ok()?;
    let (code, facts) = (ProblemCode::from_name(&code)?.name(), Vec::new());
    Some(Refused { status, code, text, facts, id, seconds })
}
