//! The guard against pages of other sites, whose calls a browser sends with the person's own credentials.

use axum::http::HeaderMap;

/// Says whether a browser reports that the call comes from a page of another site.
///
/// `Sec-Fetch-Site` (Fetch Metadata) decides where it is sent, else `Origin` compared with `Host`. Clients that are no
/// browsers send neither, and are never foreign.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none() || host != text("host")
        }
        (None, None) => false,
    }
}

/// Says whether a browser reports that a form comes from a page of our own: `Sec-Fetch-Site` is "same-origin", or `Origin` is
/// this host. What says neither is not taken for our own.
pub fn is_own(headers: &HeaderMap) -> bool {
    let typed = headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"none");
    is_told(headers) && !typed && !is_foreign(headers)
}

/// Says whether a browser reports at all where a call comes from. What a page has sent, it does.
pub fn is_told(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || headers.contains_key("origin")
}
