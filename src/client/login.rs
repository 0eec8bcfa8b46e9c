//! How a caller proves who calls: a bearer token (RFC 6750), or a Kerberos ticket with each call (RFC 4559).

use super::error::Error;
use crate::gssapi::Initiation;
use crate::secret::BearerToken;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderValue, Response, header};
use url::Url;
use zeroize::Zeroizing;

/// The longest SPNEGO token of a server that is looked at.
const MAX_SPNEGO: usize = 64 * 1024;

/// What a caller shows.
pub enum Login {
    Bearer(BearerToken),
    /// A ticket out of the user's cache, which `kinit` fills.
    Negotiate,
}

/// Makes the line that goes with a call, and judges the server's.
pub(super) enum Prover {
    Bearer(HeaderValue),
    Negotiate { host: String },
}

/// A ticket was shown, and the server may prove itself; `None`: there is nothing to prove.
pub(super) type Exchange = Option<Initiation>;

impl Prover {
    pub fn new(login: &Login, base_url: &Url) -> Result<Self, Error> {
        match login {
            Login::Bearer(bearer) => {
                let text = Zeroizing::new(format!("Bearer {}", bearer.expose().trim()));
                let mut value = HeaderValue::from_str(&text).map_err(|_| Error::BearerToken)?;
                value.set_sensitive(true);
                Ok(Self::Bearer(value))
            }
            Login::Negotiate => Ok(Self::Negotiate { host: base_url.host_str().unwrap_or_default().to_owned() }),
        }
    }

    /// The `Authorization` of one call.
    pub fn authorize(&self) -> Result<(HeaderValue, Exchange), Error> {
        match self {
            Self::Bearer(value) => Ok((value.clone(), None)),
            Self::Negotiate { host } => {
                let failed = |source| Error::ticket(host, source);
                let (exchange, spnego) = Initiation::begin(host).map_err(failed)?;
                let mut value = HeaderValue::try_from(format!("Negotiate {}", STANDARD.encode(spnego)))
                    .map_err(|_| failed(crate::gssapi::Error::Unfinished))?;
                value.set_sensitive(true);
                Ok((value, Some(exchange)))
            }
        }
    }

    /// Refuses a server whose proof is false, one that took no ticket, and one that wants none; without a proof, TLS
    /// alone has told who the server is.
    pub fn check<B>(&self, exchange: Exchange, response: &Response<B>) -> Result<(), Error> {
        let (Self::Negotiate { host }, Some(exchange)) = (self, exchange) else { return Ok(()) };
        let lines = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
        let mut lines = lines.filter_map(|line| line.to_str().ok());
        let offer = lines.find_map(|line| {
            let (scheme, spnego) = line.split_once(' ').unwrap_or((line, ""));
            scheme.eq_ignore_ascii_case("negotiate").then_some(spnego.trim())
        });
        match (response.status().as_u16(), offer) {
            (401, None) => Err(Error::NegotiateNotOffered { host: host.clone() }),
            (401, Some(_)) => Err(Error::TicketRefused { host: host.clone() }),
            (_, None | Some("")) => Ok(()),
            (_, Some(spnego)) => {
                let spnego = STANDARD.decode(spnego.get(..MAX_SPNEGO).unwrap_or(spnego)).unwrap_or_default();
                exchange.finish(&spnego).map_err(|source| Error::ServerUnproven { host: host.clone(), source })
            }
        }
    }
}
