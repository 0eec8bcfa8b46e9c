//! Does one HTTPS exchange with an authority elsewhere: pins trust, authenticates this server, limits time and size.

use crate::ca::error::Error;
use crate::pkix::Certificate;
use crate::secret::{Passphrase, SharedKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::pem::{LineEnding, encode_string};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{self, HeaderValue, header};
use ureq::tls::{ClientCert, PrivateKey, RootCerts, TlsConfig};
use url::Url;
use zeroize::Zeroizing;

/// Limits how long an exchange may take: the connection, and the whole.
const CONNECT: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(20);
/// Limits an answer, in bytes, and the part of a refusal's text that is kept, in characters.
const MAX_ANSWER: u64 = 256 * 1024;
const MAX_TEXT: usize = 200;

/// Holds what authenticates this server to the authority.
pub enum Credentials {
    None,
    /// HTTP basic authentication (RFC 7617).
    Basic {
        user: String,
        password: Passphrase,
    },
    /// A TLS client certificate with its chain, and its key (PKCS#8, DER).
    Certificate {
        chain: Vec<Certificate>,
        key: Zeroizing<Vec<u8>>,
    },
    /// The key of cfssl's standard authentication provider.
    Hmac(SharedKey),
}

/// Holds an answer with a status from 200 to 299.
pub(super) struct Answer {
    pub status: u16,
    /// Seconds to wait before asking again (RFC 9110, 10.2.3), where the answer says so.
    pub retry_after: Option<u64>,
    pub body: Vec<u8>,
}

/// Sends requests to one authority.
pub(super) struct Transport {
    agent: ureq::Agent,
    base: String,
    authorization: Option<HeaderValue>,
    pub hmac: Option<SharedKey>,
}

impl Transport {
    /// Checks address and credentials and prepares the connection.
    pub fn new(url: Url, trust: &[Certificate], credentials: Credentials) -> Result<Self, Error> {
        check_address(&url)?;
        let roots: Vec<_> = trust.iter().map(|it| ureq::tls::Certificate::from_der(it.der()).to_owned()).collect();
        if roots.is_empty() && url.scheme() == "https" {
            return Err(Error::UpstreamSettings { what: "no certificate is trusted for TLS".into() });
        }
        let (client, authorization, hmac) = match credentials {
            Credentials::None => (None, None, None),
            Credentials::Basic { user, password } => (None, Some(basic(&user, &password)?), None),
            Credentials::Certificate { chain, key } => (Some(client_certificate(&chain, &key)?), None, None),
            Credentials::Hmac(key) => (None, None, Some(key)),
        };
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .client_cert(client)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(tls)
            .user_agent(concat!("cardwright/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(CALL))
            .max_idle_age(Duration::ZERO)
            .build()
            .new_agent();
        Ok(Self { agent, base: url.as_str().trim_end_matches('/').to_owned(), authorization, hmac })
    }

    /// Sends a GET.
    pub fn get(&self, path: &str) -> Result<Answer, Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        read(request.call().map_err(unreachable)?)
    }

    /// Sends a POST.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Error> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        read(request.send(body).map_err(unreachable)?)
    }
}

/// Refuses an address that is not https, because secrets are sent; plain http is allowed on loopback only.
fn check_address(url: &Url) -> Result<(), Error> {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let clean = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    match url.scheme() {
        "https" if clean => Ok(()),
        "http" if clean && loopback => Ok(()),
        _ => Err(Error::UpstreamSettings {
            what: "the URL must be https, without user, password and query; http is spoken on this machine only".into(),
        }),
    }
}

/// Builds the header of HTTP basic authentication.
fn basic(user: &str, password: &Passphrase) -> Result<HeaderValue, Error> {
    let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let wrong = |_| Error::UpstreamSettings { what: "the user cannot stand in a header".into() };
    let mut value = HeaderValue::from_str(&text).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Builds the TLS client certificate.
fn client_certificate(chain: &[Certificate], key: &[u8]) -> Result<ClientCert, Error> {
    let wrong = || Error::UpstreamSettings { what: "the client certificate's key cannot be used".into() };
    let chain: Vec<_> = chain.iter().map(|it| ureq::tls::Certificate::from_der(it.der()).to_owned()).collect();
    let pem = Zeroizing::new(encode_string("PRIVATE KEY", LineEnding::LF, key).map_err(|_| wrong())?);
    Ok(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(pem.as_bytes()).map_err(|_| wrong())?))
}

fn unreachable(error: ureq::Error) -> Error {
    Error::Unreachable(Box::new(error))
}

/// Reads the answer; any status but success is an error.
fn read(mut response: http::Response<ureq::Body>) -> Result<Answer, Error> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    let read = response.body_mut().as_reader().take(MAX_ANSWER + 1).read_to_end(&mut body);
    read.map_err(|error| Error::Unreachable(Box::new(error)))?;
    if body.len() as u64 > MAX_ANSWER {
        return Err(Error::Answer { what: "it is too long" });
    }
    match status {
        200..=299 => Ok(Answer { status, retry_after, body }),
        // The authority is busy: worth another try.
        429 | 503 => Err(Error::Unreachable(format!("the authority answered with status {status}").into())),
        _ => Err(Error::Refused { status, text: excerpt(&String::from_utf8_lossy(&body)) }),
    }
}

/// Makes one line of a stranger's text, safe for a log.
pub(super) fn excerpt(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect()
}
