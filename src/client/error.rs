//! Lists why a call failed.

use super::offer::Offer;
use crate::gssapi;
use std::fmt;
use url::Url;
use uuid::Uuid;

/// Names why there is no ticket.
pub use crate::gssapi::Reason as TicketReason;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Says why a call failed; [`Error::is_unsettled`] says whether it may have taken effect nevertheless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(
        "the server's address must be https://host or https://host:port, without user, query or fragment ({scheme})"
    )]
    Address { scheme: String },
    #[error("what the caller shows would cross plain HTTP to {host}; https is needed everywhere but on this machine")]
    PlainHttp { host: String },
    #[error("the bearer token holds bytes that no HTTP header can carry")]
    BearerToken,
    #[error("no Kerberos ticket for {host} could be had; nothing was sent")]
    Ticket {
        host: String,
        reason: TicketReason,
        #[source]
        source: gssapi::Error,
    },
    #[error("the server {host} did not accept the Kerberos ticket")]
    TicketRefused { host: String },
    #[error("the server {host} takes no Kerberos tickets")]
    NegotiateNotOffered {
        host: String,
        /// What it offers instead.
        offer: Offer,
    },
    #[error("the server {host} could not prove by Kerberos who it is")]
    ServerUnproven {
        host: String,
        #[source]
        source: gssapi::Error,
    },
    #[error("the certificates to trust are not readable as PEM")]
    TrustedCertificates {
        #[source]
        source: Option<Source>,
    },
    #[error("the server {host} cannot be reached")]
    Unreachable {
        host: String,
        #[source]
        source: Source,
    },
    #[error("the server {host} could not prove who it is, or speaks no TLS")]
    Tls {
        host: String,
        #[source]
        source: Source,
    },
    #[error("the server {host} did not answer in time ({phase})")]
    Timeout { host: String, phase: String },
    #[error("the server refused ({status}{}): {}{}", after(", ", code.as_ref()), message.trim_end_matches('.'), after("; correlation id ", correlation_id.as_ref()))]
    Refused {
        status: u16,
        /// Stable code for scripts; `None` from servers that send none, such as Microsoft's.
        code: Option<String>,
        /// What the server says, shortened and without control characters.
        message: String,
        /// Number under which the server has logged the refusal.
        correlation_id: Option<Uuid>,
        /// How else the caller may log in, where the status is 401.
        offer: Offer,
    },
    #[error("the server sends callers elsewhere ({status}, to {location}); redirects are not followed")]
    Redirected { status: u16, location: Excerpt },
    #[error("the server has no {route}; it belongs to cardwright's extension of the CM API")]
    ExtensionAbsent { route: &'static str },
    #[error("the call's body cannot be put into JSON")]
    Unspeakable {
        #[source]
        source: serde_json::Error,
    },
    #[error("the reply is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the server answered nonsense: {expected} was expected, and {status} came with {content_type:?}: {start}")]
    Nonsense {
        expected: &'static str,
        status: u16,
        content_type: String,
        /// Start of the body; "(not shown)" where it may hold a secret.
        start: Excerpt,
        #[source]
        source: Option<Source>,
    },
}

/// Says that a call was bound to another channel than the one that it would have gone over; of it, nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error(
    "it has shown another certificate than before; servers of one name should have one certificate, or keep their connections"
)]
pub(super) struct OtherChannel;

