//! The guard against other sites' pages, which browsers let call in a person's name.

use axum::http::HeaderMap;

/// Says whether a browser tells that the call comes from another site.
///
/// `Sec-Fetch-Site` (Fetch Metadata) decides where it is sent, else `Origin` held against `Host`. What is no browser sends
/// neither, and is never foreign.
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
