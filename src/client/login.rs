//! Authenticates calls by a bearer token (RFC 6750), or by a Kerberos ticket with each call (RFC 4559), bound to the TLS connection
//! (RFC 5929, 4).

use super::error::Error;
use super::offer::offer;
use crate::gssapi::Initiation;
use crate::secret::BearerToken;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderValue, Response, header};
use url::Url;
use zeroize::Zeroizing;

/// Limits a server's SPNEGO token, in base64 characters.
const MAX_SPNEGO: usize = 64 * 1024;

/// Says how the caller authenticates.
pub enum Login {
    Bearer(BearerToken),
    /// A ticket from the user's cache, which `kinit` fills.
    Negotiate,
    /// Nothing: for the calls that nobody need log in for.
    Nobody,
}

/// Makes the `Authorization` header of a call, and checks the server's answer to it.
pub(super) enum Prover {
    Bearer(HeaderValue),
    Negotiate { host: String },
    Nobody,
}

/// Holds the exchange in which the server may prove itself; `None` with a bearer token.
pub(super) type Exchange = Option<Initiation>;

impl Prover {
    /// Prepares the header; a bearer token that no header can carry is an error.
    pub fn new(login: &Login, base_url: &Url) -> Result<Self, Error> {
        match login {
            Login::Bearer(bearer) => {
                let text = Zeroizing::new(format!("Bearer {}", bearer.expose().trim()));
                let mut value = HeaderValue::from_str(&text).map_err(|_| Error::BearerToken)?;
                value.set_sensitive(true);
                Ok(Self::Bearer(value))
            }
            Login::Nobody => Ok(Self::Nobody),
            Login::Negotiate => Ok(Self::Negotiate { host: base_url.host_str().unwrap_or_default().to_owned() }),
        }
    }

    /// Says whether logins are bound to the channel that they go over.
    pub fn binds(&self) -> bool {
        matches!(self, Self::Negotiate { .. })
    }

    /// Returns the `Authorization` header of one call, if it has one; over a channel of this name.
    pub fn authorize(&self, channel: Option<Vec<u8>>) -> Result<(Option<HeaderValue>, Exchange), Error> {
        match self {
            Self::Nobody => Ok((None, None)),
            Self::Bearer(value) => Ok((Some(value.clone()), None)),
            Self::Negotiate { host } => {
                let failed = |source| Error::ticket(host, source);
                let (exchange, spnego) = Initiation::begin(host, channel).map_err(failed)?;
                let mut value = HeaderValue::try_from(format!("Negotiate {}", STANDARD.encode(spnego)))
                    .map_err(|_| failed(crate::gssapi::Error::Unfinished))?;
                value.set_sensitive(true);
                Ok((Some(value), Some(exchange)))
            }
        }
    }

    /// Checks the server's answer to a ticket. Refuses a false proof, a ticket that was not accepted, and a server that
    /// takes no tickets. A server that sends no proof is accepted: TLS has authenticated it.
    pub fn check<B>(&self, exchange: Exchange, response: &Response<B>) -> Result<(), Error> {
        let (Self::Negotiate { host }, Some(exchange)) = (self, exchange) else { return Ok(()) };
        let lines = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
        let mut lines = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let answer = lines.find_map(|line| {
            let (scheme, spnego) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            scheme.eq_ignore_ascii_case("negotiate").then_some(spnego.trim())
        });
        match (response.status().as_u16(), answer) {
            (401, None) => Err(Error::NegotiateNotOffered { host: host.clone(), offer: offer(response.headers()) }),
            (401, Some(_)) => Err(Error::TicketRefused { host: host.clone() }),
            (_, None | Some("")) => Ok(()),
            (_, Some(spnego)) => {
                let spnego = STANDARD.decode(spnego.get(..MAX_SPNEGO).unwrap_or(spnego)).unwrap_or_default();
                exchange.finish(&spnego).map_err(|source| Error::ServerUnproven { host: host.clone(), source })
            }
        }
    }
}
