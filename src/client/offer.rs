//! Reads which logins a server offers to a caller whom it refuses (RFC 9110, 11.6.1).

use ureq::http::{HeaderMap, header};

/// Says how a server offers to be logged in to when it refuses a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Bearer tokens, or nothing that is known here.
    Other,
    /// Kerberos tickets.
    Negotiate,
    /// NTLM and nothing that is spoken here.
    NtlmOnly,
}

/// Reads the offers of an answer; one header may hold several, with commas between.
pub(super) fn offer(headers: &HeaderMap) -> Offer {
    let lines = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|line| line.to_str().ok());
    let schemes: Vec<&str> =
        lines.flat_map(|line| line.split(',')).filter_map(|offer| offer.split_whitespace().next()).collect();
    let offers = |scheme: &str| schemes.iter().any(|offered| offered.eq_ignore_ascii_case(scheme));
    match (offers("Negotiate"), offers("NTLM") && !offers("Bearer")) {
        (true, _) => Offer::Negotiate,
        (false, true) => Offer::NtlmOnly,
        (false, false) => Offer::Other,
    }
}