/// Holds the start of what a server said, safe to show: short and without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    const LONGEST: usize = 120;

    /// Takes the start of a body.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let start = String::from_utf8_lossy(bytes.get(..Self::LONGEST).unwrap_or(bytes)).into_owned();
        Self(clean(&start))
    }

    /// Stands for a body that may hold a secret.
    pub(super) fn hidden() -> Self {
        Self("(not shown)".to_owned())
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces control characters by blanks, so that a terminal can show the text.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// Puts words before a text; empty when there is none.
fn after(words: &str, given: Option<&impl fmt::Display>) -> String {
    given.map(|given| format!("{words}{given}")).unwrap_or_default()
}

impl Error {
    /// Makes the error for a ticket that could not be had.
    pub(super) fn ticket(host: &str, source: gssapi::Error) -> Self {
        Self::Ticket { host: host.to_owned(), reason: source.reason(), source }
    }

    /// Translates an error of the HTTP library.
    pub(super) fn from_transport(base: &Url, source: ureq::Error) -> Self {
        let host = base.origin().ascii_serialization();
        match source {
            ureq::Error::Timeout(phase) => Error::Timeout { host, phase: phase.to_string() },
            ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => {
                Error::Timeout { host, phase: "network".to_owned() }
            }
            ureq::Error::Io(io) if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                Error::Tls { host, source: Box::new(io) }
            }
            ureq::Error::Other(other) if other.is::<OtherChannel>() => Error::Tls { host, source: other },
            source @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired) => {
                Error::Tls { host, source: Box::new(source) }
            }
            ureq::Error::Protocol(source) => Error::Nonsense {
                expected: "an HTTP reply",
                status: 0,
                content_type: String::new(),
                start: Excerpt::hidden(),
                source: Some(Box::new(source)),
            },
            source @ ureq::Error::LargeResponseHeader(..) => Error::Nonsense {
                expected: "an HTTP reply",
                status: 0,
                content_type: String::new(),
                start: Excerpt::hidden(),
                source: Some(Box::new(source)),
            },
            ureq::Error::Io(io) => Error::Unreachable { host, source: Box::new(io) },
            ureq::Error::Other(source) => Error::Unreachable { host, source },
            source => Error::Unreachable { host, source: Box::new(source) },
        }
    }

    /// Reads a refusal's body: cardwright's problem document, ASP.NET's `Message`, or plain text.
    pub(super) fn from_refusal(status: u16, offer: Offer, content_type: &str, body: &[u8]) -> Self {
        const LONGEST_MESSAGE: usize = 1000;
        let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| problem.get(key).and_then(serde_json::Value::as_str);
        let code = text("Code").map(|code| clean(&code.chars().take(64).collect::<String>()));
        let message = match problem.as_str().or_else(|| text("Message")) {
            Some(message) => clean(&message.chars().take(LONGEST_MESSAGE).collect::<String>()),
            None if content_type.starts_with("text/plain") => Excerpt::of(body).0,
            None => "no reason was given".to_owned(),
        };
        let correlation_id = text("CorrelationId").and_then(|text| text.parse().ok());
        Error::Refused { status, code, message, correlation_id, offer }
    }

    /// Says whether a refusal bears a code of the form that cardwright's server sends.
    pub(super) fn has_code_of_ours(&self) -> bool {
        let of_ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        self.refusal_code().is_some_and(|code| !code.is_empty() && code.chars().all(of_ours))
    }

    /// Returns the stable code of a refusal.
    pub fn refusal_code(&self) -> Option<&str> {
        let Error::Refused { code, .. } = self else { return None };
        code.as_deref()
    }

    /// Says whether the server may answer if it is asked again later.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Unreachable { .. } | Error::Timeout { .. } => true,
            Error::Refused { status, .. } => matches!(status, 429 | 500..=599),
            _ => false,
        }
    }

    /// Says whether a failed call may have taken effect on the server nevertheless.
    pub fn is_unsettled(&self) -> bool {
        match self {
            Error::Unreachable { .. } | Error::Timeout { .. } | Error::TooLarge { .. } | Error::Nonsense { .. } => true,
            Error::ServerUnproven { .. } => true,
            // A server that failed, or a proxy before it, may have done the work first.
            Error::Refused { status, .. } => *status >= 500,
            Error::Address { .. } | Error::PlainHttp { .. } | Error::BearerToken | Error::Unspeakable { .. } => false,
            Error::Ticket { .. } | Error::TicketRefused { .. } | Error::NegotiateNotOffered { .. } => false,
            Error::TrustedCertificates { .. } | Error::Tls { .. } => false,
            Error::Redirected { .. } | Error::ExtensionAbsent { .. } => false,
        }
    }
}
