//! Has a browser keep cookies (RFC 6265, 4.1), and reads what it sends back of them (4.2).

use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderMap, HeaderValue, header};

/// Bounds the cookies of a call that are looked at.
const MOST: usize = 64;

/// Says with which calls that begin at another site a browser sends a cookie: with none, or where somebody follows a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
}

/// Returns the `Set-Cookie` header by which a browser keeps a cookie for so many seconds, for this host and over TLS alone, and shows
/// it to no script; 0: it forgets it. A name of ours begins with `__Host-`. Fails where name or value cannot stand in a header.
pub fn kept(name: &str, value: &str, seconds: u64, same_site: SameSite) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut header = HeaderValue::try_from(format!(
        "{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite={same_site:?}"
    ))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Returns the value of a cookie; `None` where none of this name comes.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).take(MOST);
    pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Lists the names of the cookies.
pub fn names(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).take(MOST).filter_map(|pair| Some(pair.trim().split_once('=')?.0))
}
