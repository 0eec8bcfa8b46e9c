//! Judges the names and URLs that are given to `server init`: they stand in certificates, which nobody mends later.

use std::net::IpAddr;
use url::{Host, Url};

/// Says why a name or URL is refused.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    #[error("\"{0}\" is neither a host name nor an address")]
    Public(String),
    #[error("the CRL's URL \"{url}\" cannot be used: {problem}")]
    CrlUrl { url: String, problem: &'static str },
}

/// Limits a host name, in characters (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;
/// Limits a label of a host name, in characters.
const MAX_LABEL: usize = 63;

/// Refuses a name that is neither an address nor a host name (RFC 1123, 2.1), and none at all.
pub(super) fn check_names(names: &[String]) -> Result<(), NameError> {
    if names.is_empty() {
        return Err(NameError::Public(String::new()));
    }
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => Err(NameError::Public(name.clone())),
        None => Ok(()),
    }
}

/// Says whether a text is an address or a host name.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // What ends in a number is meant as an address (RFC 1123, 2.1).
    let numeric = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    name.parse::<IpAddr>().is_ok() || (name.len() <= MAX_NAME && !numeric && name.split('.').all(is_label))
}

/// Refuses what is no distribution point: an `http` URL with a host, or `https` where somebody insists, in ASCII
/// (RFC 5280, 4.2.1.13).
pub(super) fn check_crl_url(text: &str) -> Result<(), NameError> {
    let wrong = |problem| NameError::CrlUrl { url: text.to_owned(), problem };
    let url = Url::parse(text).map_err(|_| wrong("this is no URL"))?;
    let with_host = match url.host() {
        Some(Host::Domain(name)) => !name.is_empty(),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    if !matches!(url.scheme(), "http" | "https") || !with_host || text.contains(":///") {
        return Err(wrong("it is fetched by http: http://HOST/PATH"));
    }
    if !text.is_ascii() || text.contains(|character: char| character.is_ascii_control() || character == ' ') {
        return Err(wrong("only printable ASCII stands in a certificate's URL"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("neither a user nor a fragment stands in it"));
    }
    Ok(())
}
