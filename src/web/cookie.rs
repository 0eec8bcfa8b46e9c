//! Reads what a browser sends back of cookies (RFC 6265, 4.2).

use axum::http::{HeaderMap, header};

/// Bounds the cookies of a call that are looked at.
const MOST: usize = 64;

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
