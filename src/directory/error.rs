//! Why a directory could not be asked, or did not answer as it should.

use super::ber::Malformed;
use super::filter::FilterError;
use crate::cm::hidden::is_hidden;
use crate::gssapi;
use std::fmt;

/// Bounds what is kept of a directory's own words, in characters.
const MOST_WORDS: usize = 200;

/// Holds how an operation ended: the code (RFC 4511, A.1) and the directory's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: u32,
    pub words: String,
}

impl Outcome {
    /// Keeps the beginning of the words, without characters that nobody sees.
    pub fn new(code: u32, words: &str) -> Self {
        Self { code, words: words.chars().filter(|character| !is_hidden(*character)).take(MOST_WORDS).collect() }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.code)?;
        if self.words.is_empty() { Ok(()) } else { write!(f, ", \"{}\"", self.words) }
    }
}

/// Says why a directory could not be asked, or did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the directory's URL \"{url}\" cannot be used: {problem}")]
    Url { url: String, problem: &'static str },
    #[error("the certificates that the directory's own must come from cannot be used: {0}")]
    Trust(&'static str),
    #[error("TLS cannot be set up")]
    TlsSettings(#[from] rustls::Error),
    #[error("the filter cannot be used")]
    Filter(#[from] FilterError),
    #[error("the directory at {place} cannot be reached")]
    Unreachable { place: String, source: std::io::Error },
    #[error("the directory at {place} did not answer within {seconds} seconds")]
    TooSlow { place: String, seconds: u64 },
    #[error(
        "TLS with the directory at {place} failed: its certificate must come from the trust file and bear that name"
    )]
    Tls { place: String, source: std::io::Error },
    #[error("the directory refused to begin TLS: {0}")]
    StartTls(Outcome),
    #[error(
        "the directory let \"{name}\" not in: {outcome}; look at bind_dn and password_file, or at keytab, in [directory]"
    )]
    Bind { name: String, outcome: Outcome },
    #[error(
        "no ticket for the directory could be had with the keytab: it must be whose account asks, and krb5.conf name the KDC"
    )]
    Ticket(#[source] gssapi::Error),
    #[error("the path of the keytab is not UTF-8")]
    KeytabPath,
    #[error("the connection to the directory broke")]
    Broken(#[source] std::io::Error),
    #[error("the directory closed the connection before it had answered")]
    Closed,
    #[error("the directory has sent what is no LDAP, or not an answer to what was asked")]
    NoLdap,
    #[error("the directory has sent more than {0} bytes at once")]
    TooLarge(usize),
    #[error("the directory has sent more than the {0} entries of a page")]
    Unpaged(u32),
    #[error("the directory has more than {0} such entries; narrow base or filter, or raise most in [directory]")]
    TooMany(usize),
    #[error("\"{0}\" is kept by another directory (a referral), and none is followed: name that one in [directory]")]
    Elsewhere(String),
    #[error("the directory has no \"{0}\", or does not show it to who asks: look at base in [directory]")]
    NoBase(String),
    #[error("the directory refused the search: {0}")]
    Search(Outcome),
    #[error("the directory does not say how far its changes go; it is none of Active Directory")]
    NoMark,
}

impl Error {
    /// Says whether the directory is away, or has no time: what was asked may be answered later.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TooSlow { .. } | Self::Broken(_) | Self::Closed => true,
            // Time limit exceeded, busy, unavailable (RFC 4511, A.1).
            Self::StartTls(outcome) | Self::Bind { outcome, .. } | Self::Search(outcome) => {
                matches!(outcome.code, 3 | 51 | 52)
            }
            Self::Url { .. }
            | Self::Trust(_)
            | Self::TlsSettings(_)
            | Self::Filter(_)
            | Self::Tls { .. }
            | Self::Ticket(_)
            | Self::KeytabPath
            | Self::NoLdap
            | Self::TooLarge(_)
            | Self::Unpaged(_)
            | Self::TooMany(_)
            | Self::Elsewhere(_)
            | Self::NoBase(_)
            | Self::NoMark => false,
        }
    }
}

impl From<Malformed> for Error {
    fn from(Malformed: Malformed) -> Self {
        Self::NoLdap
    }
}
